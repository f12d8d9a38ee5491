"""A town that costs nothing, so that what is measured is the trainer."""

# ruff: noqa: ARG002 (the protocols name the arguments)

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from townlet.api import ActionArray, ObservationBatch, ObservationSpec
from townlet.envs.protocol import StepResult

__all__ = ["CueTown"]

_POOL = 97  # different ticks that come round again; a prime, so that it does not beat with the rollout's length


def _spec() -> ObservationSpec:
    return ObservationSpec.of_names(
        "benchmark",
        channels=("wall", "facility", "agents", "queue"),
        map_size=(11, 11),
        features=tuple(f"feature_{i}" for i in range(110)),
        actions=("wait", "north", "east", "south", "west", "use", "chat", "yield"),
    )


@dataclass
class CueTown:
    """Observations as large as the real town's; eight of the features say which action pays 1.

    The observations of 97 ticks are drawn once and come round: a step is one copy. Lives last 50 ticks and end all
    at once, with no tick between. Every action is possible, since the trainers compared know no masks.
    """

    rows: int = 64
    seed: int = 0
    spec: ObservationSpec = field(default_factory=_spec)
    worlds: int = 1
    tick: int = 0
    reward_part_names: tuple[str, ...] = ("cue",)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        shape = (_POOL, self.rows)
        codes = np.zeros((*shape, *self.spec.map_shape), np.uint8)
        cells = codes.shape[-2:]
        codes[:, :, 0] = np.where(rng.random((*shape, *cells)) < 0.25, 255, 0)
        codes[:, :, 1] = (rng.random((*shape, *cells)) < 0.08) * rng.integers(1, 9, (*shape, *cells)) * 20
        codes[:, :, 2] = np.where(rng.random((*shape, *cells)) < 0.03, 80, 0)
        self._map = codes
        self._features = rng.random((*shape, self.spec.feature_count), np.float32)
        self._best = rng.integers(0, self.spec.action_count, shape)
        self._features[:, :, : self.spec.action_count] = np.eye(self.spec.action_count, dtype=np.float32)[self._best]
        self._own = ObservationBatch.empty(self.spec, self.rows)

    @property
    def agents(self) -> int:
        """Rows, all of one world."""
        return self.rows

    @property
    def agent_names(self) -> tuple[str, ...]:
        """Numbers for names."""
        return tuple(f"agent{i}" for i in range(self.rows))

    def reset(self, seeds: Sequence[int] | None = None) -> ObservationBatch:
        """The first tick again."""
        self.tick = 0
        return self.observe()

    def observe(self, into: ObservationBatch | None = None) -> ObservationBatch:
        """One copy from the pool."""
        batch = into or self._own
        at = self.tick % _POOL
        batch.map[...] = self._map[at]
        batch.features[...] = self._features[at]
        batch.action_mask[...] = True
        batch.active[...] = True
        batch.episode_start[...] = self.tick % 50 == 0
        return batch

    def step(self, actions: ActionArray, into: ObservationBatch | None = None) -> StepResult:
        """Pay the cue and go on."""
        rewards = (actions == self._best[self.tick % _POOL]).astype(np.float32)
        self.tick += 1
        ended = np.full(self.rows, self.tick % 50 == 0)
        return StepResult(self.observe(into), rewards, rewards[:, None], ended, np.zeros(self.rows, np.bool_))

    def policy_seeds(self) -> list[int]:
        """One world, one seed."""
        return [self.seed]

    def kpis(self) -> object:
        """Nothing is counted."""
        return None

    def save(self, path: Path) -> None:
        """A benchmark is not resumed."""
        raise NotImplementedError

    def load(self, path: Path) -> None:
        """A benchmark is not resumed."""
        raise NotImplementedError
