"""Behaviour cloning: supervised learning of what a teacher did, judged on lives that were held out."""

from __future__ import annotations

from typing import ClassVar

from townlet.api import BCMetrics, BCSettings, DemonstrationSource
from townlet.config.root import TownletConfig
from townlet.config.training import DemonstrationsConfig
from townlet.training.contexts import TrainingContext, entered
from townlet.training.gates import cloning_flags, with_majority
from townlet.training.learners import require_learner
from townlet.training.results import BCTrainingResult, Status
from townlet.training.services import TrainingServices

__all__ = ["BCStrategy"]


class BCStrategy:
    """Clones the teacher. Whether the clone is good enough is for the gate to say, on held-out lives."""

    name: ClassVar[str] = "bc"
    requires_torch: ClassVar[bool] = True

    def __init__(self, config: TownletConfig, services: TrainingServices) -> None:
        self.config = config
        self.services = services

    def run(
        self,
        *,
        dataset_config: DemonstrationsConfig | None = None,
        context: TrainingContext | None = None,
        demonstrations: DemonstrationSource | None = None,
        epochs: int | None = None,
        save: bool = True,
    ) -> BCTrainingResult:
        """Clone, judge, save.

        Args:
            dataset_config: what is imitated, instead of the config's.
            context: the run this belongs to; a new run without.
            demonstrations: what is imitated, opened already.
            epochs: passes over them, instead of the config's.
            save: write a checkpoint at the end; an anneal stage leaves that to the schedule.

        Raises:
            TorchNotAvailableError: if the learner needs PyTorch and there is none.
            DatasetError: if the demonstrations are refused.
        """
        require_learner(self.config, "behaviour cloning")
        with entered(context, self.config, self.services, self.name) as training:
            if save and training.progress.bc is not None:
                return training.progress.bc  # a run that is resumed when it was done already
            metrics: BCMetrics | None = None
            status: Status = "completed"
            transitions = 0
            try:
                source = demonstrations if demonstrations is not None else training.demonstrations(dataset_config)
                transitions = source.size("train")
                training.learner.at = f"cloning, stage {training.progress.stage}"
                metrics = training.learner.clone_behaviour(source, self._settings(epochs), training.report)
                metrics = with_majority(metrics, source)
            except KeyboardInterrupt:
                status = "interrupted"
                training.restore()  # the learner stopped in the middle of an epoch
            result = self._result(training, metrics, status, transitions)
            return training.save_cloned(result) if save and metrics is not None else result

    def _settings(self, epochs: int | None) -> BCSettings:
        settings = self.config.training.bc.settings
        seed = settings.seed or self.config.seed  # by its value: a config that was written and read sets every key
        return settings.model_copy(update={"seed": seed, **({} if epochs is None else {"epochs": epochs})})

    def _result(
        self, training: TrainingContext, metrics: BCMetrics | None, status: Status, transitions: int
    ) -> BCTrainingResult:
        threshold = self.config.training.bc.accuracy_threshold
        flags = cloning_flags(metrics, threshold) if metrics is not None else ("it was interrupted",)
        return BCTrainingResult(
            status=status,
            metrics=metrics,
            accuracy_threshold=threshold,
            passed=not flags,
            flags=flags,
            transitions=transitions,
            fingerprint=training.fingerprint,
            seconds=training.seconds,
        )
