"""Needs: how fast they fall."""

from __future__ import annotations

from pydantic import Field

from townlet.config.model import Section

__all__ = ["NeedsConfig"]


class NeedsConfig(Section):
    """Needs are in [0, 1], 1 is satisfied; each falls every tick, slower or faster with what one does.

    The rates are lower than first planned (hunger 0.0025, energy 0.0020, hygiene 0.0015), because the balance
    targets win. With 0.0020 for energy a day of 1,000 ticks costs two whole nights, and with the others three and a
    half meals and two and a half showers: beside a shift of 280 ticks and the ways between, no simple plan then keeps
    all needs above 0.3 all day. With these, a day holds one night (150-250 ticks), a shift, three meals and a shower
    or two, and leaves 200-300 ticks for ways, queues and company.
    """

    hunger_decay: float = Field(0.0020, ge=0, le=0.1, description="Fall of hunger per tick.")
    energy_decay: float = Field(0.0009, ge=0, le=0.1, description="Fall of energy per tick while awake.")
    hygiene_decay: float = Field(0.0010, ge=0, le=0.1, description="Fall of hygiene per tick.")
    company_effect: float = Field(
        0.25,
        ge=0,
        le=0.9,
        description="Share by which good company at work slows the fall of energy, and bad company speeds it up.",
    )
    faint_ticks: int = Field(
        20, ge=1, le=1000, description="Ticks that an agent lies fainted when its energy runs out."
    )
    faint_energy: float = Field(0.05, gt=0, le=1, description="Energy after fainting.")
