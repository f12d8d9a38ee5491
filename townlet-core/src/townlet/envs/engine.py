"""``TownEngine``: towns stepped together, with what their agents see, earn and are measured by."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from time import perf_counter

import numpy as np

from townlet.api import ActionArray, BoolArray, ObservationBatch, ObservationSpec
from townlet.config.rewards import REWARD_PARTS, SOCIAL_STAGES
from townlet.config.root import TownletConfig
from townlet.envs import kernel
from townlet.envs.names import slot_names
from townlet.envs.protocol import StepResult
from townlet.envs.snapshot import load_engine, save_engine
from townlet.errors import BackendContractError, ContractError, TownletError, UsageError
from townlet.observations import build_spec
from townlet.observations.surroundings import build_surroundings
from townlet.observations.writer import sheets_of
from townlet.rewards.state import new_earnings, new_reward_state, settings_of
from townlet.telemetry.accumulate import Pay, begin_counters, new_counters
from townlet.telemetry.kpis import TownKpis
from townlet.telemetry.reading import read_kpis
from townlet.world import invariants
from townlet.world.compile_town import compile_town
from townlet.world.compiled import jit_enabled
from townlet.world.names import FACILITY_KINDS, STREAM_POLICY
from townlet.world.start import new_state, reset_world
from townlet.world.tables import Town
from townlet.world.views import Bound, bind

__all__ = ["TownEngine"]

_NO_ACTIONS = np.zeros(0, np.int64)


class TownEngine:
    """``W`` towns of one config, one seed each, stepped together (see :class:`~townlet.envs.protocol.Engine`).

    What a town does depends on its seed and its actions only: neither on the other towns nor on ``threads``.

    Args:
        config: the town.
        seeds: one a world.
        threads: how many threads step the worlds; more than one pays from some 32 worlds on.
        social_stage: ``"OFF"``, ``"C1"``, ``"C2"`` or ``"C3"``; the config's without.
        check: look for violated invariants of the state after every step (slow).

    Raises:
        ConfigError: if map, affordances or economy of the config are refused.
        UsageError: without a seed, or with fewer than one thread.
    """

    def __init__(
        self,
        config: TownletConfig,
        seeds: Sequence[int],
        *,
        threads: int = 1,
        social_stage: str | None = None,
        check: bool = False,
    ) -> None:
        if not seeds or threads < 1:
            raise UsageError(f"an engine needs at least one seed and one thread, found {len(seeds)} and {threads}")
        self.config = config
        self.spec: ObservationSpec = build_spec(config)
        self.town: Town = compile_town(config.town)
        self.tables = self.town.tables
        self.seeds: tuple[int, ...] = tuple(int(seed) for seed in seeds)
        self.worlds, self.agents = len(self.seeds), self.town.agents
        self.rows = self.worlds * self.agents
        self.threads = min(threads, self.worlds)
        self.check = check
        self.policy_name = "the policy"
        self.agent_names: tuple[str, ...] = slot_names(self.agents)
        self.reward_part_names: tuple[str, ...] = REWARD_PARTS
        self.state = new_state(self.town, self.seeds)
        self.memory = new_reward_state(self.worlds, self.agents, social_stage or config.rewards.social_stage)
        self.counters = new_counters(self.worlds, self.agents, self.tables)
        self._earnings = new_earnings(self.rows)
        self._mask = np.zeros((self.rows, self.spec.action_count), np.bool_)
        self._asked = np.zeros(self.rows, np.bool_)
        self._contents = bind(
            kernel.Contents(
                state=self.state,
                tables=self.tables,
                surroundings=build_surroundings(
                    self.tables, config.observation.variant, config.observation.window, self.threads
                ),
                settings=settings_of(config.rewards),
                memory=self.memory,
                earnings=self._earnings,
                pay=Pay(self._earnings.rewards, self._earnings.parts, self._earnings.clipped),
                counters=self.counters,
                mask=self._mask,
                asked=self._asked,
            )
        )
        self._batch = ObservationBatch.empty(self.spec, self.rows)
        self._sheets = bind(sheets_of(self._batch))
        self._elsewhere = bind(sheets_of(self._batch))  # pointed at the caller's arrays, step by step
        self._never = np.zeros(self.rows, np.bool_)
        self._result = self._result_with(self._batch)
        self._pool = ThreadPoolExecutor(self.threads - 1, "town") if self.threads > 1 else None
        self._shares = _shares(self.worlds, self.threads)
        self._ticks = 0
        self._seconds = 0.0
        self._begin()

    @property
    def tick(self) -> int:
        """Ticks since the last reset."""
        return self._ticks

    @property
    def asked(self) -> BoolArray:
        """Whose next action counts: bool ``[N]``, all who live in the space ``primitive``. A view; do not write."""
        return self._asked

    @property
    def sufficient(self) -> BoolArray:
        """Who has lived here since the day began without a need falling to 0.3: bool ``[N]``. A view; do not write."""
        return self.counters.sufficient.reshape(-1)

    @property
    def social_stage(self) -> str:
        """The social stage of the rewards in force."""
        return SOCIAL_STAGES[int(self.memory.stage[0])]

    def set_social_stage(self, stage: str) -> None:
        """Change the social stage from the next step on. Raises UsageError for an unknown one."""
        if stage not in SOCIAL_STAGES:
            raise UsageError(f"unknown social stage {stage!r}", details=[f"choose from {', '.join(SOCIAL_STAGES)}"])
        self.memory.stage[0] = SOCIAL_STAGES.index(stage)

    def reset(self, seeds: Sequence[int] | None = None) -> ObservationBatch:
        """Fresh towns, with the same seeds or as many others. Raises UsageError for another number."""
        chosen = self.seeds if seeds is None else tuple(int(seed) for seed in seeds)
        if len(chosen) != self.worlds:
            raise UsageError(f"this engine steps {self.worlds} worlds, found {len(chosen)} seeds")
        self.seeds = chosen
        for w, seed in enumerate(chosen):
            reset_world(self.state, self.town, w, seed)
        self._ticks, self._seconds = 0, 0.0
        return self._begin()

    def observe(self, into: ObservationBatch | None = None) -> ObservationBatch:
        """What the rows see now, written into ``into`` or into the engine's own buffer."""
        batch, sheets = self._target(into)
        kernel.advance(self._contents.ref, sheets.ref, _NO_ACTIONS, 0, self.worlds, 0)
        return batch

    def step(self, actions: ActionArray, into: ObservationBatch | None = None) -> StepResult:
        """One tick of every town; see :meth:`townlet.envs.protocol.Engine.step`.

        The arrays of the result but for ``into`` are written again by the next step.
        """
        started = perf_counter()
        if actions.shape != (self.rows,) or actions.dtype != np.int64:
            raise ContractError(f"actions must be int64 [{self.rows}], found {actions.dtype} {list(actions.shape)}")
        forbidden = kernel.first_forbidden(self._contents.ref, actions)
        if forbidden >= 0:
            raise self._refusal(forbidden, int(actions[forbidden]))
        batch, sheets = self._target(into)
        if self._pool is None:
            kernel.advance(self._contents.ref, sheets.ref, actions, 0, self.worlds, 0)
        else:
            self._advance_in_threads(self._pool, sheets, actions)
        self._ticks += 1
        self._seconds += perf_counter() - started
        if self.check:
            self.assert_sound()
        return self._result if into is None else self._result_with(batch)

    def assert_sound(self) -> None:
        """Raise TownletError if an invariant of the state is violated."""
        broken = invariants.check(self.state, self.tables)
        if broken:
            raise TownletError(f"the state of the town is unsound at tick {self._ticks}", details=broken[:10])

    def policy_seeds(self) -> list[int]:
        """One seed a world, below 2**63, from its ``policy`` stream."""
        return [int(key >> np.uint64(1)) for key in self.state.streams.key[:, STREAM_POLICY]]

    def kpis(self) -> TownKpis:
        """What was measured since the last reset."""
        return read_kpis(
            self.counters,
            agent_names=self.agent_names,
            day_ticks=self.tables.rules.day_ticks,
            ticks=self._ticks,
            seconds=self._seconds,
        )

    def save(self, path: Path) -> None:
        """Write everything that the future depends on into the folder ``path``."""
        save_engine(self, path)

    def load(self, path: Path) -> None:
        """Continue from what :meth:`save` wrote. Raises SnapshotError, with nothing changed, if it does not fit."""
        load_engine(self, path)

    def restored(self, seeds: tuple[int, ...], ticks: int) -> None:
        """Note that the arrays have been filled from a snapshot."""
        self.seeds, self._ticks, self._seconds = seeds, ticks, 0.0
        self.observe()

    def close(self) -> None:
        """End the engine's threads."""
        if self._pool is not None:
            self._pool.shutdown()

    def _begin(self) -> ObservationBatch:
        kernel.begin(self._contents.ref)
        begin_counters(self.state, self.counters)
        return self.observe()

    def _advance_in_threads(self, pool: ThreadPoolExecutor, sheets: Bound, actions: ActionArray) -> None:
        contents = self._contents.ref
        others = [
            pool.submit(kernel.advance, contents, sheets.ref, actions, first, last, thread)
            for thread, (first, last) in enumerate(self._shares[1:], start=1)
        ]
        first, last = self._shares[0]
        kernel.advance(contents, sheets.ref, actions, first, last, 0)
        for other in others:
            other.result()

    def _target(self, into: ObservationBatch | None) -> tuple[ObservationBatch, Bound]:
        if into is None or into is self._batch:
            return self._batch, self._sheets
        self._check_target(into)
        sheets = sheets_of(into)
        if not jit_enabled():
            return into, bind(sheets)
        kernel.retarget(self._elsewhere.table, sheets)
        return into, self._elsewhere

    def _check_target(self, into: ObservationBatch) -> None:
        mine = self._batch
        fits = (
            into.map.shape == mine.map.shape
            and into.features.shape == mine.features.shape
            and into.action_mask.shape == mine.action_mask.shape
            and into.map.flags.c_contiguous
            and into.features.flags.c_contiguous
            and into.action_mask.flags.c_contiguous
            and into.active.flags.c_contiguous
            and into.episode_start.flags.c_contiguous
            and into.asked.flags.c_contiguous
            and into.everybody_asked == mine.everybody_asked
        )
        if not fits:
            raise ContractError(
                "observations must be written into contiguous arrays of this engine's shapes",
                details=[
                    f"map {list(mine.map.shape)}, features {list(mine.features.shape)}, "
                    f"asked {'that of active' if mine.everybody_asked else 'an array of its own'}"
                ],
            )

    def _result_with(self, batch: ObservationBatch) -> StepResult:
        pay = self._earnings
        return StepResult(batch, pay.rewards, pay.parts, pay.terminated, self._never)

    def _refusal(self, row: int, action: int) -> BackendContractError:
        world, agent = divmod(row, self.agents)
        names = self.spec.action_names
        chosen = names[action] if 0 <= action < len(names) else str(action)
        possible = ", ".join(name for name, yes in zip(names, self._mask[row], strict=True) if yes)
        details = [f"tick {self._ticks}, row {row}; the action mask allows {possible}"]
        if chosen in FACILITY_KINDS and FACILITY_KINDS.index(chosen) not in self.tables.map.object_kind:
            details.append(f"the map {self.config.town.map!r} has no {chosen}: this goal is never possible there")
        return BackendContractError(
            f"{self.policy_name} chose {chosen!r} for {self.agent_names[agent]} of world {world}: not possible now",
            details=details,
        )


def _shares(worlds: int, threads: int) -> list[tuple[int, int]]:
    """Consecutive worlds for each thread, as even as can be."""
    edges = [worlds * t // threads for t in range(threads + 1)]
    return list(pairwise(edges))
