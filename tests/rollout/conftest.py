"""A town so small that every number in it is known: rows count up, and minds that answer by rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from townlet.api import ActionArray, ArrayState, Decision, ObservationBatch, ObservationSpec, PolicyState
from townlet.envs.protocol import StepResult
from townlet.rng import derive

COUNTING = ObservationSpec.of_names(
    "counting", channels=("cell",), map_size=(1, 1), features=("age", "seed"), actions=("wait", "work")
)


class CountingTown:
    """``age`` counts the ticks of a life; row r dies at ages divisible by ``10 + r`` and is empty for two ticks.

    ``work`` is possible at even ages and earns 1; the second reward part is -0.25 always.
    """

    spec = COUNTING
    reward_part_names = ("wage", "rent")

    def __init__(self, seeds: Sequence[int], agents: int = 3) -> None:
        self.worlds, self.agents, self.rows = len(seeds), agents, len(seeds) * agents
        self.agent_names = ("alice", "bob", "carol", "dave")[:agents]
        self.seeds = list(seeds)
        self.reset()

    def reset(self, seeds: Sequence[int] | None = None) -> ObservationBatch:
        self.seeds = list(seeds) if seeds is not None else self.seeds
        self.tick = 0
        self.age = np.zeros(self.rows, np.int64)
        self.empty = np.zeros(self.rows, np.int64)
        return self.observe()

    def observe(self, into: ObservationBatch | None = None) -> ObservationBatch:
        out = into or ObservationBatch.empty(self.spec, self.rows)
        alive = self.empty == 0
        out.features[:, 0] = self.age
        out.features[:, 1] = np.repeat(self.seeds, self.agents)
        out.map[:, 0, 0, 0] = self.age % 251
        out.active[:] = alive
        out.episode_start[:] = alive & (self.age == 0)
        out.action_mask[:, 0] = True
        out.action_mask[:, 1] = alive & (self.age % 2 == 0)
        return out

    def step(self, actions: ActionArray, into: ObservationBatch | None = None) -> StepResult:
        alive = self.empty == 0
        parts = np.zeros((self.rows, 2), np.float32)
        parts[:, 0] = actions == 1
        parts[:, 1] = np.where(alive, -0.25, 0)
        self.empty[~alive] -= 1
        self.age[~alive] = 0
        self.age[alive] += 1
        slot = np.arange(self.rows) % self.agents
        dead = alive & (self.age % (10 + slot) == 0)
        self.empty[dead] = 2
        self.tick += 1
        return StepResult(self.observe(into), parts.sum(1), parts, dead, np.zeros(self.rows, np.bool_))

    def policy_seeds(self) -> list[int]:
        return [int(s) for s in derive(np.array(self.seeds, np.uint64), np.uint64(2) + np.zeros(1, np.uint64)) >> 8]

    def kpis(self) -> object:
        raise NotImplementedError

    def save(self, path: Path) -> None:
        np.savez(path / "town.npz", tick=self.tick, age=self.age, empty=self.empty, seeds=self.seeds)

    def load(self, path: Path) -> None:
        with np.load(path / "town.npz") as found:
            self.tick, self.age, self.empty = int(found["tick"]), found["age"].copy(), found["empty"].copy()
            self.seeds = [int(s) for s in found["seeds"]]


class Worker:
    """Works whenever it can. Its value of an observation is 100 + age; its state counts its decisions."""

    def initial_state(self, rows: int, seed: int) -> PolicyState:
        return ArrayState({"asked": np.zeros(rows, np.int64), "seed": np.full(rows, seed % 1000, np.int64)})

    def decide(self, observations: ObservationBatch, state: PolicyState, *, explore: bool = False) -> Decision:
        held = state.arrays()
        return Decision(
            observations.action_mask[:, 1].astype(np.int64),
            ArrayState({"asked": held["asked"] + 1, "seed": held["seed"]}),
            log_probs=np.full(observations.rows, -0.5 if explore else 0.0, np.float32),
            values=100 + observations.features[:, 0],
        )

    def fingerprint(self) -> str:
        return "worker"

    def close(self) -> None:
        pass


@pytest.fixture
def town() -> CountingTown:
    return CountingTown([7, 8])


@pytest.fixture
def make_town() -> Callable[..., CountingTown]:
    return CountingTown


@pytest.fixture
def worker() -> Worker:
    return Worker()
