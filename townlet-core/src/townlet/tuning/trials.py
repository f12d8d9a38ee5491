"""One trial: settings, played (and where need be trained) on the study's towns. A job is a value, and can travel."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.process import BaseProcess
from pathlib import Path

from townlet.config import TownletConfig
from townlet.config.tuning import TuningMode
from townlet.errors import ConfigError, TrainingError, UsageError
from townlet.evaluation import EvaluationResult, evaluate
from townlet.play import Casting
from townlet.plugins import validate_options
from townlet.plugins.children import safe_children
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
    """

    config: str
    seeds: tuple[int, ...]
    days: float
    train: TuningMode | None = None
    folder: str | None = None


@dataclass(frozen=True, slots=True)
class TrialOutcome:
    """The result: the evaluation, or why there is none (one line)."""

    evaluation: EvaluationResult | None
    error: str | None = None


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
    trained: str | None = None
    if job.train is not None:
        assert job.folder is not None
        try:
            trained = _trained(config, job.train, Path(job.folder))
        except (TrainingError, ConfigError) as error:
            return TrialOutcome(None, error.summary)
    worlds = max(config.evaluation.worlds, min(len(job.seeds), _SIDE_BY_SIDE))
    config = config.model_copy(update={"evaluation": config.evaluation.model_copy(update={"worlds": worlds})})
    return TrialOutcome(evaluate(config, Casting.of(config).cast(trained), seeds=job.seeds, days=job.days))


def job_map(workers: int) -> AbstractContextManager[JobMap]:
    """Runs jobs here, one after the other, or in as many processes of this machine.

    Raises:
        UsageError: for less than one worker.
    """
    if workers < 1:
        raise UsageError(f"a study needs at least one worker, found {workers}")
    return nullcontext(_here) if workers == 1 else _processes(workers)


def _here(play: Callable[[TrialJob], TrialOutcome], jobs: Sequence[TrialJob]) -> Iterator[TrialOutcome]:
    return map(play, jobs)


@contextmanager
def _processes(workers: int) -> Iterator[JobMap]:
    with (
        safe_children(),  # before the pool: making one starts a process that watches over semaphores
        ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_end_with_the_study) as pool,
    ):
        try:
            yield pool.map
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _end_with_the_study() -> None:
    """A worker waits for work for ever, also where the process that gave it was killed; this ends it then."""
    study = parent_process()
    if study is not None:
        threading.Thread(target=_end_after, args=(study,), daemon=True).start()


def _end_after(process: BaseProcess) -> None:
    process.join()
    os._exit(1)


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
