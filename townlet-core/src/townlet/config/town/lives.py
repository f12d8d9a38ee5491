"""How a life ends and the next begins."""

from __future__ import annotations

from pydantic import Field, model_validator

from townlet.config.model import Section

__all__ = ["LivesConfig"]


class LivesConfig(Section):
    """Bounds on exits hold for each world. While power or water is out, no life ends."""

    collapse_ticks: int = Field(30, ge=1, le=10_000, description="Ticks with hunger at 0 that end a life.")
    neglect_ticks: int = Field(
        250, ge=1, le=30_000, description="Ticks with energy or hygiene at 0 that end a life (chronic neglect)."
    )
    exits_per_day: int = Field(2, ge=0, le=10_000, description="Lives that may end in a day.")
    exit_gap: int = Field(120, ge=0, le=100_000, description="Ticks between two exits.")
    respawn_min: int = Field(5, ge=1, le=1000, description="Least ticks until a newcomer takes the slot.")
    respawn_max: int = Field(20, ge=1, le=1000, description="Most ticks until a newcomer takes the slot.")

    @model_validator(mode="after")
    def _respawn_is_a_range(self) -> LivesConfig:
        if self.respawn_max < self.respawn_min:
            raise ValueError(f"respawn_max ({self.respawn_max}) must be at least respawn_min ({self.respawn_min})")
        return self
