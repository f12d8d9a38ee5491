"""Events from outside: bounded, rare, drawn from the ``events`` stream."""

from __future__ import annotations

from pydantic import Field

from townlet.config.model import Section

__all__ = ["OutsideConfig"]


class OutsideConfig(Section):
    """Rates are expected events a day and world; each has a length, and each target a time of peace after it."""

    enabled: bool = Field(True, description="Whether any of them happen; off in the first phase of training.")
    price_spikes: float = Field(0.15, ge=0, le=20, description="Price spikes a day.")
    blackouts: float = Field(0.15, ge=0, le=20, description="Blackouts a day.")
    water_outages: float = Field(0.15, ge=0, le=20, description="Water outages a day.")
    closures: float = Field(0.30, ge=0, le=20, description="Closings of one facility a day.")
    meetings: float = Field(0.30, ge=0, le=20, description="Arranged meetings of two rivals a day.")
    spike_factor: float = Field(1.5, ge=1, le=10, description="Factor on a price during a spike.")
    spike_ticks: int = Field(300, ge=1, le=100_000, description="Ticks of a price spike.")
    outage_ticks: int = Field(60, ge=1, le=10_000, description="Ticks of a blackout or water outage.")
    closure_ticks: int = Field(100, ge=1, le=10_000, description="Ticks of a closing.")
    meeting_ticks: int = Field(150, ge=1, le=10_000, description="Ticks for which an invitation stands.")
    cooldown: int = Field(700, ge=0, le=1_000_000, description="Ticks of peace for a target after its event's end.")
