"""What agents are rewarded for: the section ``rewards``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from townlet.config.model import Section

__all__ = ["REWARD_PARTS", "SOCIAL_STAGES", "RewardsConfig", "SocialStage"]

SocialStage = Literal["OFF", "C1", "C2", "C3"]
SOCIAL_STAGES: tuple[SocialStage, ...] = ("OFF", "C1", "C2", "C3")

REWARD_PARTS = (
    "needs",  # -scale * sum of weight * deficit^2
    "shaping",  # discount * potential now - potential before
    "wages",  # money earned in this tick, scaled
    "punctuality",  # arrived on time for the shift
    "survival",  # lived this tick
    "faint",  # penalty
    "exit",  # penalty of the end of a life; outside the bounds
    "chat",  # stages C1 and up
    "harmony",  # conflicts avoided; stages C2 and up
    "ties",  # what the quality of the tie adds to or takes from the chat; stage C3
    "guard",  # what the guards took or gave, so that the parts sum to the total
)
"""The parts of a reward, in the order of the last axis of ``reward_parts``."""


class RewardsConfig(Section):
    """The reward of one agent and tick is the sum of its parts; the guards' corrections are a part of their own.

    Scales: a well-lived day earns about 1, a day with all needs at 0 loses 9, so that even five such days stay
    within the bound of an episode and the reward never stops to vary. The penalty of an exit is larger than the
    discounted worth of living on in misery (0.0096 / (1 - 0.995) = 1.9): dying is never the way out.
    """

    need_scale: float = Field(0.004, ge=0, le=1, description="Reward per tick and unit of weighted squared deficit.")
    hunger_weight: float = Field(1.0, ge=0, le=10, description="Weight of the squared deficit of hunger.")
    energy_weight: float = Field(0.8, ge=0, le=10, description="Weight of the squared deficit of energy.")
    hygiene_weight: float = Field(0.6, ge=0, le=10, description="Weight of the squared deficit of hygiene.")

    shaping_scale: float = Field(
        0.0,
        ge=0,
        le=10,
        description="Scale of the potential: weighted satisfied share of the squared deficits; 0 switches shaping off.",
    )
    shaping_discount: float = Field(
        0.995, gt=0, le=1, description="Discount of the potential; shaping is exact if it equals the learner's gamma."
    )

    wage_scale: float = Field(0.03, ge=0, le=1, description="Reward per unit of money earned as wages.")
    punctuality_bonus: float = Field(0.05, ge=0, le=0.2, description="Reward for arriving on time for a shift.")
    survival: float = Field(0.0005, ge=0, le=0.1, description="Reward per tick lived.")
    faint_penalty: float = Field(0.1, ge=0, le=1, description="Deducted when an agent faints.")
    collapse_penalty: float = Field(3.0, ge=0, le=50, description="Deducted when a life ends by collapse or neglect.")
    eviction_penalty: float = Field(3.0, ge=0, le=50, description="Deducted when a life ends by eviction.")

    social_stage: SocialStage = Field(
        "C1", description="OFF; C1 chats; C2 also avoided conflicts; C3 also the quality of the tie."
    )
    chat_scale: float = Field(0.02, ge=0, le=1, description="Scale of the reward of a successful chat.")
    chat_base: float = Field(0.01, ge=0, le=1, description="Reward of any successful chat, before the scale.")
    chat_trust: float = Field(0.3, ge=0, le=1, description="Added per unit of trust in the other, before the scale.")
    chat_familiarity: float = Field(
        0.2, ge=0, le=1, description="Added per unit of familiarity with the other, before the scale."
    )
    avoided_conflict: float = Field(
        0.005, ge=0, le=0.2, description="Reward for letting another agent go first (C2, C3)."
    )
    tie_quality: float = Field(
        0.5, ge=0, le=1, description="C3: share by which a chat counts more with a friend and less with a rival."
    )
    social_need_floor: float = Field(
        0.15, ge=0, le=1, description="Social parts are off for an agent with a need below this."
    )

    tick_bound: float = Field(
        0.2, gt=0, le=10, description="Bound on the absolute reward of a tick, not counting exits."
    )
    episode_bound: float = Field(
        50.0, gt=0, le=1000, description="Bound on the absolute reward of an episode, not counting exits."
    )
    episode_ticks: int = Field(
        5000, ge=10, description="Ticks of a life after which the bound of an episode starts again from zero."
    )
    exit_hold: int = Field(10, ge=0, le=1000, description="Ticks before and after an exit without positive reward.")
