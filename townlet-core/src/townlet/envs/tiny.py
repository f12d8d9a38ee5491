"""Towns so small that a learner's failure in them has no excuse. The surface is that of ``TownEngine``.

A life that ends leaves its row inactive for one tick, as an exit does in the big town; then the next begins.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from townlet.api import (
    FLAG,
    Action,
    ActionArray,
    BoolArray,
    Code,
    Feature,
    MapChannel,
    ObservationBatch,
    ObservationSpec,
    Transform,
)
from townlet.envs.names import slot_names
from townlet.envs.protocol import StepResult
from townlet.errors import BackendContractError, SnapshotError
from townlet.rng import derive, uniform
from townlet.storage import read_model
from townlet.telemetry.kpis import TownKpis
from townlet.telemetry.measures import MEASURES, column

__all__ = ["BanditTown", "NavigationTown", "RecallTown"]

_DAY = 100


class _About(BaseModel):
    """What stands beside the arrays of a snapshot."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    town: str
    seeds: tuple[int, ...]


class _TinyTown(ABC):
    """What both have in common: rows, lives, random numbers, counting."""

    reward_part_names: tuple[str, ...] = ("task",)

    def __init__(self, spec: ObservationSpec, seeds: Sequence[int], agents: int, life_ticks: int) -> None:
        self.spec = spec
        self.seeds = tuple(int(seed) for seed in seeds)
        self.worlds, self.agents = len(self.seeds), agents
        self.rows = self.worlds * agents
        self.agent_names = slot_names(agents)
        self.life_ticks = life_ticks
        self._batch = ObservationBatch.empty(spec, self.rows)
        self._seconds = 0.0
        self.arrays: dict[str, NDArray[Any]] = {}
        self.reset()

    @abstractmethod
    def _start(self, rows: BoolArray) -> None:
        """Begin the lives of the rows marked in bool ``[N]``."""

    @abstractmethod
    def _play(self, actions: ActionArray, alive: BoolArray) -> tuple[NDArray[np.float32], BoolArray]:
        """Rewards float32 ``[N]`` and ends of lives bool ``[N]`` of the rows alive."""

    @abstractmethod
    def _write(self, batch: ObservationBatch) -> None:
        """Write map, features and mask of all rows; those of inactive rows are cleared afterwards."""

    @property
    def tick(self) -> int:
        """Ticks since the last reset."""
        return int(self.arrays["tick"][0])

    def reset(self, seeds: Sequence[int] | None = None) -> ObservationBatch:
        """Fresh worlds."""
        self.seeds = self.seeds if seeds is None else tuple(int(seed) for seed in seeds)
        keys = np.repeat(np.array(self.seeds, np.uint64), self.agents)
        rows = np.arange(self.rows, dtype=np.uint64) % np.uint64(self.agents)
        self.arrays = {
            "key": derive(keys, rows),
            "drawn": np.zeros(self.rows, np.uint64),
            "alive": np.ones(self.rows, np.bool_),
            "fresh": np.ones(self.rows, np.bool_),
            "age": np.zeros(self.rows, np.int64),
            "tick": np.zeros(1, np.int64),
            "sums": np.zeros((self.rows, len(MEASURES))),
        }
        self._seconds = 0.0
        self._start(np.ones(self.rows, np.bool_))
        return self.observe()

    def observe(self, into: ObservationBatch | None = None) -> ObservationBatch:
        """What the rows see now."""
        batch = self._batch if into is None else into
        alive = self.arrays["alive"]
        batch.active[:] = alive
        batch.episode_start[:] = self.arrays["fresh"]
        self._write(batch)
        dead = ~alive
        batch.map[dead] = 0
        batch.features[dead] = 0
        batch.action_mask[dead] = False
        batch.action_mask[dead, 0] = True
        return batch

    def step(self, actions: ActionArray, into: ObservationBatch | None = None) -> StepResult:
        """One tick. Raises BackendContractError for an action that the last mask forbids."""
        started = perf_counter()
        mask = self.observe(ObservationBatch.empty(self.spec, self.rows)).action_mask
        wrong = np.flatnonzero(~mask[np.arange(self.rows), actions])
        if len(wrong):
            row = int(wrong[0])
            raise BackendContractError(
                f"action {int(actions[row])} chosen for {self.agent_names[row % self.agents]}: not possible now"
            )
        alive = self.arrays["alive"]
        rewards, ended = self._play(actions, alive)
        rewards = np.where(alive, rewards, 0).astype(np.float32)
        age: NDArray[np.int64] = self.arrays["age"] + alive
        terminated = alive & (ended | (age >= self.life_ticks))
        born = ~alive
        self.arrays["age"] = np.where(born, 0, age)
        self.arrays["alive"] = (alive & ~terminated) | born
        self.arrays["fresh"] = born
        self.arrays["tick"] += 1
        self._start(born)
        self._count(actions, rewards, alive, terminated)
        observations = self.observe(into)
        self._seconds += perf_counter() - started
        return StepResult(observations, rewards, rewards[:, None], terminated, np.zeros(self.rows, np.bool_))

    def policy_seeds(self) -> list[int]:
        """One seed a world."""
        return [seed + 1 for seed in self.seeds]

    def kpis(self) -> TownKpis:
        """Ticks lived, rewards, actions and lives ended; everything else is zero."""
        sums = self.arrays["sums"].reshape(self.worlds, self.agents, len(MEASURES))
        return TownKpis(
            agent_names=self.agent_names,
            kind_names=(),
            day_ticks=_DAY,
            ticks=self.tick,
            seconds=self._seconds,
            first_day=0,
            days=sums.sum(1)[None],
            agent_sums=sums,
            heat_map=np.zeros((self.worlds, 0, 0), np.uint32),
            queue_lengths=np.zeros((self.worlds, 0, 8), np.uint32),
        )

    def save(self, path: Path) -> None:
        """Write the state into the folder ``path``."""
        path.mkdir(parents=True, exist_ok=True)
        save_file({name: np.ascontiguousarray(a) for name, a in self.arrays.items()}, path / "tiny.safetensors")
        (path / "tiny.json").write_text(
            json.dumps({"town": type(self).__name__, "seeds": self.seeds}), encoding="utf-8"
        )

    def load(self, path: Path) -> None:
        """Continue from what :meth:`save` wrote. Raises SnapshotError if it does not fit."""
        about = read_model(path / "tiny.json", _About, error=SnapshotError)
        try:
            arrays = load_file(path / "tiny.safetensors")
        except (OSError, ValueError, SafetensorError) as error:
            raise SnapshotError("the snapshot cannot be read", where=str(path), details=[str(error)]) from error
        shapes = {name: (a.shape, a.dtype) for name, a in self.arrays.items()}
        if about.town != type(self).__name__ or shapes != {n: (a.shape, a.dtype) for n, a in arrays.items()}:
            raise SnapshotError("the snapshot is of another town", where=str(path))
        self.seeds, self.arrays = about.seeds, dict(arrays)

    def _draw(self, rows: BoolArray) -> NDArray[np.float64]:
        """The next random number of each marked row, float64 ``[N]``; 0 for the others."""
        numbers = uniform(self.arrays["key"], self.arrays["drawn"])
        self.arrays["drawn"] = self.arrays["drawn"] + rows.astype(np.uint64)
        return np.where(rows, numbers, 0.0)

    def _count(self, actions: ActionArray, rewards: NDArray[np.float32], alive: BoolArray, ended: BoolArray) -> None:
        sums = self.arrays["sums"]
        sums[:, column("ticks")] += alive
        sums[:, column("reward")] += rewards
        sums[:, column("exit")] += ended
        sums[alive, column("action_wait") + actions[alive]] += 1


class BanditTown(_TinyTown):
    """A shop with a few doors; a sign says behind which one the cake is, and one wrong door is locked.

    A contextual bandit: features ``sign_<i>`` are one-hot; choosing ``door_<i>`` pays 1, anything else 0. Each
    tick brings a new sign. The best policy earns 1 a tick, a uniform one ``1 / doors`` or so.
    """

    def __init__(self, seeds: Sequence[int], *, agents: int = 4, doors: int = 4, life_ticks: int = 16) -> None:
        self.doors = doors
        spec = ObservationSpec(
            variant="bandit",
            features=(
                *(Feature(f"sign_{i}", description=f"The cake is behind door {i}.", codes=FLAG) for i in range(doors)),
                Feature("bias", description="Always 1."),
            ),
            actions=(Action("wait", "do nothing"), *(Action(f"door_{i}", f"open door {i}") for i in range(doors))),
            day_ticks=_DAY,
        )
        super().__init__(spec, seeds, agents, life_ticks)

    def _start(self, rows: BoolArray) -> None:
        every_row = np.ones_like(rows)  # a new sign each tick, for old and new lives
        signs = (self._draw(every_row) * self.doors).astype(np.int64)
        locked = (self._draw(every_row) * (self.doors - 1)).astype(np.int64)
        self.arrays["sign"] = signs
        self.arrays["locked"] = (signs + 1 + locked) % self.doors

    def _play(self, actions: ActionArray, alive: BoolArray) -> tuple[NDArray[np.float32], BoolArray]:
        rewards = (actions == self.arrays["sign"] + 1).astype(np.float32)
        return rewards, np.zeros_like(alive)

    def _write(self, batch: ObservationBatch) -> None:
        rows = np.arange(self.rows)
        batch.features[:] = 0
        batch.features[rows, self.arrays["sign"]] = 1
        batch.features[:, -1] = 1
        batch.action_mask[:] = True
        batch.action_mask[rows, self.arrays["locked"] + 1] = False


class NavigationTown(_TinyTown):
    """An empty square with a bakery: walk there. Reaching it pays 1 and ends the life, each step costs 0.02.

    The bakery is on the map (channel ``goal``) and, with ``hints``, in the features as well. The best policy
    takes the shortest way: its return is 1 - 0.02 times the steps.
    """

    def __init__(
        self, seeds: Sequence[int], *, agents: int = 4, size: int = 5, hints: bool = True, life_ticks: int = 40
    ) -> None:
        self.size, self.hints = size, hints
        window = 2 * size - 1
        spec = ObservationSpec(
            variant="navigation",
            channels=(
                MapChannel("wall", codes=(Code(0, "open"), Code(255, "outside"))),
                MapChannel("goal", codes=(Code(0, "nothing"), Code(255, "the bakery"))),
            ),
            map_height=window,
            map_width=window,
            features=(
                *(
                    Feature(
                        f"goal_{part}", -1.0, 1.0, "tiles", Transform("scaled", float(size)), f"How far {way} it is."
                    )
                    for part, way in (("dy", "south"), ("dx", "east"))
                ),
                Feature("bias", description="Always 1."),
            ),
            actions=(
                Action("wait", "do nothing"),
                *(Action(way, f"take a step {way}") for way in ("north", "east", "south", "west")),
            ),
            day_ticks=_DAY,
        )
        super().__init__(spec, seeds, agents, life_ticks)

    def _start(self, rows: BoolArray) -> None:
        tiles = self.size * self.size
        place = (self._draw(rows) * tiles).astype(np.int64)
        goal = (place + 1 + (self._draw(rows) * (tiles - 1)).astype(np.int64)) % tiles
        for name, new in (("place", place), ("goal", goal)):
            self.arrays[name] = np.where(rows, new, self.arrays.get(name, new))

    def _play(self, actions: ActionArray, alive: BoolArray) -> tuple[NDArray[np.float32], BoolArray]:
        y, x = np.divmod(self.arrays["place"], self.size)
        y = np.clip(y + np.array([0, -1, 0, 1, 0])[actions], 0, self.size - 1)
        x = np.clip(x + np.array([0, 0, 1, 0, -1])[actions], 0, self.size - 1)
        place = y * self.size + x
        self.arrays["place"] = np.where(alive, place, self.arrays["place"])
        there = alive & (place == self.arrays["goal"])
        return np.where(there, 1.0, -0.02).astype(np.float32), there

    def _write(self, batch: ObservationBatch) -> None:
        y, x = np.divmod(self.arrays["place"], self.size)
        goal_y, goal_x = np.divmod(self.arrays["goal"], self.size)
        offsets = np.arange(-(self.size - 1), self.size)
        rows_out = (y[:, None] + offsets < 0) | (y[:, None] + offsets >= self.size)
        columns_out = (x[:, None] + offsets < 0) | (x[:, None] + offsets >= self.size)
        batch.map[:, 0] = (rows_out[:, :, None] | columns_out[:, None, :]) * np.uint8(255)
        batch.map[:, 1] = 0
        rows, centre = np.arange(self.rows), self.size - 1
        batch.map[rows, 1, centre + goal_y - y, centre + goal_x - x] = 255
        batch.features[:] = 0
        if self.hints:
            batch.features[:, 0] = (goal_y - y) / self.size
            batch.features[:, 1] = (goal_x - x) / self.size
        batch.features[:, 2] = 1
        batch.action_mask[:] = True
        batch.action_mask[:, 1] = y > 0
        batch.action_mask[:, 2] = x < self.size - 1
        batch.action_mask[:, 3] = y < self.size - 1
        batch.action_mask[:, 4] = x > 0


class RecallTown(_TinyTown):
    """A sign is shown on the first tick of a life and then taken down; at the end one has to know what it said.

    Feature ``sign_<i>`` is 1 on the first tick only; ``at_doors`` is 1 on the last one, the only one on which a door
    can be chosen. The door of the sign pays 1, another one or none 0. The best policy with a memory earns 1 a life,
    the best one without ``1 / doors``: what it sees at the doors is always the same.
    """

    def __init__(self, seeds: Sequence[int], *, agents: int = 4, doors: int = 3, delay: int = 4) -> None:
        self.doors, self.delay = doors, delay
        spec = ObservationSpec(
            variant="recall",
            features=(
                *(Feature(f"sign_{i}", description=f"The sign says door {i}.", codes=FLAG) for i in range(doors)),
                Feature("at_doors", description="One stands before the doors.", codes=FLAG),
                Feature("bias", description="Always 1."),
            ),
            actions=(Action("wait", "do nothing"), *(Action(f"door_{i}", f"open door {i}") for i in range(doors))),
            day_ticks=_DAY,
        )
        super().__init__(spec, seeds, agents, life_ticks=delay + 2)

    @property
    def _at_doors(self) -> BoolArray:
        there: BoolArray = np.equal(self.arrays["age"], self.delay + 1)
        return there

    def _start(self, rows: BoolArray) -> None:
        signs = (self._draw(rows) * self.doors).astype(np.int64)
        self.arrays["sign"] = np.where(rows, signs, self.arrays.get("sign", signs))

    def _play(self, actions: ActionArray, alive: BoolArray) -> tuple[NDArray[np.float32], BoolArray]:
        rewards = (self._at_doors & (actions == self.arrays["sign"] + 1)).astype(np.float32)
        return rewards, np.zeros_like(alive)

    def _write(self, batch: ObservationBatch) -> None:
        rows = np.arange(self.rows)
        batch.features[:] = 0
        batch.features[rows, self.arrays["sign"]] = np.equal(self.arrays["age"], 0)
        batch.features[:, -2] = self._at_doors
        batch.features[:, -1] = 1
        batch.action_mask[:] = False
        batch.action_mask[:, 0] = True
        batch.action_mask[self._at_doors] = True
