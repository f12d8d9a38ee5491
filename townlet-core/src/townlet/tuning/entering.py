"""``run_study``: a search that stands in the registry and leaves a picture."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable
from pathlib import Path

from townlet.config import TownletConfig
from townlet.config.execution import ExecutionConfig
from townlet.registry import logged_run
from townlet.tuning.plan import plan_of
from townlet.tuning.results import TuningResult
from townlet.tuning.study import StudyFolder
from townlet.tuning.trials import JobMap
from townlet.tuning.tune import TuningProgress, tune

__all__ = ["run_study"]


def _silent(progress: TuningProgress) -> None:
    del progress


def run_study(
    config: TownletConfig,
    folder: Path,
    *,
    runs: Path,
    resume: bool = False,
    execution: ExecutionConfig | None = None,
    run: JobMap | None = None,
    progress: Callable[[TuningProgress], None] = _silent,
    say: Callable[[str], None] = warnings.warn,
) -> TuningResult:
    """:func:`~townlet.tuning.tune`, entered in a registry, with a picture where matplotlib is installed.

    Args:
        config: the town, the policy and the search.
        folder: of the study; ``tuning.svg`` there is the picture.
        runs: folder of the registry.
        resume, execution, run, progress: as for ``tune``.
        say: is told what a person should know, of the workers or of a registry that cannot be written.

    Raises:
        UsageError, ConfigError, BackendError, CheckpointError, KeyboardInterrupt: as ``tune``.
    """
    plan = plan_of(config)  # a slip is told before the registry hears of a run
    with logged_run(runs, "tune", config, {"requested": config.policy.backend}, folder=folder, warn=say) as entry:
        result = tune(config, folder, resume=resume, execution=execution, run=run, progress=progress, say=say)
        figure = result.best.evaluation.kpis[result.objective]
        entry.summary = {"trials": result.trials, "objective": result.objective, "best": figure.mean}
    if importlib.util.find_spec("matplotlib") is not None:
        from townlet.evaluation.plots.style import save_figure
        from townlet.tuning.plots import study_plot

        study = StudyFolder(folder)
        save_figure(study_plot(result, study.journal.read(), maximise=plan.maximise), study.picture)
    return result
