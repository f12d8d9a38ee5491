"""Proximal policy optimisation, update after update, on fresh rollouts or recorded ones, with or without a teacher."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import ClassVar, NamedTuple

from townlet.api import DemonstrationSource, PPOSettings
from townlet.config.training import DemonstrationsConfig
from townlet.errors import TrainingError
from townlet.rollout import Interruptible
from townlet.training.experience.source import ExperienceSource
from townlet.training.results import PPOTrainingResult, Status
from townlet.training.run.run import Run
from townlet.training.run.state import PPOState
from townlet.training.seeds import town_seeds
from townlet.training.strategies.base import RunsOfItsOwn
from townlet.training.strategies.imitated import imitated, teacher_sample
from townlet.training.strategies.plans import PPOPlan
from townlet.training.strategies.reports import update_report
from townlet.training.strategies.schedules import scheduled, social_stage

__all__ = ["PPOStrategy", "learn", "run_ppo"]


class PPOStrategy(RunsOfItsOwn):
    """Learns from reward. After cloning it warms up the critic and stays near the clone for a while."""

    name: ClassVar[str] = "ppo"
    requires_torch: ClassVar[bool] = True

    def run(self, *, dataset_config: DemonstrationsConfig | None = None) -> PPOTrainingResult:
        """Update until all is done, time is up or a person stops it; each way the last checkpoint is whole.

        Args:
            dataset_config: the recording to replay, or the demonstrations of the mixed mode.

        Raises:
            TorchNotAvailableError: if the learner needs PyTorch and there is none.
            TrainingError: if a loss is not finite; it names the update and the last good checkpoint.
        """
        with self._begin(self.name, dataset=dataset_config) as run:
            return run_ppo(run)


def run_ppo(run: Run) -> PPOTrainingResult:
    """All of a run of plain PPO, on the experience that its mode or its config says."""
    plan = PPOPlan.of_run(run.config, run.mode)
    if plan.data == "replay":
        return learn(run, plan, run.services.replay.experience(run.spec))
    experience = run.services.rollout.experience(run.learner)
    return learn(run, plan, experience, imitated(run) if plan.data == "mixed" else None)


def learn(
    run: Run, plan: PPOPlan, experience: ExperienceSource, teacher: DemonstrationSource | None = None
) -> PPOTrainingResult:
    """One phase of PPO: begun, or continued where the checkpoint was written.

    Args:
        run: whose learner learns.
        plan: what to do.
        experience: what it learns from.
        teacher: the demonstrations of the cloning term; None for none.
    """
    if run.state.ppo is None:
        if run.state.cloned and run.learner.holds_references:
            run.learner.hold_reference()
        limit = run.config.training.ppo.constraint
        price = None if limit.lost_days is None else limit.price
        run.state = run.state.model_copy(update={"ppo": PPOState(initial_fingerprint=run.fingerprint, price=price)})
    else:
        run.load_towns(experience)
    run.doing("learning from reward", run.ppo.update, plan.updates)
    status = _updates(_Phase(run, plan, experience, teacher))
    return _result(run, plan, status)


class _Phase(NamedTuple):
    """What each update of a phase needs."""

    run: Run
    plan: PPOPlan
    experience: ExperienceSource
    teacher: DemonstrationSource | None


def _updates(phase: _Phase) -> Status:
    """All that are left, or those until time is up or a person stops it; each way the last checkpoint is whole."""
    run, total = phase.run, phase.plan.updates
    training, began = run.config.training, time.perf_counter()
    status: Status = "completed"
    try:
        with Interruptible() as interrupt:
            while run.ppo.update < total and status == "completed":
                _update(phase)
                if interrupt.requested:
                    status = "interrupted"
                elif training.ppo.max_seconds is not None and time.perf_counter() - began > training.ppo.max_seconds:
                    status = "time_limit"
                due = run.ppo.update % training.checkpoints.every == 0 or run.ppo.update == total
                if due or status != "completed":
                    run.save(run.state, run.ppo.recent(), phase.experience)
    except KeyboardInterrupt:  # asked for twice, in the middle of an update
        run.restore()
        return "interrupted"
    return status


def _update(phase: _Phase) -> None:
    """One update: reward by the stage of the cycle, gather, learn, report."""
    run, plan, experience, teacher = phase
    state, training, started = run.ppo, run.config.training, time.perf_counter()
    run.cycle = plan.cycle_of(state.update, training.social.updates_per_cycle)
    stage = social_stage(training.social, run.cycle)
    if stage is not None:
        experience.set_social_stage(stage)
    settings = _settings(run, plan, cloning=teacher is not None)
    where = run.learner.at = f"update {state.update + 1} of {plan.updates}, stage {plan.stage}"
    with run.learner.acting():
        gathered = experience.gather(settings.gamma, state.price)
    batch = gathered.batch
    if teacher is not None and settings.bc_coefficient > 0:
        batch = replace(batch, demonstrations=teacher_sample(teacher, training.ppo.bc_batch, settings.seed))
    try:
        started += run.learner.warm_up(batch, settings)  # what compiles is not an update's time
        metrics = run.learner.update(batch, settings)
    except TrainingError as error:
        kept = f"the last good checkpoint is {run.checkpoint}"
        raise TrainingError(error.summary, where=where, details=(*error.details, kept)) from error
    price = state.price
    if price is not None:
        price = training.ppo.constraint.moved(price, gathered.metrics["lost_days"])
    state = state.after(gathered, metrics, settings.value_coefficient, price)
    run.state = run.state.model_copy(update={"ppo": state})
    took = time.perf_counter() - started
    run.report(update_report(plan, state, gathered, settings, stage=stage, seconds=run.seconds, step_seconds=took))


def _settings(run: Run, plan: PPOPlan, *, cloning: bool) -> PPOSettings:
    """The settings of the next update: those of the config, moved along their schedules."""
    ppo, update = run.config.training.ppo, run.ppo.update
    step, span = plan.offset + update, plan.span or plan.updates
    cloned = run.state.cloned
    refers = cloned and run.learner.holds_references
    return ppo.settings.model_copy(
        update={
            "learning_rate": scheduled(ppo.learning_rate, step, span),
            "entropy_coefficient": scheduled(ppo.entropy, step, span),
            "kl_coefficient": scheduled(ppo.reference_kl, step, span) if refers else 0.0,
            "bc_coefficient": scheduled(plan.bc_weight, update, plan.updates) if cloning else 0.0,
            "train_policy": update >= plan.critic_warmup or not cloned,
            "seed": town_seeds(run.config.seed, "update", 1, step)[0],
        }
    )


def _result(run: Run, plan: PPOPlan, status: Status) -> PPOTrainingResult:
    state = run.ppo
    tenth = max(1, state.update // 10)
    return PPOTrainingResult(
        status=status,
        data=plan.data,
        updates=state.update,
        samples=state.samples,
        initial_fingerprint=state.initial_fingerprint,
        fingerprint=run.fingerprint,
        reward_first=state.first(tenth).get("reward_mean"),
        reward_last=state.recent().get("reward_mean"),
        metrics=state.last,
        baselines=state.recent(),
        social_stage=social_stage(run.config.training.social, run.cycle),
        checkpoint=None if run.checkpoint is None else str(run.checkpoint),
        seconds=run.seconds,
    )
