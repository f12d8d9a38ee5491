"""From imitation to reward along a schedule of stages, with a gate after each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from townlet.config.root import TownletConfig
from townlet.config.training import DemonstrationsConfig
from townlet.errors import TrainingError
from townlet.training.contexts import AnnealContext, TrainingContext, entered
from townlet.training.gates import drift_flags, verdict
from townlet.training.learners import require_learner
from townlet.training.plans import PPOPlan
from townlet.training.progress import Progress
from townlet.training.results import AnnealStageResult, AnnealSummary, Status
from townlet.training.schedules import social_stage
from townlet.training.services import TrainingServices
from townlet.training.strategies.bc import BCStrategy
from townlet.training.strategies.ppo import PPOStrategy
from townlet.training.update_report import gate_report

__all__ = ["AnnealStrategy"]


class AnnealStrategy:
    """Clones the teacher, hands over to the learner, then learns from reward. FAIL rolls back and ends it."""

    name: ClassVar[str] = "anneal"
    requires_torch: ClassVar[bool] = True

    def __init__(self, config: TownletConfig, services: TrainingServices) -> None:
        self.config = config
        self.services = services

    def run(
        self, *, dataset_config: DemonstrationsConfig | None = None, context: TrainingContext | None = None
    ) -> AnnealSummary:
        """Do the stages that are not done yet, each from the weights of the one before.

        Args:
            dataset_config: demonstrations of the first stages, instead of the config's.
            context: the run this belongs to; a new run without.

        Raises:
            TorchNotAvailableError: if the learner needs PyTorch and there is none.
            TrainingError: if a loss is not finite.
        """
        require_learner(self.config, "anneal training")
        stages = self.config.training.anneal.stages
        with entered(context, self.config, self.services, self.name) as training:
            status: Status = "completed"
            anneal = AnnealContext(training.progress.stages)
            try:
                while len(anneal.results) < len(stages) and anneal.verdict != "FAIL":
                    result = self._stage(training, anneal, len(anneal.results), dataset_config)
                    anneal = self._close(training, anneal, result)
            except KeyboardInterrupt:
                status = "interrupted"
            return AnnealSummary(
                status=status,
                verdict=anneal.verdict,
                stages=anneal.results,
                fingerprint=training.fingerprint,
                checkpoint=str(training.checkpoint),
                seconds=training.seconds,
            )

    def _stage(
        self, training: TrainingContext, anneal: AnnealContext, index: int, dataset: DemonstrationsConfig | None
    ) -> AnnealStageResult:
        """One stage and its gate. Raises KeyboardInterrupt if a person stopped it; it is resumed from a checkpoint."""
        stage = self.config.training.anneal.stages[index]
        training.cycle = stage.cycle
        before = training.fingerprint if training.progress.ppo is None else training.ppo.initial_fingerprint
        source = training.stage_demonstrations(index, dataset)
        bc = ppo = None
        failures: tuple[str, ...] = ()
        baseline: Mapping[str, float] = {}
        if stage.mode == "bc":
            strategy = BCStrategy(self.config, self.services)
            bc = strategy.run(context=training, demonstrations=source, epochs=stage.epochs, save=False)
            failures, current = bc.flags, bc.numbers()
        else:
            plan = PPOPlan.of_stage(self.config, index)
            ppo = PPOStrategy(self.config, self.services).run(context=training, plan=plan, demonstrations=source)
            baseline, current = anneal.baseline(training.ppo.first(plan.critic_warmup)), ppo.baselines
        outcome = bc or ppo
        if outcome is None or outcome.status == "interrupted":
            raise KeyboardInterrupt
        drifts = drift_flags(baseline, current, self.config.training.anneal)
        return AnnealStageResult(
            stage=index,
            cycle=stage.cycle,
            mode=stage.mode,
            social_stage=social_stage(self.config.training.social, stage.cycle),
            bc_weight=stage.bc_weight,
            teacher_ratio=stage.teacher_ratio,
            verdict=verdict(failures, drifts),
            flags=(*failures, *drifts),
            baseline=dict(baseline),
            current=dict(current),
            initial_fingerprint=before,
            fingerprint=outcome.fingerprint,
            bc=bc,
            ppo=ppo,
        )

    def _close(self, training: TrainingContext, anneal: AnnealContext, result: AnnealStageResult) -> AnnealContext:
        """Roll back a stage that failed, write the gate's line and the checkpoint that the next stage begins from."""
        if result.verdict == "FAIL":
            training.restore(training.folder.checkpoint(result.stage, 0))
            if training.fingerprint != result.initial_fingerprint:
                raise TrainingError(
                    "rolling back did not bring the weights back",
                    details=(f"before the stage {result.initial_fingerprint}", f"now {training.fingerprint}"),
                )
            result = result.model_copy(update={"rolled_back": True, "fingerprint": training.fingerprint})
        result = result.model_copy(update={"checkpoint": str(training.folder.checkpoint(result.stage + 1, 0))})
        anneal = AnnealContext((*anneal.results, result))
        training.report(gate_report(result, len(self.config.training.anneal.stages), training.seconds))
        cloned = training.progress.cloned or (result.mode == "bc" and result.verdict != "FAIL")
        training.save(Progress(stage=result.stage + 1, cloned=cloned, stages=anneal.results), result.current)
        return anneal
