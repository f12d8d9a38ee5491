"""What rewards need beside the world: their settings, and the little that they remember of each life."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from townlet.config.rewards import REWARD_PARTS, SOCIAL_STAGES, RewardsConfig

__all__ = ["RewardSettings", "Earnings", "RewardState", "new_reward_state", "new_earnings", "settings_of"]

I16 = NDArray[np.int16]
I32 = NDArray[np.int32]
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
B1 = NDArray[np.bool_]


class RewardSettings(NamedTuple):
    """The section ``rewards`` of the config as numbers; units there."""

    need_scale: float
    hunger_weight: float
    energy_weight: float
    hygiene_weight: float
    shaping_scale: float
    shaping_discount: float
    wage_scale: float
    punctuality_bonus: float
    survival: float
    faint_penalty: float
    collapse_penalty: float
    eviction_penalty: float
    chat_scale: float
    chat_base: float
    chat_trust: float
    chat_familiarity: float
    avoided_conflict: float
    tie_quality: float
    social_need_floor: float
    tick_bound: float
    episode_bound: float
    episode_ticks: int
    exit_hold: int


class RewardState(NamedTuple):
    """Memory of the rewards. All of it is in a snapshot."""

    stage: Annotated[I16, "1", "social stage, index into SOCIAL_STAGES"]
    account: Annotated[F64, "W A", "bounded reward of this episode so far"]
    deficit: Annotated[F64, "W A", "weighted sum of squared deficits after the last tick"]
    since: Annotated[I32, "W A", "ticks of this episode so far"]
    hold: Annotated[I16, "W A", "ticks still without positive reward after an exit"]


class Earnings(NamedTuple):
    """What a step pays out, per row."""

    rewards: Annotated[F32, "N"]
    parts: Annotated[F32, "N P"]
    terminated: Annotated[B1, "N"]
    clipped: Annotated[B1, "N", "the bound of a tick changed the reward"]


def settings_of(config: RewardsConfig) -> RewardSettings:
    """The numbers of a config's section."""
    return RewardSettings(**{name: getattr(config, name) for name in RewardSettings._fields})


def new_reward_state(worlds: int, agents: int, stage: str) -> RewardState:
    """Fresh memory of ``W`` worlds of ``A`` slots."""
    shape = (worlds, agents)
    return RewardState(
        stage=np.array([list[str](SOCIAL_STAGES).index(stage)], np.int16),
        account=np.zeros(shape),
        deficit=np.zeros(shape),
        since=np.zeros(shape, np.int32),
        hold=np.zeros(shape, np.int16),
    )


def new_earnings(rows: int) -> Earnings:
    """Empty pay of ``N`` rows."""
    return Earnings(
        rewards=np.zeros(rows, np.float32),
        parts=np.zeros((rows, len(REWARD_PARTS)), np.float32),
        terminated=np.zeros(rows, np.bool_),
        clipped=np.zeros(rows, np.bool_),
    )
