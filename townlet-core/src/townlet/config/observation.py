"""What agents see: the section ``observation``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from townlet.config.model import Section

__all__ = ["ObservationConfig", "Variant"]

Variant = Literal["hybrid", "full", "compact"]


class ObservationConfig(Section):
    """The observation variant and its window."""

    variant: Variant = Field(
        "hybrid",
        description="hybrid: a map of four channels and the features; full: more map channels; compact: no map.",
    )
    last_goal: bool = Field(
        True,
        description="Whether a mind that chooses goals sees which one it chose last (only with actions: goals). If "
        "not, its choice depends on what is around it alone, and a mind of primitive actions can learn to do the same.",
    )
    window: int = Field(11, ge=3, le=31, description="Height and width of the egocentric map, cells; odd.")

    @field_validator("window")
    @classmethod
    def _odd(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError("must be odd, so that the agent stands in the middle")
        return value
