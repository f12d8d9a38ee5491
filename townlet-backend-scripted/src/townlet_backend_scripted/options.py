"""What can be set of the scripted mind: ``policy.options`` where ``policy.backend`` is ``scripted``."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["PRESETS", "Preset", "ScriptedOptions"]

Preset = Literal[
    "tuned",
    "classic",
    "crowded",
    "free-rider",
    "hoarder",
    "host",
    "loner",
    "night-owl",
    "pusher",
    "random",
    "saboteur",
    "workaholic",
]

PRESETS: Mapping[Preset, Mapping[str, Any]] = MappingProxyType(
    {
        "tuned": MappingProxyType({}),
        "classic": MappingProxyType(
            {
                "eat_below": 0.48,
                "wash_below": 0.62,
                "sleep_below": 0.60,
                "eat_at_work_below": 0.42,
                "forage_at_work_below": 0.50,
                "wash_at_work_below": 0.38,
                "sleep_at_work_below": 0.37,
                "eat_before_work_below": 0.70,
                "wash_before_work_below": 0.75,
                "sleep_before_work_below": 0.80,
                "wash_nearby_below": 0.0,
                "eat_poor_below": 0.48,
                "rested_above": 0.95,
                "clean_above": 1.0,
                "sleep_ahead": 400.0,
                "preparation": 190.0,
                "arrival_buffer": 12.0,
                "wind_down": 0.0,
                "patience": 3,
                "pantry": 2,
                "larder": 2,
                "shopping_money": 13.0,
                "meal_money": 9.0,
                "dining_money": 30.0,
                "thrift_money": 0.0,
                "reserve_money": 0.0,
                "talk_first": False,
                "social_appetite": 0.5,
            }
        ),
        "crowded": MappingProxyType(  # a meal at the counter costs money, but no queue at the stove
            {
                "preparation": 190.0,
                "arrival_buffer": 12.0,
                "wind_down": 0.0,
                "shopping_money": 12.0,
                "meal_money": 9.0,
                "dining_money": 16.0,
                "thrift_money": 0.0,
                "reserve_money": 0.0,
                "clean_above": 0.9929,
                "sleep_at_work_below": 0.0,
                "social_appetite": 0.9553,
            }
        ),
        # Characters: minds to live among, not minds to imitate.
        "free-rider": MappingProxyType({"works": False, "dining_money": 7.0, "meal_money": 7.0, "thrift_money": 0.0}),
        "hoarder": MappingProxyType(
            {"pantry": 5, "larder": 5, "patience": 6, "dining_money": 10_000.0, "thrift_money": 40.0}
        ),
        "host": MappingProxyType({"pantry": 5, "larder": 3, "eat_below": 0.85, "eat_poor_below": 0.7, "patience": 6}),
        "loner": MappingProxyType({"social_appetite": 0.0, "talk_first": False, "patience": 0, "nearby": 0.0}),
        "night-owl": MappingProxyType(
            {"sleep_below": 0.35, "sleep_before_work_below": 0.35, "sleep_ahead": 0.0, "rested_above": 0.9}
        ),
        "pusher": MappingProxyType(  # keeps nothing at home and washes late, so it meets others in queues
            {
                "pushes": True,
                "patience": 6,
                "eat_below": 0.9,
                "eat_before_work_below": 0.9,
                "wash_below": 0.6,
                "wash_before_work_below": 0.6,
                "wash_nearby_below": 0.0,
                "pantry": 1,
                "larder": 5,
            }
        ),
        "random": MappingProxyType({"whim": 1.0}),
        "saboteur": MappingProxyType({"pushes": True, "meddles": True, "patience": 6, "wash_below": 0.95}),
        "workaholic": MappingProxyType(
            {
                "eat_at_work_below": 0.2,
                "forage_at_work_below": 0.25,
                "wash_at_work_below": 0.05,
                "sleep_at_work_below": 0.05,
                "arrival_buffer": 60.0,
                "social_appetite": 0.0,
                "talk_first": False,
            }
        ),
    }
)
"""What each preset sets. ``tuned`` is the fields' own defaults, found by searching on one map; ``classic`` the
thresholds that were set by hand before, so that what was measured against them can be measured again; ``crowded`` was
found by searching on several maps, most of them crowded; the others are characters."""


def _level(default: float, description: str) -> float:
    level: float = Field(default, ge=0, le=1, description=description + " Level of the need, 1 = satisfied.")
    return level


def _number(default: float, most: float, search: tuple[float, float], description: str) -> float:
    """A number from 0 to ``most``; ``search`` is the range in which a search for better ones makes sense."""
    number: float = Field(default, ge=0, le=most, description=description, json_schema_extra={"tune": [*search]})
    return number


class ScriptedOptions(BaseModel):
    """Thresholds and habits. Each number is in the unit it names; scales are read from the observation's spec."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    preset: Preset = Field(
        "tuned",
        description="Where options that are not given come from: tuned, what a search found; classic, the "
        "thresholds that were set by hand before; crowded, what a search on several maps found, for towns where stoves "
        "are short; the others are characters for the arena.",
        json_schema_extra={"tune": False},
    )

    eat_below: float = _level(0.65, "Hunger at which the agent eats in free time.")
    wash_below: float = _level(0.71, "Hygiene at which the agent takes a shower in free time.")
    sleep_below: float = _level(0.73, "Energy at which the agent goes to bed in free time.")

    eat_at_work_below: float = _level(0.43, "Hunger at which the agent leaves work to eat what is in the bag.")
    forage_at_work_below: float = _level(
        0.51, "Hunger at which the agent leaves work for food where the bag holds no meal."
    )
    wash_at_work_below: float = _level(0.11, "Hygiene at which the agent leaves work to take a shower.")
    sleep_at_work_below: float = _level(0.12, "Energy at which the agent leaves work to sleep.")

    eat_before_work_below: float = _level(0.74, "Hunger at which the agent eats when the shift is near.")
    wash_before_work_below: float = _level(0.79, "Hygiene at which the agent takes a shower when the shift is near.")
    sleep_before_work_below: float = _level(
        0.91, "Energy at which the agent goes to bed when the shift is some hours away."
    )
    eat_poor_below: float = _level(0.50, "Hunger at which the agent eats in free time where money is short.")
    wash_nearby_below: float = _level(0.87, "Hygiene at which the agent takes a shower where one is near.")
    rested_above: float = _level(1.00, "Energy at which the agent gets up.")
    clean_above: float = _level(0.995, "Hygiene above which the agent leaves the shower early; at 1 it never does.")

    sleep_ahead: float = _number(527, 1000, (0, 800), "Time before the shift in which the agent sleeps for it, ticks.")
    preparation: float = _number(
        290, 1000, (0, 500), "Time before the shift in which the agent gets ready for it, ticks."
    )
    arrival_buffer: float = _number(
        6, 1000, (0, 60), "Time before the shift at which the agent aims to be at work, ticks."
    )
    wind_down: float = _number(
        18, 1000, (0, 150), "Time before the shift in which the agent neither starts to cook nor goes to bed, ticks."
    )
    nearby: float = _number(5, 1000, (0, 20), "Distance at which a shower counts as near, steps.")
    patience: int = Field(
        2, ge=0, le=6, description="Length of a queue, agents, that the agent still joins for what is not urgent."
    )
    pantry: int = Field(2, ge=1, le=5, description="Cooked meals that the agent likes to have at hand.")
    larder: int = Field(2, ge=0, le=5, description="Groceries below which the agent goes shopping.")
    shopping_money: float = _number(13, 10_000, (12, 40), "Money below which the agent buys no groceries, coins.")
    meal_money: float = _number(
        11, 10_000, (7, 30), "Money below which the agent buys no meal even when starving, coins."
    )
    dining_money: float = _number(30, 10_000, (7, 80), "Money above which the agent eats out when hungry, coins.")
    thrift_money: float = _number(
        12, 10_000, (0, 60), "Money below which it is short: the agent eats later, so that a meal fills more, coins."
    )
    reserve_money: float = _number(
        20,
        10_000,
        (0, 60),
        "Money set aside for a whole day without work, less when the next shift is nearer; the agent counts what it "
        "has above that when it eats out or eats later, coins.",
    )
    talk_first: bool = Field(
        True,
        description="Whether the agent talks to anyone who comes near, whatever it is doing; otherwise only in free "
        "time, when it wants nothing else.",
    )
    social_appetite: float = Field(
        1.0,
        ge=0,
        le=1,
        description="How much agents like to talk: at 0 nobody talks, above 0 those more outgoing than 1 - 2 x "
        "appetite do, at 1 everybody does.",
    )

    works: bool = Field(True, description="Whether one goes to work.", json_schema_extra={"tune": False})
    pushes: bool = Field(
        False,
        description="Whether one pushes in wherever one stands in a queue; in the action space goals nobody can.",
        json_schema_extra={"tune": False},
    )
    meddles: bool = Field(
        False,
        description="Whether one spends free time in the queue for the shower without need.",
        json_schema_extra={"tune": False},
    )
    whim: float = Field(
        0.0,
        ge=0,
        le=1,
        description="Probability of doing something at random, among what is possible, instead of what the rules say.",
        json_schema_extra={"tune": False},
    )

    @model_validator(mode="before")
    @classmethod
    def _preset_first(cls, given: Any) -> Any:
        """What is given stands on top of the preset."""
        if not isinstance(given, Mapping):
            return given
        name = given.get("preset", "tuned")
        known = isinstance(name, str) and name in PRESETS  # another is refused by the field
        return {**PRESETS[name], **given} if known else given

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
