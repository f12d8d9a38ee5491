"""What training is reported as: a few lines for people, one JSON document for programs."""

from __future__ import annotations

from townlet.cli.gate import show_gate
from townlet.cli.output import as_typed, counted, emit, emit_json
from townlet.training import AnnealSummary, BCTrainingResult, PPOTrainingResult, Run
from townlet.training.results import CandidateResult, TrainingResult

__all__ = ["report", "verdict_line"]


def report(run: Run, result: TrainingResult, warnings: list[str], *, as_json: bool) -> None:
    """Print on stdout what came of a run."""
    folder, learner = run.folder.path, run.provenance
    if as_json:
        emit_json(
            {
                "run": str(folder),
                "mode": run.mode,
                "config_id": run.config.config_id,
                "learner": {name: _plain(value) for name, value in learner.to_json().items()},
                "result": result.model_dump(mode="json"),
                "warnings": warnings,
            }
        )
        return
    emit(f"{run.mode} training in {folder}: {result.status.replace('_', ' ')} ({result.seconds:.0f} s)")
    for line in _lines(result):
        emit(f"  {line}")
    if result.candidate is not None:
        _candidate(result.candidate)
    elif result.objections:
        emit("the result may not be promoted: its training raised objections (see above)")
    if result.status == "interrupted":
        emit(f"resume it:      townlet train --resume {as_typed(folder)}")
    elif result.checkpoint is not None:
        mind = as_typed(f"{learner.active}:{folder}")
        emit(f"see it act:     townlet run {as_typed(folder / 'config.json')} --backend {mind}")


def _lines(result: BCTrainingResult | PPOTrainingResult | AnnealSummary) -> list[str]:
    if isinstance(result, AnnealSummary):
        done = [line for stage in result.stages for line in _stage(stage.model_dump())]
        if result.status == "interrupted":
            return [f"stages done by then: {len(result.stages)}", *done]
        return [f"verdict {result.verdict}", *done]
    if isinstance(result, PPOTrainingResult):
        lines = [f"{counted(result.updates, 'update')} on {counted(result.samples, 'sample')} ({result.data})"]
        if result.reward_first is not None and result.reward_last is not None:
            lines.append(
                f"reward per agent and tick: {result.reward_first:+.5f} at first, {result.reward_last:+.5f} now"
            )
        return lines
    if result.metrics is None:
        return []
    metrics = result.metrics
    lines = [
        f"held-out accuracy {metrics.accuracy:.2%}, {counted(metrics.epochs, 'epoch')} over "
        f"{counted(result.transitions, 'transition')}"
    ]
    if metrics.majority_accuracy is not None:
        lines.append(f"always taking the commonest action would reach {metrics.majority_accuracy:.2%}")
    return [*lines, *result.flags]


def _stage(stage: dict[str, object]) -> list[str]:
    head = f"stage {int(str(stage['stage'])) + 1} ({stage['mode']}, cycle {stage['cycle']}): {stage['verdict']}"
    flags = stage["flags"]
    return [head, *(f"  {flag}" for flag in (flags if isinstance(flags, (list, tuple)) else ()))]


def _candidate(candidate: CandidateResult) -> None:
    if candidate.gate is not None:
        emit()
        show_gate(candidate.gate)
    emit(verdict_line(candidate))
    emit()


def verdict_line(candidate: CandidateResult) -> str:
    """Whether it may be promoted, and if not, why."""
    passes = f"{candidate.passes} of {candidate.required_passes} evaluations in a row passed"
    if candidate.candidate:
        return f"{passes}: it may be promoted"
    if candidate.objections:
        return f"{passes}, but it may not be promoted: {'; '.join(candidate.objections)}"
    return f"{passes}: it may not be promoted"


def _plain(value: object) -> bool | int | float | str | list[str] | None:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return [str(item) for item in value] if isinstance(value, (list, tuple)) else str(value)
