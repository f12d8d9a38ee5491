"""The registry's record of evaluations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from townlet.errors import RegistryError
from townlet.evaluation.names import HEADLINES
from townlet.evaluation.results import EvaluationResult
from townlet.registry import Registry

__all__ = ["keep_evaluation"]


def keep_evaluation(runs: Path, result: EvaluationResult, warn: Callable[[str], None]) -> None:
    """Store the result in the registry of a runs folder; ``warn`` is called if that fails.

    If the registry cannot be written, the result is not lost: hours of playing can still be shown.
    """
    settings = {
        "config_id": result.config_id,
        "seeds": list(result.seeds),
        "days": result.days,
        "scenario": result.scenario,
        "explore": result.explore,
        "fingerprint": result.provenance.get("fingerprint"),
    }
    metrics = {name: result.kpis[name].mean for name in HEADLINES if name in result.kpis and name not in result.unknown}
    try:
        with Registry(runs) as registry:
            registry.add_evaluation(result.policy, metrics=metrics, settings=settings)
    except RegistryError as error:
        warn(f"the registry could not store this result: {error}")
