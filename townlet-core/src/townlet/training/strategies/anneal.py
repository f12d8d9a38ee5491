"""From imitation to reward along a schedule of stages, with a gate after each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from townlet.config.training import DemonstrationsConfig
from townlet.errors import TrainingError
from townlet.training.results import AnnealStageResult, AnnealSummary, Status, Verdict
from townlet.training.run.run import Run
from townlet.training.run.state import TrainingState
from townlet.training.strategies.base import RunsOfItsOwn
from townlet.training.strategies.bc import clone
from townlet.training.strategies.gates import drift_flags, gate_verdict
from townlet.training.strategies.imitated import stage_demonstrations
from townlet.training.strategies.plans import PPOPlan
from townlet.training.strategies.ppo import learn
from townlet.training.strategies.reports import gate_report
from townlet.training.strategies.schedules import social_stage

__all__ = ["AnnealStrategy", "run_anneal"]


class AnnealStrategy(RunsOfItsOwn):
    """Clones the teacher, hands over to the learner, then learns from reward. FAIL rolls back and ends it."""

    name: ClassVar[str] = "anneal"
    requires_torch: ClassVar[bool] = True

    def run(self, *, dataset_config: DemonstrationsConfig | None = None) -> AnnealSummary:
        """Do the stages, each from the weights of the one before.

        Args:
            dataset_config: demonstrations of the first stages, instead of the config's.

        Raises:
            TorchNotAvailableError: if the learner needs PyTorch and there is none.
            TrainingError: if a loss is not finite.
        """
        with self._begin(self.name, dataset=dataset_config) as run:
            return run_anneal(run)


def run_anneal(run: Run) -> AnnealSummary:
    """The stages of the schedule that are not done yet, until one fails or a person stops it."""
    stages = run.config.training.anneal.stages
    status: Status = "completed"
    try:
        while len(run.state.stages) < len(stages) and _worst(run.state.stages) != "FAIL":
            _close(run, _stage(run, len(run.state.stages)))
    except KeyboardInterrupt:
        status = "interrupted"
    return AnnealSummary(
        status=status,
        verdict=_worst(run.state.stages),
        stages=run.state.stages,
        fingerprint=run.fingerprint,
        checkpoint=str(run.checkpoint),
        seconds=run.seconds,
    )


def _stage(run: Run, index: int) -> AnnealStageResult:
    """One stage and its gate. Raises KeyboardInterrupt if a person stopped it; it is resumed from a checkpoint."""
    stage = run.config.training.anneal.stages[index]
    run.cycle = stage.cycle
    before = run.fingerprint if run.state.ppo is None else run.ppo.initial_fingerprint
    source = stage_demonstrations(run, index)
    bc = ppo = None
    failures: tuple[str, ...] = ()
    baseline: Mapping[str, float] = {}
    if stage.mode == "bc":
        bc = clone(run, source, epochs=stage.epochs)
        failures, current = bc.flags, bc.numbers()
    else:
        plan = PPOPlan.of_stage(run.config, index)
        ppo = learn(run, plan, run.services.rollout.experience(run.learner), source)
        baseline, current = _baseline(run, plan), ppo.baselines
    outcome = bc or ppo
    if outcome is None or outcome.status == "interrupted":
        raise KeyboardInterrupt
    drifts = drift_flags(baseline, current, run.config.training.anneal)
    return AnnealStageResult(
        stage=index,
        cycle=stage.cycle,
        mode=stage.mode,
        social_stage=social_stage(run.config.training.social, stage.cycle),
        bc_weight=stage.bc_weight,
        teacher_ratio=stage.teacher_ratio,
        verdict=gate_verdict(failures, drifts),
        flags=(*failures, *drifts),
        baseline=dict(baseline),
        current=dict(current),
        initial_fingerprint=before,
        fingerprint=outcome.fingerprint,
        bc=bc,
        ppo=ppo,
    )


def _close(run: Run, result: AnnealStageResult) -> None:
    """Roll back a stage that failed, write the gate's line and the checkpoint that the next stage begins from."""
    if result.verdict == "FAIL":
        run.restore(run.folder.checkpoint(result.stage, 0))
        if run.fingerprint != result.initial_fingerprint:
            raise TrainingError(
                "rolling back did not restore the weights",
                details=(f"before the stage {result.initial_fingerprint}", f"now {run.fingerprint}"),
            )
        result = result.model_copy(update={"rolled_back": True, "fingerprint": run.fingerprint})
    result = result.model_copy(update={"checkpoint": str(run.folder.checkpoint(result.stage + 1, 0))})
    run.report(gate_report(result, len(run.config.training.anneal.stages), run.seconds))
    cloned = run.state.cloned or (result.mode == "bc" and result.verdict != "FAIL")
    stages = (*run.state.stages, result)
    run.save(TrainingState(stage=result.stage + 1, cloned=cloned, stages=stages), result.current)


def _worst(stages: Sequence[AnnealStageResult]) -> Verdict:
    verdicts = {stage.verdict for stage in stages}
    return "FAIL" if "FAIL" in verdicts else "HOLD" if "HOLD" in verdicts else "PASS"


def _baseline(run: Run, plan: PPOPlan) -> Mapping[str, float]:
    """What a ppo stage is compared with: the ppo stage before it, or the cloned policy at this stage's beginning."""
    if run.state.stages and run.state.stages[-1].mode == "ppo":
        return run.state.stages[-1].current
    # The loss of its first updates is left out: the critic was new.
    return {name: value for name, value in run.ppo.first(plan.critic_warmup).items() if name != "loss"}
