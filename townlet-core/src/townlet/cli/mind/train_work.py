"""What ``train`` does: hold a harness, show how far it is, tell the observers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from townlet.cli.compiling import say_that_it_compiles
from townlet.cli.mind.train_progress import TrainingProgress
from townlet.cli.output import say_where, warn
from townlet.config import TownletConfig
from townlet.errors import UsageError
from townlet.plugins import Observers
from townlet.suggestions import nearest
from townlet.training import Mode, TrainingHarness
from townlet.training.results import TrainingResult

__all__ = ["TrainOutcome", "TrainRequest", "resumed_request", "train"]


@dataclass(frozen=True, slots=True)
class TrainRequest:
    """What is asked for.

    Attributes:
        config: the town and how it is taught.
        mode: training mode.
        out: the run's folder, or None for the next free one.
        resume: whether to go on with the run in ``out``.
        runs: the runs folder, with the registry.
        quiet: whether progress is not shown.
    """

    config: TownletConfig
    mode: str
    out: Path | None = None
    resume: bool = False
    runs: Path = Path("runs")
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class TrainOutcome:
    """What came of it.

    Attributes:
        run: the run's folder.
        mode: training mode.
        config_id: of the config.
        learner: provenance of the learner.
        result: as written to ``result.json``.
        warnings: what a person should know.
    """

    run: Path
    mode: str
    config_id: str
    learner: dict[str, object]
    result: TrainingResult
    warnings: list[str] = field(default_factory=list)


def resumed_request(folder: Path, *, runs: Path, quiet: bool) -> TrainRequest:
    """The request that the run in ``folder`` was begun with. Raises UsageError where there is no run."""
    try:
        mode = json.loads((folder / "run.json").read_text(encoding="utf-8"))["mode"]
        config = TownletConfig.model_validate_json((folder / "config.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError("there is no run to resume", where=str(folder), details=_begun_runs(folder)) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError("there is no run to resume", where=str(folder), details=(str(error),)) from error
    return TrainRequest(config, str(mode), out=folder, resume=True, runs=runs, quiet=quiet)


def _begun_runs(folder: Path) -> tuple[str, ...]:
    rule = "a run is the folder that `townlet train` wrote, as in its --out"
    try:
        names = [other.name for other in folder.parent.iterdir() if (other / "run.json").is_file()]
    except OSError:
        return (rule,)
    near = nearest(folder.name, names)
    return (rule,) if near is None else (rule, f"did you mean {str(folder.parent / near)!r}?")


def train(request: TrainRequest) -> TrainOutcome:
    """Train, with progress on stderr. Raises what the strategies raise."""
    observers = Observers.load()
    warnings: list[str] = []

    def note(message: str) -> None:
        warnings.append(message)
        warn(message)

    with TrainingProgress(quiet=request.quiet) as progress:
        say_that_it_compiles()
        harness = TrainingHarness(
            request.config,
            cast(Mode, request.mode),
            out=request.out,
            resume=request.resume,
            runs=request.runs,
            watchers=(progress.show, observers.training_report),
            warn=note,
        )
        say_where(harness.context.folder.path, quiet=request.quiet)
        result = harness.train()
    for failure in observers.failures:
        note(str(failure))
    return TrainOutcome(
        run=harness.context.folder.path,
        mode=request.mode,
        config_id=request.config.config_id,
        learner=harness.context.provenance.to_json(),
        result=result,
        warnings=warnings,
    )
