"""Experience from fresh rollouts of towns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from townlet.api import FloatArray, RolloutMemory
from townlet.config.rewards import SocialStage
from townlet.config.training import RolloutConfig
from townlet.envs.protocol import Engine
from townlet.errors import CheckpointError
from townlet.play import Stage
from townlet.rollout import Collector, LoopOutcome, RolloutBuffer, RolloutStats, SimulationLoop, Watcher
from townlet.storage import map_tensors
from townlet.training.experience.lost_days import LostDays
from townlet.training.experience.source import Gathered, stored_count
from townlet.training.seeds import town_seeds

__all__ = ["FreshExperience", "Room", "SocialStages", "group_count", "group_seeds"]

_COUNTERS = {
    "queue_conflicts": "conflict",
    "queue_conflict_intensity": "conflict_intensity",
    "conflicts_avoided": "conflict_avoided",
    "chats": "chat_ok",
    "chats_failed": "chat_failed",
    "shared_meals": "shared_meal",
    "shift_takeovers": "takeover",
}


def group_seeds(config: RolloutConfig, seed: int, group: int, generation: int = 0) -> tuple[int, ...]:
    """Seeds of the towns of one group of a generation; no other group of it has them. Groups are nearly equal."""
    seeds = town_seeds(seed, "rollout", config.worlds, generation)
    first, last = (config.worlds * number // group_count(config) for number in (group, group + 1))
    return seeds[first:last]


def group_count(config: RolloutConfig) -> int:
    """Groups of towns: as many as asked for, but none without a town."""
    return min(config.groups, config.worlds)


@runtime_checkable
class SocialStages(Protocol):
    """What an engine adds whose reward has a social stage."""

    def set_social_stage(self, stage: str) -> None:
        """Reward by this stage from now on."""
        ...


@dataclass(frozen=True, slots=True)
class Room:
    """Where one group's part of a rollout is written.

    Attributes:
        memory: of all groups; None: arrays of the group's own.
        part: the group's rows in it; None: all.
        spans: decisions span ticks.
    """

    memory: RolloutMemory | None = None
    part: slice | None = None
    spans: bool = False


class FreshExperience:
    """On-policy rollouts: the policy acts in towns and sees what comes of it.

    Towns live on from piece to piece. At ``config.episode_ticks`` (rounded up to whole pieces) all are replaced
    by fresh ones; that cut is a truncation, so the value of what would have come next stands for it.

    Args:
        stage: fresh towns, with the learner in its roles; it draws its actions.
        config: sizes.
        seed: seed that later generations of towns are derived from.
        group: which of the config's groups of towns this is; the earlier ones are replaced earlier the first time.
        room: where the rollout is written; arrays of its own without.
        watcher: is shown each step; it only looks.
    """

    def __init__(
        self,
        stage: Stage,
        config: RolloutConfig,
        seed: int,
        *,
        group: int = 0,
        room: Room | None = None,
        watcher: Watcher | None = None,
    ) -> None:
        self._stage = stage
        self._engine: Engine = stage.engine
        self._group = group
        self._runtime = stage.runtime
        self._config = config
        self._seed = seed
        self._generation = 0
        engine = stage.engine
        parts = len(engine.reward_part_names)
        room = Room() if room is None else room
        self._buffer = RolloutBuffer(
            engine.spec,
            config.ticks,
            engine.rows,
            reward_parts=parts,
            spans=room.spans,
            memory=room.memory,
            part=room.part,
        )
        self._spans = room.spans
        self._collector = Collector(
            engine, self._runtime, self._buffer, rows=stage.learner_rows(), state=stage.learner_state
        )
        self._lost_days = LostDays(engine, config.ticks, engine.rows)
        self._watchers: tuple[Watcher, ...] = (self._lost_days,) if self._lost_days.known else ()
        self._watchers += () if watcher is None else (watcher,)
        self._returns = np.zeros(engine.rows, np.float64)
        self._whole = np.zeros(engine.rows, np.bool_)
        self._before: Mapping[str, float] = {}

    @property
    def as_written(self) -> bool:
        """Whether batches are what was written: each agent decides on each tick, and the learner plays everybody."""
        return self._collector.rows is None and not self._spans

    def gather(self, gamma: float, price: float | None = None) -> Gathered:
        """``config.ticks`` ticks of all rows."""
        self.begin()
        return self.finish(self.loop.run(self._config.ticks, self.watchers), gamma, price)

    @property
    def loop(self) -> SimulationLoop:
        """What is to be run for ``config.ticks`` ticks between :meth:`begin` and :meth:`finish`."""
        return self._collector.loop

    @property
    def watchers(self) -> tuple[Watcher, ...]:
        """Who is to be shown each of its ticks."""
        return self._watchers

    def begin(self) -> None:
        """Get ready for a piece: fresh towns where it is time, and note how the towns stand."""
        if self._engine.tick >= self._life:
            self._renew()
        self._before = self._engine.kpis().totals()
        self._lost_days.begin()
        self._collector.begin()

    def finish(self, outcome: LoopOutcome, gamma: float, price: float | None = None) -> Gathered:
        """The piece that was lived through since :meth:`begin`; as :meth:`gather`."""
        stats = self._collector.finish(outcome)
        if stats.interrupted:
            raise KeyboardInterrupt
        after = self._engine.kpis()
        spent = {name: value - self._before[name] for name, value in after.totals().items()}
        metrics = self._describe(stats, spent, after.day_ticks)
        arrays = self._buffer.arrays()
        returns = self._finished_returns(arrays)
        if returns:
            metrics["return_mean"] = float(np.mean(returns))
        if price is not None:  # what is reported is the town's own reward
            self._lost_days.charge(arrays["rewards"], price)
        batch = self._buffer.batch(gamma=gamma, played=self._collector.rows)
        return Gathered(batch, stats.decisions, metrics)

    def set_social_stage(self, stage: SocialStage) -> None:
        """Reward by this stage from the next piece on."""
        if isinstance(self._engine, SocialStages):
            self._engine.set_social_stage(stage)

    def save(self, folder: Path) -> None:
        """Towns, the policy's memory and the sums of lives under way."""
        (folder / "engine").mkdir()
        self._engine.save(folder / "engine")
        arrays = {f"state.{name}": np.ascontiguousarray(a) for name, a in self._runtime.state_arrays().items()}
        arrays |= {"returns": self._returns, "whole": self._whole.astype(np.uint8)}
        save_file(arrays, folder / "experience.safetensors")
        (folder / "experience.json").write_text(
            json.dumps({"schema": 1, "generation": self._generation}), encoding="utf-8"
        )

    def load(self, folder: Path) -> None:
        """Continue from what :meth:`save` wrote."""
        if not (folder / "experience.json").exists():
            raise CheckpointError("the checkpoint holds no towns to continue in", where=str(folder))
        stored = map_tensors(folder / "experience.safetensors", error=CheckpointError).arrays
        arrays = {name: np.array(array) for name, array in stored.items()}  # views of a file cannot be written to
        if not {"returns", "whole"} <= set(arrays):
            raise CheckpointError("the towns of the checkpoint lack what was under way", where=str(folder))
        self._engine.load(folder / "engine")
        state = {name.removeprefix("state."): a for name, a in arrays.items() if name.startswith("state.")}
        self._runtime.restore(self._engine.agents, self._engine.policy_seeds(), state)
        self._returns, self._whole = arrays["returns"], arrays["whole"].astype(np.bool_)
        self._generation = stored_count(folder / "experience.json", "generation")
        self._begin()

    @property
    def _learners(self) -> int:
        """Rows that the learner plays; at least 1."""
        rows = self._collector.rows
        return self._engine.rows if rows is None else max(1, int(rows.sum()))

    @property
    def _life(self) -> int:
        """Age at which the present towns are replaced, ticks."""
        if self._generation:
            return self._config.episode_ticks
        return self._config.episode_ticks * (self._group + 1) // group_count(self._config)

    def _renew(self) -> None:
        self._generation += 1
        self._stage.reset(group_seeds(self._config, self._seed, self._group, self._generation))
        self._begin()
        self._returns[:] = 0.0
        self._whole[:] = False

    def _begin(self) -> None:
        """Take note of other towns."""
        self._collector.rows = self._stage.learner_rows()
        self._collector.refresh()

    def _describe(self, stats: RolloutStats, spent: Mapping[str, float], day_ticks: int) -> dict[str, float]:
        days = max(1, stats.agent_steps) / day_ticks
        mine = True if self._collector.rows is None else self._collector.rows
        lost = {"lost_days": float((self._lost_days.lost & mine).sum()) / days} if self._lost_days.known else {}
        return {
            **lost,
            "reward_mean": stats.reward,
            "lives_ended": float(stats.terminated),
            "active_share": stats.agent_steps / (stats.ticks * self._learners),
            "deciding_seconds": round(stats.deciding_seconds, 4),
            "town_seconds": round(stats.town_seconds, 4),
            **{f"reward_{name}": value for name, value in stats.reward_parts.items()},
            **{name: spent[measure] / days for name, measure in _COUNTERS.items() if measure in spent},
        }

    def _finished_returns(self, arrays: Mapping[str, NDArray[Any]]) -> list[float]:
        """Returns of the lives that ended, of those that were seen from their beginning."""
        finished: list[float] = []
        rewards, starts, ends = arrays["rewards"], arrays["episode_start"], arrays["terminated"]
        mine = True if self._collector.rows is None else self._collector.rows
        done = 0  # few ticks begin or end a life: those between are added at once
        for tick in np.flatnonzero(starts.any(axis=1) | ends.any(axis=1)).tolist():
            self._earn(rewards[done:tick])
            self._returns[starts[tick]] = 0.0
            self._whole |= starts[tick]
            self._returns += rewards[tick]
            finished.extend(self._returns[ends[tick] & self._whole & mine].tolist())
            done = tick + 1
        self._earn(rewards[done:])
        return finished

    def _earn(self, rewards: FloatArray) -> None:
        """Add up rewards ``[T, N]``, tick after tick as if each came alone."""
        self._returns = np.add.reduce(np.concatenate([self._returns[None], rewards]), axis=0)
