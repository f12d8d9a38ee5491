"""One trial: settings, played (and where need be trained) on the study's towns. A job is a value, and can travel."""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from townlet.config import TownletConfig
from townlet.config.execution import ExecutionConfig
from townlet.config.tuning import TuningMode
from townlet.errors import ConfigError, TrainingError
from townlet.evaluation import EvaluationResult, evaluate
from townlet.executors import open_executor
from townlet.executors.files import FileContents, read_folder, scratch
from townlet.play import Admission, Cast, Casting, Parcel
from townlet.plugins import validate_options
from townlet.tuning.fields import Value
from townlet.tuning.space import OPTIONS

__all__ = ["JobMap", "TrialJob", "TrialOutcome", "job_map", "play_trial", "refusal", "with_values"]

_SIDE_BY_SIDE = 64
"""Towns stepped together at most, where the config says less: the result does not depend on it, the speed does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialJob:
    """What one trial is to do. Nothing live in it: it can be sent to another process.

    Attributes:
        config: with the trial's settings in it, as JSON.
        seeds: one a town.
        days: length of each town's life.
        train: mode of training where the trial trains first, else None.
        folder: where it trains, as text; None where it does not.
        elsewhere: whether that folder cannot be seen where the job is done: what is trained comes back as bytes.
        cast: who plays, as JSON; None for the policy of the config, or what was trained.
        parcels: the checkpoints that they act from.
    """

    config: str
    seeds: tuple[int, ...]
    days: float
    train: TuningMode | None = None
    folder: str | None = None
    elsewhere: bool = False
    cast: str | None = None
    parcels: tuple[Parcel, ...] = ()


@dataclass(frozen=True, slots=True)
class TrialOutcome:
    """The result: the evaluation, or why there is none (one line).

    ``trained`` holds the files of the training run that was made elsewhere, for the folder of the job.
    """

    evaluation: EvaluationResult | None
    error: str | None = None
    trained: FileContents | None = None


JobMap = Callable[[Callable[[TrialJob], TrialOutcome], Sequence[TrialJob]], Iterable[TrialOutcome]]
"""Where trials run: outcomes in the order of the jobs. The one place where another executor comes in."""


def with_values(config: TownletConfig, values: Mapping[str, Value]) -> TownletConfig:
    """The config with some of its settings replaced.

    Args:
        config: to start from.
        values: key of the config, such as ``policy.options.eat_below``, to its value.

    Raises:
        ConfigError: if the config refuses them.
    """
    from pydantic import ValidationError

    document = config.model_dump(mode="json")
    for key, value in values.items():
        *path, last = key.split(".")
        node = document
        for part in path:
            node = node[part]
        node[last] = value
    try:
        return TownletConfig.model_validate(document)
    except ValidationError as error:
        fault = error.errors()[0]
        raise ConfigError(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}") from None


def refusal(config: TownletConfig, values: Mapping[str, Value]) -> str | None:
    """Why these settings are refused together (a rule over several of them), or None where they are not."""
    try:
        changed = with_values(config, values)
        if any(key.startswith(f"{OPTIONS}.") for key in values):
            validate_options(changed.policy.backend.partition(":")[0], changed.policy.options)
    except ConfigError as error:
        return error.summary
    return None


def play_trial(job: TrialJob) -> TrialOutcome:
    """Train where the job says so, then play its towns.

    Training that breaks down and settings that training refuses are outcomes; everything else is raised.

    Raises:
        BackendError, CheckpointError: if the policy cannot run.
    """
    config = TownletConfig.model_validate_json(job.config)
    if job.train is None:
        return TrialOutcome(_evaluated(config, job))
    assert job.folder is not None
    if not job.elsewhere:
        return _trained_and_evaluated(config, job, Path(job.folder))
    with tempfile.TemporaryDirectory(prefix="townlet-trial-") as place:
        outcome = _trained_and_evaluated(config, job, Path(place) / "run")
        made = (Path(place) / "run" / "run.json").exists()
        return replace(outcome, trained=read_folder(Path(place) / "run") if made else None)


def _trained_and_evaluated(config: TownletConfig, job: TrialJob, folder: Path) -> TrialOutcome:
    assert job.train is not None
    try:
        trained = _trained(config, job.train, folder)
    except (TrainingError, ConfigError) as error:
        return TrialOutcome(None, error.summary)
    return TrialOutcome(_evaluated(config, job, trained))


def _evaluated(config: TownletConfig, job: TrialJob, trained: str | None = None) -> EvaluationResult:
    """Play the job's towns with what was trained, with the cast of the job, or with the policy of the config."""
    worlds = max(config.evaluation.worlds, min(len(job.seeds), _SIDE_BY_SIDE))
    config = config.model_copy(update={"evaluation": config.evaluation.model_copy(update={"worlds": worlds})})
    if job.cast is None or trained is not None:
        cast = Casting.of(config).cast(trained)
    else:
        cast = Cast.from_json(json.loads(job.cast))
    door = Admission(stored={parcel.digest: parcel.write(scratch() / "files") for parcel in job.parcels})
    return evaluate(config, cast, seeds=job.seeds, days=job.days, admission=door)


@contextmanager
def job_map(
    execution: ExecutionConfig | None = None, *, say: Callable[[str], None] = warnings.warn
) -> Iterator[JobMap]:
    """Runs jobs on an executor, which is ended with the body; without a section, here.

    Raises:
        ExecutorError: if the executor cannot be had.
    """
    with open_executor(execution, say=say) as executor:
        yield executor.apply


def _trained(config: TownletConfig, mode: TuningMode, folder: Path) -> str:
    """Train in ``folder`` (or resume the run that is there) and name the resulting policy."""
    from townlet.training import TrainingHarness  # a study of options alone does without
    from townlet.training.learner.choice import learner_name

    quiet = config.model_copy(update={"training": config.training.model_copy(update={"evaluate": False})})
    best = folder / "checkpoints" / "best"
    if not best.exists():  # the finals and the judgement play what the trial trained
        begun = (folder / "run.json").is_file()
        if TrainingHarness(quiet, mode, out=folder, resume=begun, runs=folder.parent).train().status == "interrupted":
            raise KeyboardInterrupt
    return f"{learner_name(config)}:{best}"
