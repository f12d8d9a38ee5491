"""Towns for training: their experience, and recordings of what a policy or a teacher does in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from townlet.api import (
    LearnerProtocol,
    ObservationSpec,
    PolicyBackendProtocol,
    RemembersRollouts,
    RolloutArrays,
    RolloutMemory,
)
from townlet.config.root import TownletConfig
from townlet.data import DatasetOrigin, DatasetWriter, open_dataset
from townlet.envs.protocol import Engine
from townlet.minds.activation import PolicySource, activate
from townlet.minds.mixture import MixturePolicy
from townlet.minds.policy_names import parse_policy
from townlet.minds.runtime import PolicyRuntime
from townlet.rollout import ArrayMemory, SimulationLoop, TrajectoryService
from townlet.training.experience import Experience, FreshExperience, Room, group_count, group_seeds
from townlet.training.results import RolloutSummary
from townlet.training.schedules import town_seeds
from townlet.training.staggered import StaggeredExperience
from townlet.training.teaching import LabelRecorder, UniformPolicy, Witness

__all__ = ["EngineFactory", "RolloutCaptureService", "town_engine"]

EngineFactory = Callable[[TownletConfig, Sequence[int], int], Engine]
"""From a config, one seed a world and a number of threads to freshly reset towns."""


def town_engine(config: TownletConfig, seeds: Sequence[int], threads: int) -> Engine:
    """Towns as the config describes them."""
    from townlet.envs import TownEngine  # brings numba, which importing the strategies must not need

    return TownEngine(config, seeds, threads=threads)


class RolloutCaptureService:
    """Makes towns, gathers experience in them and records what happens.

    Args:
        config: the town and how it is taught.
        engines: makes the towns.
    """

    def __init__(self, config: TownletConfig, engines: EngineFactory = town_engine) -> None:
        self._config = config
        self._engines = engines

    @cached_property
    def spec(self) -> ObservationSpec:
        """What the towns' observations mean."""
        return self.engine((self._config.seed,)).spec

    def engine(self, seeds: Sequence[int], threads: int = 1) -> Engine:
        """Fresh towns, one a seed."""
        return self._engines(self._config, seeds, threads)

    def experience(self, learner: LearnerProtocol, provenance: Mapping[str, object] | None = None) -> Experience:
        """On-policy experience of ``learner`` in the towns that training uses."""
        rollout, seed = self._config.training.ppo.rollout, self._config.seed
        engines = [
            self.engine(group_seeds(rollout, seed, group), rollout.threads) for group in range(group_count(rollout))
        ]
        ends = np.cumsum([engine.rows for engine in engines]).tolist()
        spans, own = not engines[0].observe().everybody_asked, isinstance(learner, RemembersRollouts)
        memory: RolloutMemory
        if isinstance(learner, RemembersRollouts):
            memory = learner.rollout_memory(rollout.ticks, ends[-1], spans=spans)
        else:
            memory = ArrayMemory(RolloutArrays.empty(self.spec, rollout.ticks, ends[-1], spans=spans))
        groups: list[FreshExperience] = []
        for group, engine in enumerate(engines):
            runtime = PolicyRuntime(learner.policy, engine.spec, provenance)
            room = Room(
                memory if own or len(engines) > 1 else None, slice(ends[group] - engine.rows, ends[group]), spans
            )
            groups.append(FreshExperience(engine, runtime, rollout, seed, group=group, room=room))
        return groups[0] if len(groups) == 1 else StaggeredExperience(groups, memory, named=own)

    def demonstrate(
        self,
        folder: Path,
        *,
        learner: PolicyBackendProtocol | None = None,
        teacher_ratio: float = 1.0,
        generation: int = 0,
    ) -> Path:
        """Record what the configured teacher chooses; a recording that is whole already is used again.

        Args:
            folder: where the dataset goes.
            learner: takes the decisions that the teacher does not; what is recorded is what the teacher would
                have done (Ross, Gordon and Bagnell, "A reduction of imitation learning ... to no-regret online
                learning", AISTATS 2011).
            teacher_ratio: share of the decisions that the teacher takes.
            generation: other towns for another number.

        Raises:
            BackendError: if the teacher cannot run.
            KeyboardInterrupt: if a person stopped it; nothing is left then.
        """
        if (folder / "manifest.json").exists():
            return open_dataset(folder, verify=False, spec=self.spec).path
        wanted = self._config.training.demonstrations
        source = PolicySource(spec=self.spec, options=wanted.teacher_options, seed=self._config.seed)
        teacher = activate(parse_policy(wanted.teacher, where="training.demonstrations.teacher"), source)
        witness = Witness(teacher.policy)
        actor: PolicyBackendProtocol = witness
        if learner is not None and teacher_ratio < 1.0:
            actor = MixturePolicy(witness, learner, 1.0 - teacher_ratio)
        elif wanted.exploration > 0.0:
            actor = MixturePolicy(witness, UniformPolicy(), wanted.exploration)
        seeds = town_seeds(self._config.seed, "demonstrations", wanted.worlds, generation)
        runtime = PolicyRuntime(actor, self.spec, teacher.provenance)
        tags = () if actor is witness else ("relabelled",)
        self._record(folder, runtime, seeds, wanted.ticks, witness=witness, tags=tags)
        return folder

    def capture(
        self, folder: Path, *, policy: str | None = None, ticks: int = 1000, explore: bool = False
    ) -> RolloutSummary:
        """Record what a policy (the config's by default) does in the towns that training uses."""
        runtime = PolicyRuntime.from_config(self._config, self.spec, backend=policy)
        rollout = self._config.training.ppo.rollout
        seeds = town_seeds(self._config.seed, "rollout", rollout.worlds)
        return self._record(folder, runtime, seeds, ticks, explore=explore)

    def _record(
        self,
        folder: Path,
        runtime: PolicyRuntime,
        seeds: Sequence[int],
        ticks: int,
        *,
        witness: Witness | None = None,
        explore: bool = False,
        tags: Sequence[str] = (),
    ) -> RolloutSummary:
        engine = self.engine(seeds, self._config.training.ppo.rollout.threads)
        origin = DatasetOrigin(
            config=self._config.model_dump(mode="json"),
            config_id=self._config.config_id,
            policy=runtime.provenance(),
            seeds=tuple(seeds),
            agents=engine.agents,
            agent_names=engine.agent_names,
            reward_parts=engine.reward_part_names,
            tags=tuple(tags),
        )
        folder.parent.mkdir(parents=True, exist_ok=True)
        parts = len(engine.reward_part_names)
        with DatasetWriter(folder, spec=engine.spec, origin=origin) as writer:
            recorder = TrajectoryService(writer, engine.spec, engine.rows, reward_parts=parts)
            if witness is not None:
                recorder = LabelRecorder(writer, engine.spec, engine.rows, reward_parts=parts)
                recorder.teacher = witness
            loop = SimulationLoop(engine, runtime, explore=explore or bool(tags), recorder=recorder)
            if loop.run(ticks).interrupted:
                raise KeyboardInterrupt
            recorder.flush()
            manifest = writer.close(engine.kpis().summary())
        return RolloutSummary(
            dataset=str(folder),
            policy=runtime.active,
            worlds=engine.worlds,
            ticks=ticks,
            transitions=manifest.transitions,
            reward_mean=manifest.metrics.get("reward_mean", 0.0),
        )
