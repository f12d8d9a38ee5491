"""Events from outside: bounded, rare, drawn from the ``events`` stream."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from townlet.config.model import Section

__all__ = ["OutsideConfig", "ScheduledEvent"]


class ScheduledEvent(Section):
    """An event on a timetable: it happens whether or not chance events are enabled, and heeds no time of peace."""

    day: int | Literal["every"] = Field("every", description="Day (from 0) on which it happens, or `every`.")
    at: int = Field(ge=0, description="Tick of the day.")
    event: Literal["blackout", "water_outage", "price_spike", "closure", "meeting", "departure"] = Field(
        description="What happens."
    )
    ticks: int = Field(1, ge=1, le=100_000, description="Ticks it lasts; ignored for a departure.")
    target: str | None = Field(
        None,
        description="price_spike: `groceries` or `meal`; closure: a facility kind or an object such as `shower 2`; "
        "meeting: nothing (the strongest rivals) or two agents such as `0 3`; departure: nothing (who lived there "
        "longest) or an agent such as `0`.",
    )
    factor: float = Field(1.5, ge=1, le=10, description="Factor on the price, for a price spike.")

    @model_validator(mode="after")
    def _target_fits(self) -> ScheduledEvent:
        if isinstance(self.day, int) and self.day < 0:
            raise ValueError(f"day must be 0 or later, or `every`; found {self.day}")
        if self.event == "price_spike" and self.target not in ("groceries", "meal"):
            raise ValueError(f"a price_spike needs the target `groceries` or `meal`; found {self.target!r}")
        if self.event == "closure" and not self.target:
            raise ValueError("a closure needs a target: a facility kind, or an object such as `shower 2`")
        if self.event in ("blackout", "water_outage") and self.target is not None:
            raise ValueError(f"a {self.event} has no target; found {self.target!r}")
        return self


class OutsideConfig(Section):
    """Rates are expected events a day and world; each has a length, and each target a time of peace after it."""

    enabled: bool = Field(True, description="Whether random events happen at all.")
    price_spikes: float = Field(0.15, ge=0, le=20, description="Price spikes per day.")
    blackouts: float = Field(0.15, ge=0, le=20, description="Blackouts per day.")
    water_outages: float = Field(0.15, ge=0, le=20, description="Water outages per day.")
    closures: float = Field(0.30, ge=0, le=20, description="Closings of one facility per day.")
    meetings: float = Field(0.30, ge=0, le=20, description="Arranged meetings of two rivals per day.")
    spike_factor: float = Field(1.5, ge=1, le=10, description="Factor on a price during a spike.")
    spike_ticks: int = Field(300, ge=1, le=100_000, description="Ticks of a price spike.")
    outage_ticks: int = Field(60, ge=1, le=10_000, description="Ticks of a blackout or water outage.")
    closure_ticks: int = Field(100, ge=1, le=10_000, description="Ticks of a closing.")
    meeting_ticks: int = Field(150, ge=1, le=10_000, description="Ticks for which an invitation is valid.")
    cooldown: int = Field(
        700, ge=0, le=1_000_000, description="Ticks after the end of an event during which its target is left in peace."
    )
    schedule: tuple[ScheduledEvent, ...] = Field(
        (), max_length=200, description="Events at fixed times, in addition to random ones."
    )
