"""Towns for training: their experience, and recordings of what a policy or a teacher does in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from townlet.api import LearnerProtocol, ObservationSpec, PolicyBackendProtocol, RolloutMemory
from townlet.config.root import TownletConfig
from townlet.data import DatasetWriter, open_dataset
from townlet.envs.protocol import Engine
from townlet.executors import Executor
from townlet.minds.mixture import MixturePolicy
from townlet.minds.parts import Part
from townlet.observations import town_facts
from townlet.play import Admission, Casting, Job, Provenance, Role, Stage, Troupe
from townlet.play.effort import refuse_endless_recording
from townlet.play.mind_spec import LEARNER
from townlet.play.recording import origin_of
from townlet.play.reserve import refuse_taught_there
from townlet.play.stage import EngineFactory, town_engine, town_spec
from townlet.rollout import WORTH_A_THREAD, Side, Step, TrajectoryService, Watcher
from townlet.rollout.memory import refuse_what_does_not_fit
from townlet.training.demonstrations.cast_lesson import CastLesson
from townlet.training.demonstrations.labels import LabelRecorder, UniformPolicy, Witness
from townlet.training.experience.elsewhere import ExperienceElsewhere
from townlet.training.experience.fresh import FreshExperience, Room, group_count, group_seeds
from townlet.training.experience.source import ExperienceSource
from townlet.training.experience.staggered import StaggeredExperience
from townlet.training.experience.threads import town_threads
from townlet.training.learner.guarded import GuardedLearner
from townlet.training.results import RolloutSummary
from townlet.training.seeds import town_seeds

__all__ = ["Audience", "RolloutCaptureService"]

Audience = Callable[[Stage], Watcher]
"""Is told of the first group of towns that PPO gathers in, each time it is made; what it gives is shown each step."""


class RolloutCaptureService:
    """Makes towns, gathers experience in them and records what happens.

    Args:
        config: the town and how it is taught.
        engines: makes the towns.
        executor: where the towns of PPO live; in this process without.
        audience: who watches the towns of PPO, where they live in this process.
    """

    def __init__(
        self,
        config: TownletConfig,
        engines: EngineFactory = town_engine,
        executor: Executor | None = None,
        audience: Audience | None = None,
    ) -> None:
        self._audience = audience
        self._executor = executor
        self._config = config
        self._casting = Casting.of(config)
        self._engines = engines

    @cached_property
    def spec(self) -> ObservationSpec:
        """What the towns' observations mean."""
        if self._engines is town_engine:
            return town_spec(self._config)  # without a town, which may have to be compiled
        return self.engine((self._config.seed,)).spec

    def engine(self, seeds: Sequence[int], threads: int = 1) -> Engine:
        """Fresh towns, one a seed."""
        return self._engines(self._config, seeds, threads)

    def refuse_what_does_not_fit(self, mode: str) -> None:
        """Refuse a run whose rollouts take more memory than there is, before it begins. Raises ConfigError."""
        training = self._config.training
        stages = training.anneal.stages if mode == "anneal" else ()
        data = training.ppo.data if mode == "ppo" else mode
        if data in ("rollout", "mixed") or any(stage.mode == "ppo" for stage in stages):
            rollout = training.ppo.rollout
            rows = rollout.worlds * town_facts(self._config.town).agents
            refuse_what_does_not_fit(self.spec, rollout.ticks, rows)

    def experience(self, learner: LearnerProtocol) -> ExperienceSource:
        """On-policy experience of ``learner`` in the towns that training uses, in its roles of the config's cast."""
        rollout, seed = self._config.training.ppo.rollout, self._config.seed
        if not isinstance(learner, GuardedLearner):
            learner = GuardedLearner(learner, Provenance(requested=LEARNER, active=LEARNER))
        cast = self._casting.training_cast()
        if self._executor is not None:
            return ExperienceElsewhere(self._executor, learner, self._config, cast)
        troupe = Troupe.open(cast, self.spec, seed=seed, learner=Part(learner.policy, learner.provenance))
        stages = []
        for group in range(group_count(rollout)):
            job = Job(self._config, cast, group_seeds(rollout, seed, group), rollout.ticks, explore=True)
            threads = town_threads(rollout, len(job.seeds))
            stages.append(Stage(job, troupe=troupe, engines=self._engines, threads=threads))
        ends = np.cumsum([stage.engine.rows for stage in stages]).tolist()
        spans = self.spec.spans
        memory, own = learner.memory(self.spec, rollout.ticks, ends[-1], spans=spans)
        groups: list[FreshExperience] = []
        for group, stage in enumerate(stages):
            part = slice(ends[group] - stage.engine.rows, ends[group])
            room = Room(memory if own or len(stages) > 1 else None, part, spans)
            watcher = self._audience(stage) if self._audience is not None and group == 0 else None
            groups.append(FreshExperience(stage, rollout, seed, group=group, room=room, watcher=watcher))
        if len(groups) == 1:
            return groups[0]
        half = len(groups) // 2
        parts = [(stages[:half], groups[:half], 0), (stages[half:], groups[half:], ends[half - 1])]
        if min(ends[half - 1], ends[-1] - ends[half - 1]) < WORTH_A_THREAD:
            parts = [(stages, groups, 0)]  # nobody would live meanwhile, so all are decided for in one call
        sides = [self._side(*each, memory, troupe) for each in parts]
        return StaggeredExperience(groups, memory, named=own, sides=sides)

    def _side(
        self, stages: list[Stage], groups: list[FreshExperience], first: int, memory: RolloutMemory, troupe: Troupe
    ) -> Side:
        """Groups that are decided for together: in one call where one mind plays everybody."""
        loops = [group.loop for group in groups]
        if len(groups) == 1 or not troupe.cast.alone:
            return Side(loops)
        engines = [stage.engine for stage in stages]
        mind = troupe.runtime(self.spec, engines[0].agent_names)
        mind.start(engines[0].agents, [seed for engine in engines for seed in engine.policy_seeds()])
        rows = slice(first, first + sum(engine.rows for engine in engines))
        return Side(loops, mind, [memory.slot(tick, rows) for tick in range(memory.arrays.ticks)])

    def demonstrate(
        self,
        folder: Path,
        *,
        learner: PolicyBackendProtocol | None = None,
        teacher_ratio: float = 1.0,
        generation: int = 0,
        doing: Callable[[str, int, int], None] | None = None,
    ) -> Path:
        """Record what the configured teacher chooses; a recording that is whole already is used again.

        It plays the learner's roles of the config's cast, and only their rows are demonstrations.

        Args:
            folder: where the dataset goes.
            learner: takes the decisions that the teacher does not, drawn or greedily as the config says; what is
                recorded is what the teacher would have done, greedily (Ross, Gordon and Bagnell, "A reduction of
                imitation learning ... to no-regret online learning", AISTATS 2011).
            teacher_ratio: share of the decisions that the teacher takes.
            generation: other towns for another number.
            doing: told what is being recorded, how many ticks of it are done, and of how many.

        Raises:
            BackendError: if the teacher cannot run.
            KeyboardInterrupt: if a person stopped it; nothing is left then.
        """
        if (folder / "manifest.json").exists():
            return open_dataset(folder, verify=False, spec=self.spec).path
        wanted = self._config.training.demonstrations
        mind = self._casting.teaching(wanted)
        for single in mind.singles():
            if single.checkpoint is not None:
                instead = "let another one teach"
                refuse_taught_there(single.checkpoint.path, who=f"the teacher {single.requested!r}", instead=instead)
        teacher = Admission(where="training.demonstrations.teacher").open(mind, self.spec, seed=self._config.seed)
        beside: Callable[[Witness], PolicyBackendProtocol] | None = None
        if learner is not None and teacher_ratio < 1.0:
            beside = partial(MixturePolicy, learner=learner, ratio=1.0 - teacher_ratio)
        elif wanted.exploration > 0.0:
            beside = partial(MixturePolicy, learner=UniformPolicy(), ratio=wanted.exploration)
        lesson = CastLesson.of(
            self._casting.training_cast(), mind, teacher, open_other=self._open_beside, beside=beside
        )
        seeds = town_seeds(self._config.seed, "demonstrations", wanted.worlds, generation)
        job = Job(self._config, lesson.troupe.cast, seeds, wanted.ticks, explore=lesson.beside and not wanted.greedy)
        shorter = "lower training.demonstrations.worlds or training.demonstrations.ticks"
        refuse_endless_recording(job, folder, instead=(shorter, "or train in a folder on another disk"))
        watchers = [] if doing is None else [_counting(doing, f"recording {wanted.teacher}", job.ticks)]
        try:
            self._record(folder, job, lesson, watchers)
        finally:
            lesson.close()
        return folder

    def _open_beside(self, role: Role) -> Part:
        """A mind that plays beside the learner."""
        seed, town = self._config.seed, self._config.town
        return Admission().open(role.mind, self.spec, seed=seed, where=role.where, town=town)

    def capture(
        self, folder: Path, *, policy: str | None = None, ticks: int = 1000, explore: bool = False
    ) -> RolloutSummary:
        """Record what a policy, or the config's cast, does in the towns that training uses."""
        rollout = self._config.training.ppo.rollout
        seeds = town_seeds(self._config.seed, "rollout", rollout.worlds)
        return self._record(folder, Job(self._config, self._casting.cast(policy), seeds, ticks, explore=explore))

    def _record(
        self, folder: Path, job: Job, lesson: CastLesson | None = None, watchers: Sequence[Watcher] = ()
    ) -> RolloutSummary:
        """Record a job, whole or not at all; in a lesson, with the teacher's choices in place of what was done."""
        troupe = None if lesson is None else lesson.troupe
        threads = town_threads(self._config.training.ppo.rollout, len(job.seeds))
        with Stage(job, troupe=troupe, engines=self._engines, threads=threads) as stage:
            engine = stage.engine
            folder.parent.mkdir(parents=True, exist_ok=True)
            parts = len(engine.reward_part_names)
            origin = origin_of(stage, ("relabelled",) if lesson is not None and lesson.beside else ())
            if lesson is not None:
                origin = origin.model_copy(update={"teachers": lesson.teachers})
            with DatasetWriter(folder, spec=engine.spec, origin=origin) as writer:
                recorder = TrajectoryService(writer, engine.spec, engine.rows, reward_parts=parts)
                if lesson is not None:
                    recorder = LabelRecorder(writer, engine.spec, engine.rows, reward_parts=parts)
                    lesson.label(recorder, stage)
                if stage.run(job.ticks, sink=recorder, watchers=watchers).interrupted:
                    raise KeyboardInterrupt
                recorder.flush()
                manifest = writer.close(stage.kpis().summary())
            active, worlds = stage.runtime.active, engine.worlds
        return RolloutSummary(
            dataset=str(folder),
            policy=active,
            worlds=worlds,
            ticks=job.ticks,
            transitions=manifest.transitions,
            reward_mean=manifest.metrics.get("reward_mean", 0.0),
        )


def _counting(doing: Callable[[str, int, int], None], what: str, ticks: int) -> Watcher:
    """A watcher that tells how many ticks are done."""
    done = 0

    def counted(step: Step) -> None:
        nonlocal done
        del step
        done += 1
        doing(what, done, ticks)

    doing(what, 0, ticks)
    return counted
