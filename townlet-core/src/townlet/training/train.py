"""``train``: a run taught to its end, judged on towns it never saw, and entered in the registry."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from townlet.registry import logged_run
from townlet.training.results import AnnealSummary, BCTrainingResult, PPOTrainingResult, TrainingResult
from townlet.training.run.run import Run
from townlet.training.strategies.anneal import run_anneal
from townlet.training.strategies.bc import run_bc
from townlet.training.strategies.ppo import run_ppo

__all__ = ["MODES", "Mode", "teach", "train"]

Mode = Literal["bc", "ppo", "anneal", "replay", "rollout", "mixed"]
"""``ppo`` takes its data mode from the config; ``replay``, ``rollout`` and ``mixed`` are PPO with that data mode."""

MODES: tuple[Mode, ...] = ("bc", "ppo", "anneal", "replay", "rollout", "mixed")


def train(run: Run, *, warn: Callable[[str], None] = warnings.warn) -> TrainingResult:
    """Teach what is left of a run, evaluate what came of it, enter it in the registry, and write ``result.json``.

    The run is open still when this returns.

    Args:
        run: begun or gone on with.
        warn: is told if the registry cannot be written; training goes on without it.

    Raises:
        TownletError: what the strategies raise; the last checkpoint is whole then too.
    """
    told, folder = run.provenance.to_json(), run.folder
    with logged_run(run.services.runs, "train", run.config, told, folder=folder.path, warn=warn) as entry:
        result = teach(run)
        entry.status = "interrupted" if result.status == "interrupted" else "done"
        judged = folder.judged(result)
        result = result.model_copy(update={"candidate": judged})
        folder.write_result(result)
        if result.status != "interrupted" and run.checkpoint is not None:
            folder.settle_best(run.checkpoint)
            if judged is None:
                result = _judged(run, run.checkpoint, result, entry.id)
        entry.summary = {
            "mode": run.mode,
            "checkpoint": result.checkpoint,
            "fingerprint": result.fingerprint,
            "objections": list(result.objections),
            "candidate": None if result.candidate is None else result.candidate.candidate,
        }
    return result


def teach(run: Run) -> BCTrainingResult | PPOTrainingResult | AnnealSummary:
    """What is left of a run, in its mode; no more than its checkpoints comes of it."""
    if run.mode == "bc":
        return run_bc(run)
    return run_anneal(run) if run.mode == "anneal" else run_ppo(run)


def _judged(run: Run, checkpoint: Path, result: TrainingResult, entry: str | None) -> TrainingResult:
    """The result with what came of evaluating it; where that is not wanted, only its objections are entered."""
    promotion = run.services.promotion
    if not run.config.training.evaluate:
        promotion.enter(checkpoint, run=entry, objections=result.objections)
        return result
    judged = promotion.judge(
        checkpoint, run.provenance.active, run=entry, objections=result.objections, doing=run.doing
    )
    result = result.model_copy(update={"candidate": judged})
    run.folder.write_result(result)
    return result
