"""Work: shifts, wages, lateness and absence."""

from __future__ import annotations

from itertools import pairwise

from pydantic import Field, model_validator

from townlet.config.model import Section

__all__ = ["JobsConfig", "ShiftConfig"]


class ShiftConfig(Section):
    """One shift: every desk of the town is a post in each shift."""

    start: int = Field(ge=0, description="Tick of the day at which it begins.")
    end: int = Field(ge=1, description="Tick of the day at which it is over.")

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> ShiftConfig:
        if self.end <= self.start:
            raise ValueError(f"a shift must end after it starts; found start {self.start}, end {self.end}")
        return self


class JobsConfig(Section):
    """Posts are (desk, shift) pairs; they exist every day. Wages are paid for ticks at work in one's own shift."""

    shifts: tuple[ShiftConfig, ...] = Field(
        (ShiftConfig(start=180, end=460), ShiftConfig(start=500, end=780)),
        min_length=1,
        max_length=8,
        description="Shifts of a day; none may overlap another.",
    )
    wage: float = Field(0.1, gt=0, le=1000, description="Coins a tick of work.")
    late_grace: int = Field(
        15, ge=0, le=1000, description="Ticks after the start during which an agent is still on time."
    )
    late_fee: float = Field(1.0, ge=0, le=1000, description="Coins taken for coming late, at most what the agent has.")
    abandoned_after: int = Field(
        100, ge=1, le=10_000, description="Ticks without its holder after which an agent without a job may take a post."
    )
    attended_share: float = Field(
        0.5, gt=0, le=1, description="Share of a shift that must be worked for it to count as attended."
    )
    attendance_memory: float = Field(
        0.7, ge=0, lt=1, description="Weight of the past in the moving average of attendance, per shift."
    )
    absences_allowed: int = Field(3, ge=1, le=100, description="Shifts missed in a row that cost the job.")

    @model_validator(mode="after")
    def _shifts_do_not_overlap(self) -> JobsConfig:
        ordered = sorted(self.shifts, key=lambda shift: shift.start)
        for one, two in pairwise(ordered):
            if two.start < one.end:
                raise ValueError(f"shifts must not overlap: one ends at {one.end}, the next starts at {two.start}")
        return self
