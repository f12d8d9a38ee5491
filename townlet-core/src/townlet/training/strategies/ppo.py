"""Proximal policy optimisation, update after update, on fresh rollouts or recorded ones, with or without a teacher."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import ClassVar

from townlet.api import DemonstrationSource, PPOSettings
from townlet.config.root import TownletConfig
from townlet.config.training import DemonstrationsConfig
from townlet.errors import TrainingError
from townlet.rollout import Interruptible
from townlet.training.contexts import PPOState, TrainingContext, entered
from townlet.training.experience import Experience
from townlet.training.learners import require_learner
from townlet.training.plans import PPOPlan
from townlet.training.recorded import teacher_sample
from townlet.training.results import PPOTrainingResult, Status
from townlet.training.schedules import scheduled, social_stage, town_seeds
from townlet.training.services import TrainingServices
from townlet.training.update_report import update_report

__all__ = ["PPOStrategy"]


class PPOStrategy:
    """Learns from reward. After cloning it warms up the critic and stays near the clone for a while."""

    name: ClassVar[str] = "ppo"
    requires_torch: ClassVar[bool] = True

    def __init__(self, config: TownletConfig, services: TrainingServices) -> None:
        self.config = config
        self.services = services

    def run(
        self,
        *,
        dataset_config: DemonstrationsConfig | None = None,
        context: TrainingContext | None = None,
        plan: PPOPlan | None = None,
        demonstrations: DemonstrationSource | None = None,
    ) -> PPOTrainingResult:
        """Update until the plan is done, time is up or a person stops it; each way the last checkpoint is whole.

        Args:
            dataset_config: the recording to replay, or the demonstrations of the mixed mode.
            context: the run this belongs to; a new run without.
            plan: what to do, by default what the config says.
            demonstrations: those of the cloning term, opened already.

        Raises:
            TorchNotAvailableError: if the learner needs PyTorch and there is none.
            TrainingError: if a loss is not finite; it names the update and the last good checkpoint.
        """
        require_learner(self.config, "PPO training")
        plan = plan if plan is not None else PPOPlan.from_config(self.config)
        with entered(context, self.config, self.services, self.name) as training:
            experience = self._experience(training, plan, dataset_config)
            if demonstrations is None and plan.data == "mixed":
                demonstrations = training.demonstrations(dataset_config)
            self._prepare(training, experience)
            status = self._learn(training, plan, experience, demonstrations)
            return self._result(training, plan, status)

    def _experience(
        self, training: TrainingContext, plan: PPOPlan, dataset_config: DemonstrationsConfig | None
    ) -> Experience:
        if plan.data == "replay":
            return self.services.replay.experience(dataset_config, training.spec)
        return self.services.rollout.experience(training.learner)

    def _prepare(self, training: TrainingContext, experience: Experience) -> None:
        """Begin the phase, or go on with the one that the checkpoint was written in."""
        if training.progress.ppo is not None:
            if training.progress.towns:
                training.load_experience(experience)
            return
        if training.progress.cloned and training.learner.holds_references:
            training.learner.hold_reference()
        start = PPOState(initial_fingerprint=training.fingerprint)
        training.progress = training.progress.model_copy(update={"ppo": start})

    def _learn(
        self,
        training: TrainingContext,
        plan: PPOPlan,
        experience: Experience,
        demonstrations: DemonstrationSource | None,
    ) -> Status:
        state, limit = training.ppo, self.config.training.ppo.max_seconds
        began = time.perf_counter()
        status: Status = "completed"
        try:
            with Interruptible() as interrupt:
                while state.update < plan.updates and status == "completed":
                    state = self._update(training, plan, experience, demonstrations)
                    if interrupt.requested:
                        status = "interrupted"
                    elif limit is not None and time.perf_counter() - began > limit:
                        status = "time_limit"
                    due = state.update % self.config.training.checkpoints.every == 0 or state.update == plan.updates
                    if due or status != "completed":
                        training.save(training.progress, state.recent(), experience)
        except KeyboardInterrupt:  # asked for twice, in the middle of an update
            training.restore()
            return "interrupted"
        return status

    def _update(
        self,
        training: TrainingContext,
        plan: PPOPlan,
        experience: Experience,
        demonstrations: DemonstrationSource | None,
    ) -> PPOState:
        """One update: reward by the stage of the cycle, gather, learn, report."""
        state, started = training.ppo, time.perf_counter()
        training.cycle = plan.cycle_of(state.update, self.config.training.social.updates_per_cycle)
        stage = social_stage(self.config.training.social, training.cycle)
        if stage is not None:
            experience.set_social_stage(stage)
        settings = self._settings(training, plan, state.update, cloning=demonstrations is not None)
        gathered = experience.gather(settings.gamma)
        batch = gathered.batch
        if demonstrations is not None and settings.bc_coefficient > 0:
            sample = teacher_sample(demonstrations, self.config.training.ppo.bc_batch, settings.seed)
            batch = replace(batch, demonstrations=sample)
        where = training.learner.at = f"update {state.update + 1} of {plan.updates}, stage {plan.stage}"
        try:
            metrics = training.learner.update(batch, settings)
        except TrainingError as error:
            kept = f"the last good checkpoint is {training.checkpoint}"
            raise TrainingError(error.summary, where=where, details=(*error.details, kept)) from error
        state = state.after(gathered, metrics, settings.value_coefficient)
        training.progress = training.progress.model_copy(update={"ppo": state})
        took = time.perf_counter() - started
        report = update_report(
            plan, state, gathered, settings, stage=stage, seconds=training.seconds, step_seconds=took
        )
        training.report(report)
        return state

    def _settings(self, training: TrainingContext, plan: PPOPlan, update: int, *, cloning: bool) -> PPOSettings:
        """The settings of one update: those of the config, moved along their schedules."""
        ppo, step, span = self.config.training.ppo, plan.offset + update, plan.span or plan.updates
        cloned = training.progress.cloned
        refers = cloned and training.learner.holds_references
        return ppo.settings.model_copy(
            update={
                "learning_rate": scheduled(ppo.learning_rate, step, span),
                "entropy_coefficient": scheduled(ppo.entropy, step, span),
                "kl_coefficient": scheduled(ppo.reference_kl, step, span) if refers else 0.0,
                "bc_coefficient": scheduled(plan.bc_weight, update, plan.updates) if cloning else 0.0,
                "train_policy": update >= plan.critic_warmup or not cloned,
                "seed": town_seeds(self.config.seed, "update", 1, step)[0],
            }
        )

    def _result(self, training: TrainingContext, plan: PPOPlan, status: Status) -> PPOTrainingResult:
        state = training.ppo
        tenth = max(1, state.update // 10)
        return PPOTrainingResult(
            status=status,
            data=plan.data,
            updates=state.update,
            samples=state.samples,
            initial_fingerprint=state.initial_fingerprint,
            fingerprint=training.fingerprint,
            reward_first=state.first(tenth).get("reward_mean"),
            reward_last=state.recent().get("reward_mean"),
            metrics=state.last,
            baselines=state.recent(),
            social_stage=social_stage(self.config.training.social, training.cycle),
            checkpoint=str(training.checkpoint) if training.checkpoint is not None else None,
            seconds=training.seconds,
        )
