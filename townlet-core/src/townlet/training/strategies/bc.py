"""Behaviour cloning: supervised learning of what a teacher did, judged on lives that were held out."""

from __future__ import annotations

from typing import ClassVar

from townlet.api import BCMetrics, DemonstrationSource
from townlet.config.training import DemonstrationsConfig
from townlet.training.results import BCTrainingResult, Status
from townlet.training.run.run import Run
from townlet.training.run.state import TrainingState
from townlet.training.strategies.base import RunsOfItsOwn
from townlet.training.strategies.gates import cloning_flags, with_majority
from townlet.training.strategies.imitated import imitated

__all__ = ["BCStrategy", "clone", "run_bc"]


class BCStrategy(RunsOfItsOwn):
    """Clones the teacher. Whether the clone is good enough is for the gate to say, on held-out lives."""

    name: ClassVar[str] = "bc"
    requires_torch: ClassVar[bool] = True

    def run(self, *, dataset_config: DemonstrationsConfig | None = None) -> BCTrainingResult:
        """Clone, judge, save.

        Args:
            dataset_config: what is imitated, instead of the config's.

        Raises:
            TorchNotAvailableError: if the learner needs PyTorch and there is none.
            DatasetError: if the demonstrations are refused.
        """
        with self._begin(self.name, dataset=dataset_config) as run:
            return run_bc(run)


def run_bc(run: Run) -> BCTrainingResult:
    """All of a run that only clones, its checkpoint included. What it had reached, if it is resumed after that."""
    if run.state.bc is not None:
        return run.state.bc
    try:
        source = imitated(run)
    except KeyboardInterrupt:
        return _result(run, None, "interrupted", 0)
    result = clone(run, source)
    if result.metrics is None:
        return result
    accuracy = {"accuracy": result.metrics.accuracy}
    result = result.model_copy(update={"checkpoint": str(run.folder.checkpoint(1, 0))})
    run.save(TrainingState(stage=1, cloned=True, bc=result), accuracy)
    return result


def clone(run: Run, source: DemonstrationSource, *, epochs: int | None = None) -> BCTrainingResult:
    """Clone and judge, without a checkpoint. A person who stops it leaves the weights as they were before.

    Args:
        run: whose learner clones.
        source: what is imitated.
        epochs: passes over it, instead of the config's.
    """
    settings = run.config.training.bc.settings
    # The seed by its value: a config that was written and read sets every key.
    changes = {"seed": settings.seed or run.config.seed, **({} if epochs is None else {"epochs": epochs})}
    metrics: BCMetrics | None = None
    status: Status = "completed"
    transitions = source.size("train")
    try:
        run.doing("cloning", 0, settings.model_copy(update=changes).epochs)
        run.learner.at = f"cloning, stage {run.state.stage}"
        metrics = run.learner.clone_behaviour(source, settings.model_copy(update=changes), run.report)
        metrics = with_majority(metrics, source)
    except KeyboardInterrupt:
        status = "interrupted"
        run.restore()  # the learner stopped in the middle of an epoch
    return _result(run, metrics, status, transitions)


def _result(run: Run, metrics: BCMetrics | None, status: Status, transitions: int) -> BCTrainingResult:
    threshold = run.config.training.bc.accuracy_threshold
    flags = ("it was interrupted",) if metrics is None else cloning_flags(metrics, threshold)
    return BCTrainingResult(
        status=status,
        metrics=metrics,
        accuracy_threshold=threshold,
        passed=not flags,
        flags=flags,
        transitions=transitions,
        fingerprint=run.fingerprint,
        seconds=run.seconds,
    )
