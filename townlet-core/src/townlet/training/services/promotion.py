"""Evaluation of what was trained on towns it never saw, and its way into the registry."""

from __future__ import annotations

from pathlib import Path

from townlet.config.root import TownletConfig
from townlet.evaluation import ComparisonResult, EvaluationResult, compare, evaluate, evaluation_seeds
from townlet.evaluation.names import HEADLINES
from townlet.registry import PromotionManager, PromotionStatus, Registry
from townlet.training.results import CandidateResult

__all__ = ["GATES", "PromotionServiceAdapter"]

GATES: tuple[str, ...] = ("reward", "self_sufficiency")
"""Key figures in which a candidate must not be worse than its teacher, with the interval clear of zero."""


class PromotionServiceAdapter:
    """Evaluates checkpoints beside the teacher, records the outcome, and says whether they may be promoted.

    Args:
        config: its ``evaluation`` says how a policy is judged, its ``training.demonstrations.teacher`` beside whom.
        runs: folder of the registry.
    """

    def __init__(self, config: TownletConfig, runs: Path) -> None:
        self._config = config
        self._runs = runs

    def judge(self, checkpoint: Path, backend: str, *, run: str | None = None) -> CandidateResult:
        """Evaluate until the passes in a row suffice or one evaluation is not passed, each on further towns.

        Args:
            checkpoint: its folder.
            backend: who can load it.
            run: the registry's id of the run that it belongs to.

        Raises:
            BackendError: if the policy or the teacher cannot run.
            RegistryError: if the registry cannot be written.
        """
        wanted = self._config.evaluation.required_passes
        seeds = evaluation_seeds(self._config, self._config.evaluation.seeds * wanted)
        size = self._config.evaluation.seeds
        status, passed, mine = None, True, None
        for start in range(0, len(seeds), size):
            comparison = self._compare(f"{backend}:{checkpoint}", seeds[start : start + size])
            mine = comparison.evaluations[1]
            passed = _passed(comparison)
            status = self.record(checkpoint, mine, passed=passed, run=run)
            if not passed or status.candidate:
                break
        assert mine is not None
        assert status is not None
        return CandidateResult(
            seeds=len(mine.seeds),
            metrics=_headlines(mine),
            passed=passed,
            passes=status.passes,
            required_passes=status.required,
            candidate=status.candidate,
        )

    def record(
        self, checkpoint: Path, evaluation: EvaluationResult, *, passed: bool, run: str | None = None
    ) -> PromotionStatus:
        """Enter an evaluation in the registry; where the checkpoint stands now."""
        settings = {
            "config_id": evaluation.config_id,
            "seeds": list(evaluation.seeds),
            "days": evaluation.days,
            "explore": evaluation.explore,
        }
        with Registry(self._runs) as registry:
            manager = PromotionManager(registry, self._config.evaluation.required_passes)
            metrics = _headlines(evaluation)
            return manager.record_evaluation(checkpoint, passed=passed, metrics=metrics, settings=settings, run=run)

    def _compare(self, policy: str, seeds: tuple[int, ...]) -> ComparisonResult:
        teacher = self._config.training.demonstrations.teacher
        return compare([evaluate(self._config, name, seeds=seeds) for name in (teacher, policy)])


def _passed(comparison: ComparisonResult) -> bool:
    differences = comparison.comparisons[0].differences
    return all(differences[name].verdict != "worse" for name in GATES if name in differences)


def _headlines(evaluation: EvaluationResult) -> dict[str, float]:
    return {name: evaluation.kpis[name].mean for name in HEADLINES if name in evaluation.kpis}
