"""One update of PPO, or one gate of the anneal schedule, as a line of metrics."""

from __future__ import annotations

from townlet.api import PPOSettings, TrainingReport
from townlet.config.rewards import SOCIAL_STAGES, SocialStage
from townlet.training.experience.source import Gathered
from townlet.training.results import AnnealStageResult
from townlet.training.run.state import PPOState
from townlet.training.strategies.plans import PPOPlan

__all__ = ["gate_report", "update_report"]


def update_report(
    plan: PPOPlan,
    state: PPOState,
    gathered: Gathered,
    settings: PPOSettings,
    *,
    stage: SocialStage | None,
    seconds: float,
    step_seconds: float,
) -> TrainingReport:
    """The report of the update that ``state`` ends with.

    Args:
        plan: the phase.
        state: after the update.
        gathered: what it learned from.
        settings: what the learner was told.
        stage: social reward stage, where scheduled.
        seconds: wall time since the phase began.
        step_seconds: wall time of gathering and learning.
    """
    learned: dict[str, float] = {}
    if state.last is not None:
        told = state.last.model_dump(exclude={"samples", "seconds", "extra"}, exclude_none=True)
        learned = {name: float(value) for name, value in told.items()}
        learned["update_seconds"] = round(state.last.seconds, 4)
    step_seconds = max(step_seconds, 1e-9)
    lived = int(gathered.batch.duration[gathered.batch.asked].sum())
    metrics = {
        **gathered.metrics,
        **learned,
        "update_samples": float(gathered.samples),
        "samples_per_second": round(gathered.samples / step_seconds, 1),
        "agent_ticks_per_second": round(lived / step_seconds, 1),
        "critic_only": float(not settings.train_policy),
        "entropy_coefficient": settings.entropy_coefficient,
        "kl_coefficient": settings.kl_coefficient,
        "bc_coefficient": settings.bc_coefficient,
    }
    if state.last is not None:  # a learner's own numbers never stand in for those of the town
        metrics = {**state.last.extra, **metrics}
    if state.price is not None:
        metrics["lost_day_price"] = state.price
    if stage is not None:
        metrics["social_stage"] = float(SOCIAL_STAGES.index(stage))
    return TrainingReport(
        phase="ppo",
        step=state.update,
        total=plan.updates,
        samples=state.samples,
        seconds=seconds,
        metrics=metrics,
    )


def gate_report(result: AnnealStageResult, stages: int, seconds: float) -> TrainingReport:
    """The report of the gate after a stage, the ``stages``-th of which is the last."""
    metrics = {
        "passed": float(result.verdict == "PASS"),
        "flags": float(len(result.flags)),
        "rolled_back": float(result.rolled_back),
        **{f"baseline_{name}": value for name, value in result.baseline.items()},
        **{f"current_{name}": value for name, value in result.current.items()},
    }
    return TrainingReport(phase="anneal", step=result.stage + 1, total=stages, seconds=seconds, metrics=metrics)
