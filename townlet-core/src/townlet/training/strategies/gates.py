"""The gates of the anneal schedule: what must hold before training may go on, and what is drift.

A gate answers with flags, each a sentence that names the number, the limit and what was found. No flag, no
objection. A number that got better is never a flag.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from townlet.api import BCMetrics, DemonstrationSource
from townlet.config.training import AnnealConfig
from townlet.training.results import Verdict

__all__ = ["DRIFT_FLOORS", "cloning_flags", "drift_flags", "gate_verdict", "with_majority"]

DRIFT_FLOORS: Mapping[str, float] = {"loss": 1e-3, "queue_conflicts": 0.5, "queue_conflict_intensity": 0.5}
"""Smallest baseline that a relative change is measured against, in the unit of the number.

One conflict where there was none is not a drift of infinite size. On riverside agents quarrel every fiftieth day, and
the mean of an update's 64 agent-days varies by 0.02 a day of itself; 15 % of 0.5 is well beyond that."""


def with_majority(metrics: BCMetrics, demonstrations: DemonstrationSource) -> BCMetrics:
    """The metrics with the accuracy of always taking the commonest action, counted here where they lack it."""
    if metrics.majority_accuracy is not None:
        return metrics
    counts = demonstrations.action_counts("validation")
    return metrics.model_copy(update={"majority_accuracy": float(counts.max() / max(1, counts.sum()))})


def cloning_flags(metrics: BCMetrics, threshold: float) -> tuple[str, ...]:
    """Objections to a cloned policy: held-out accuracy below the threshold, or not above the majority action's."""
    flags = []
    if not metrics.accuracy >= threshold:
        flags.append(f"held-out accuracy {metrics.accuracy:.4f} is below the threshold {threshold:.4f}")
    if metrics.majority_accuracy is not None and not metrics.accuracy > metrics.majority_accuracy:
        flags.append(
            f"held-out accuracy {metrics.accuracy:.4f} is not above the {metrics.majority_accuracy:.4f} "
            "of always taking the commonest action"
        )
    return tuple(flags)


def drift_flags(baseline: Mapping[str, float], current: Mapping[str, float], config: AnnealConfig) -> tuple[str, ...]:
    """Objections to a stage in comparison with the one before it.

    Args:
        baseline: numbers of the stage before; a name that it lacks is not compared.
        current: the same numbers now: ``loss`` and ``queue_conflicts``, ``queue_conflict_intensity``, each
            worse when larger, the latter two per agent-day.
        config: the limits, relative.
    """
    limits = {
        "loss": config.loss_drift,
        "queue_conflicts": config.queue_drift,
        "queue_conflict_intensity": config.queue_drift,
    }
    flags = []
    for name, limit in limits.items():
        if name not in baseline or name not in current:
            continue
        before, now = baseline[name], current[name]
        if not math.isfinite(now):
            flags.append(f"{name} is not finite")
            continue
        if name == "loss" and current.get("reward_mean", -math.inf) > baseline.get("reward_mean", math.inf):
            continue  # the loss of PPO does not measure the policy; more reward is a better result
        measure = max(abs(before), DRIFT_FLOORS[name])
        change = (now - before) / measure
        if change > limit:
            of = "" if measure == abs(before) else f" of {measure:g}, the least that counts as before"
            flags.append(f"{name} rose from {before:.4g} to {now:.4g}, by {change:.0%}{of}; the limit is {limit:.0%}")
    return tuple(flags)


def gate_verdict(failures: tuple[str, ...], drifts: tuple[str, ...]) -> Verdict:
    """FAIL for any failure, HOLD for any drift, PASS otherwise."""
    if failures:
        return "FAIL"
    return "HOLD" if drifts else "PASS"
