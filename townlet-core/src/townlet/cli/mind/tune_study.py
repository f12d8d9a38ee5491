"""What ``townlet tune`` puts around a study: its flags as overrides, and progress."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from townlet.cli.compiling import say_that_it_compiles
from townlet.cli.output import as_typed, console, warn
from townlet.cli.progress import Bar, paints
from townlet.config import Override, TownletConfig
from townlet.config.execution import ExecutionConfig
from townlet.config.source import Data
from townlet.config.yaml_tree import parse_scalar
from townlet.errors import UsageError
from townlet.tuning import TuningProgress, TuningResult, run_study

__all__ = ["overrides_of", "watched_study"]


def overrides_of(*, vary: Sequence[str], constraints: Sequence[str], plain: Mapping[str, Data]) -> list[Override]:
    """What the command's own flags change in the config; None changes nothing.

    Raises:
        UsageError: for a setting that is given twice.
    """
    changes = [Override(key, value, f"--{key.rpartition('.')[2]}") for key, value in plain.items() if value is not None]
    if vary:
        search: dict[str, Data] = {}
        for text in vary:
            name, equals, given = text.partition("=")
            if name.strip() in search:
                raise UsageError(f"{name.strip()!r} is given twice", where=f"--vary {text}")
            search[name.strip()] = _range(given, f"--vary {text}") if equals else "auto"
        changes.append(Override("tuning.search", search, "--vary"))
    if constraints:
        changes.append(Override("tuning.constraints", list(constraints), "--constraint"))
    return changes


def _range(text: str, label: str) -> Data:
    """``0.1:0.9`` as it is, ``1,2,3`` as a list of values."""
    return [parse_scalar(part, label=label) for part in text.split(",")] if "," in text else text


def watched_study(
    config: TownletConfig, folder: Path, *, resume: bool, execution: ExecutionConfig, runs: Path, quiet: bool
) -> TuningResult:
    """Run or resume a study, with progress on stderr.

    Raises:
        UsageError, ConfigError, BackendError, CheckpointError: as :func:`townlet.tuning.run_study`.
        KeyboardInterrupt: if a person stopped it, after printing how to resume.
    """
    batch = config.tuning.batch
    if (workers := execution.workers or 1) > batch:
        warn(f"only {batch} of {workers} workers are busy: raise tuning.batch, the number of trials proposed together")
    say_that_it_compiles()
    with _StudyBar(quiet=quiet) as show:
        try:
            return run_study(config, folder, runs=runs, resume=resume, execution=execution, progress=show, say=warn)
        except KeyboardInterrupt:
            if folder.is_dir():
                console().print(
                    f"interrupted; resume with:  townlet tune --resume {as_typed(folder)}", markup=False, soft_wrap=True
                )
            raise


_PHASES = {"trials": ("searching", "trials"), "finals": ("playing the finals", ""), "judging": ("judging", "")}
"""What is shown of each phase, and what is counted in it; empty for a share."""


class _StudyBar:
    """How far a study is; without a terminal, also a line for each trial that is better than those before."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._best: int | None = None
        self._phase = ""
        self._bar = Bar("starting", quiet=quiet)

    def __enter__(self) -> Callable[[TuningProgress], None]:
        self._bar.__enter__()
        return self._show

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.__exit__(kind, error, trace)

    def _show(self, progress: TuningProgress) -> None:
        if progress.phase != self._phase:
            self._phase = progress.phase
            what, unit = _PHASES[progress.phase]
            self._bar.begin(what, progress.total, unit=unit, done=progress.done)
        best = progress.best
        told = []
        if best is not None and best.objective is not None:
            kept = "" if best.shortfall == 0.0 else f", {best.shortfall:.3g} short of the constraints"
            told = [f"best {best.objective:.4g} (trial {best.number}{kept})"]
        better = best is not None and best.number != self._best
        self._best = None if best is None else best.number
        self._bar.update(progress.done, progress.total, told, now=paints() or better)
