"""What a study is to do, read from a config and checked before anything is played."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from townlet.config import TownletConfig
from townlet.errors import UsageError
from townlet.evaluation.names import higher_is_better, is_judged
from townlet.play import Casting
from townlet.play.reserve import refuse_reserved
from townlet.training.learner.choice import learner_name
from townlet.tuning.constraints import Constraint, check_objective, parse_constraints
from townlet.tuning.fields import Value
from townlet.tuning.results import StudyTowns, TownRange
from townlet.tuning.space import Space, space_of
from townlet.tuning.trials import TrialJob, with_values

__all__ = ["StudyPlan", "plan_of"]


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """A study, before its first trial.

    Attributes:
        config: the town, the policy, and the section ``tuning``.
        space: what varies.
        constraints: bounds to keep.
        towns: which towns decide what.
        maximise: whether more of the objective is better.
    """

    config: TownletConfig
    space: Space
    constraints: tuple[Constraint, ...]
    towns: StudyTowns
    maximise: bool

    def job(
        self, values: Mapping[str, Value], number: int, towns: TownRange, folder: Path, *, elsewhere: bool = False
    ) -> TrialJob:
        """The job that plays the settings of trial ``number`` on some towns; what it trains lies in the study's folder.

        Args:
            values: the settings.
            number: of the trial.
            towns: which ones.
            folder: the study's.
            elsewhere: whether it is done where this machine's files cannot be seen.

        Raises:
            ConfigError: if the config refuses the settings.
            CheckpointError: if a checkpoint that plays cannot be read.
        """
        config, trains = with_values(self.config, values), self.space.trains
        training = folder / "training" / f"{number:05d}"
        best = training / "checkpoints" / "best"
        job = TrialJob(
            config=config.model_dump_json(),
            seeds=towns.seeds(),
            days=self.towns.days,
            train=self.config.tuning.train_mode if trains else None,
            folder=str(training) if trains else None,
            elsewhere=elsewhere,
        )
        if not elsewhere or (trains and not best.exists()):
            return job
        name = f"{learner_name(config)}:{best}" if trains else None
        cast = Casting.of(config).cast(name)
        stored = {one.checkpoint for mind in cast.minds for one in mind.singles() if one.checkpoint is not None}
        parcels = tuple(each.read() for each in sorted(stored, key=lambda each: each.digest))
        return replace(job, train=None, folder=None, cast=json.dumps(cast.to_json()), parcels=parcels)


def plan_of(config: TownletConfig) -> StudyPlan:
    """The study that the section ``tuning`` of a config describes.

    Raises:
        UsageError: for a policy without options of its own, settings that do not exist or cannot vary, constraints
            that cannot be met, an objective that cannot be one, towns that would be both tuned on and judged on,
            or towns that are held out.
        ConfigError, BackendError: if the policy's options cannot be read.
    """
    settings = config.tuning
    policy = config.policy.backend
    if policy.partition(":")[0] in ("mixture", "release", "stub"):
        raise UsageError(
            f"{policy!r} has no options to tune",
            where="policy.backend",
            details=("name a backend, or a backend with a checkpoint:  --policy scripted",),
        )
    objective = check_objective(settings.objective)
    if not is_judged(objective):
        raise UsageError(f"neither more nor less of {objective!r} is better", where="tuning.objective")
    first, tuned = settings.first_seed, settings.seeds
    towns = StudyTowns(
        tuned_on=TownRange(first_seed=first, towns=tuned),
        finals=TownRange(first_seed=first + tuned, towns=settings.final_seeds),
        judged_on=TownRange(first_seed=config.evaluation.first_seed, towns=settings.judge_seeds),
        days=settings.days,
    )
    if towns.judged_on.overlaps(towns.tuned_on) or towns.judged_on.overlaps(towns.finals):
        raise UsageError(
            "the towns tuned on overlap those judged on",
            where="tuning.first_seed",
            details=(
                f"tuned on from {first} to {first + tuned + settings.final_seeds - 1}, judged on from "
                f"evaluation.first_seed, {towns.judged_on.first_seed}, to {towns.judged_on.seeds()[-1]}",
                "change one of the two first seeds",
            ),
        )
    refuse_reserved(config, (*towns.tuned_on.seeds(), *towns.finals.seeds()), what="tuned")
    return StudyPlan(
        config, space_of(config, settings.search), parse_constraints(settings.constraints), towns,
        maximise=higher_is_better(objective),
    )  # fmt: skip
