"""Needs: how fast they fall."""

from __future__ import annotations

from pydantic import Field

from townlet.config.model import Section

__all__ = ["NeedsConfig"]


class NeedsConfig(Section):
    """Needs are in [0, 1], 1 is satisfied; each falls every tick, slower or faster with what one does.

    Energy falls by 0.0010 a tick and not, as first planned, by 0.0020: with 0.0020 a day of 1,000 ticks costs
    two whole nights, and beside a shift of 280 ticks no plan keeps all needs above 0.3 all day.
    """

    hunger_decay: float = Field(0.0025, ge=0, le=0.1, description="Fall of hunger a tick.")
    energy_decay: float = Field(0.0010, ge=0, le=0.1, description="Fall of energy a tick while awake.")
    hygiene_decay: float = Field(0.0015, ge=0, le=0.1, description="Fall of hygiene a tick.")
    company_effect: float = Field(
        0.25,
        ge=0,
        le=0.9,
        description="Share by which good company at work slows the fall of energy, and bad company speeds it up.",
    )
    faint_ticks: int = Field(20, ge=1, le=1000, description="Ticks one lies where energy ran out.")
    faint_energy: float = Field(0.05, gt=0, le=1, description="Energy after fainting.")
