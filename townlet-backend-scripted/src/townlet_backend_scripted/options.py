"""What can be set of the scripted mind: ``policy.options`` where ``policy.backend`` is ``scripted``."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["ScriptedOptions"]


def _level(default: float, description: str) -> float:
    level: float = Field(default, ge=0, le=1, description=description + " Level of the need, 1 = satisfied.")
    return level


class ScriptedOptions(BaseModel):
    """Thresholds and habits. Needs and the wallet are read as the observation gives them."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    eat_below: float = _level(0.48, "Hunger at which one eats in free time.")
    wash_below: float = _level(0.62, "Hygiene at which one takes a shower in free time.")
    sleep_below: float = _level(0.60, "Energy at which one goes to bed in free time.")

    eat_at_work_below: float = _level(0.42, "Hunger at which one leaves work to eat what is in the bag.")
    forage_at_work_below: float = _level(0.50, "Hunger at which one leaves work for food where the bag holds no meal.")
    wash_at_work_below: float = _level(0.38, "Hygiene at which one leaves work to take a shower.")
    sleep_at_work_below: float = _level(0.37, "Energy at which one leaves work to sleep.")

    eat_before_work_below: float = _level(0.70, "Hunger at which one eats when the shift is near.")
    wash_before_work_below: float = _level(0.75, "Hygiene at which one takes a shower when the shift is near.")
    sleep_before_work_below: float = _level(0.80, "Energy at which one goes to bed when the shift is some hours away.")
    rested_above: float = _level(0.95, "Energy at which one gets up.")

    sleep_ahead: float = Field(
        400.0, ge=0, le=1000, description="Time before the shift in which one sleeps for it, ticks."
    )
    preparation: float = Field(
        190.0, ge=0, le=1000, description="Time before the shift in which one gets ready for it, ticks."
    )
    arrival_buffer: float = Field(
        12.0, ge=0, le=1000, description="Time before the shift at which one means to be at work, ticks."
    )
    day_ticks: float = Field(
        1000.0, ge=100, le=100_000, description="Length of a day, ticks: the observation gives times of day as shares."
    )
    patience: int = Field(
        3, ge=0, le=6, description="Length of a queue, agents, that one still joins for what is not urgent."
    )
    pantry: int = Field(2, ge=1, le=5, description="Cooked meals that one likes to have at hand.")
    larder: int = Field(2, ge=0, le=5, description="Groceries below which one goes shopping.")
    shopping_money: float = Field(13.0, ge=0, le=10_000, description="Money below which one buys no groceries, coins.")
    meal_money: float = Field(
        9.0, ge=0, le=10_000, description="Money below which one buys no meal even when starving, coins."
    )
    dining_money: float = Field(30.0, ge=0, le=10_000, description="Money above which one eats out when hungry, coins.")
    social_appetite: float = Field(
        0.5,
        ge=0,
        le=1,
        description="How much one likes to talk: 0 never; above 0 whoever is more outgoing than 1 - 2 x appetite "
        "talks in free time, and everybody does at 1.",
    )

    @model_validator(mode="after")
    def _work_bears_more(self) -> Self:
        for need in ("eat", "wash", "sleep"):
            at_work, free = getattr(self, f"{need}_at_work_below"), getattr(self, f"{need}_below")
            if at_work > free:
                raise ValueError(f"{need}_at_work_below ({at_work}) must not be above {need}_below ({free})")
        if self.rested_above < max(self.sleep_below, self.sleep_before_work_below):
            raise ValueError(
                f"rested_above ({self.rested_above}) must not be below sleep_below or sleep_before_work_below"
            )
        return self
