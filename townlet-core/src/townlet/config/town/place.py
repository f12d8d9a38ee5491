"""Time, ground and what happens where agents meet on it."""

from __future__ import annotations

from pydantic import Field

from townlet.config.model import Section

__all__ = ["GeneratorConfig", "MovementConfig", "QueueConfig", "TimeConfig"]


class TimeConfig(Section):
    """How ticks become days."""

    day_ticks: int = Field(1000, ge=100, le=100_000, description="Ticks per day.")
    hour_ticks: int = Field(40, ge=1, le=10_000, description="Ticks after which ties fade a little.")


class GeneratorConfig(Section):
    """The town that ``map: generated`` builds."""

    agents: int = Field(64, ge=1, le=2000, description="Number of people it has homes for.")
    seed: int = Field(0, ge=0, lt=2**31, description="Seed of its layout; independent of the run's seed.")


class MovementConfig(Section):
    """Collisions."""

    ghost_after: int = Field(
        4, ge=2, le=100, description="Failed moves in a row after which an agent tries to slip past the one in the way."
    )


class QueueConfig(Section):
    """Waiting for a facility."""

    grace_ticks: int = Field(
        8, ge=1, le=1000, description="Ticks that the first in a queue has to take a free facility."
    )
    push_cooldown: int = Field(
        60, ge=0, le=10_000, description="Ticks after pushing in before an agent may do it again."
    )
