"""Evaluation of what was trained on towns it never saw, and its way into the registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from townlet.checkpoints import read_checkpoint
from townlet.config.root import TownletConfig
from townlet.evaluation import ComparisonResult, EvaluationResult, compare, evaluate, evaluation_seeds
from townlet.evaluation.gate import GateResult, gate
from townlet.evaluation.names import HEADLINES
from townlet.executors import Executor
from townlet.play import Casting
from townlet.registry import PromotionManager, PromotionStatus, Registry
from townlet.registry.evidence import towns_seen
from townlet.training.results import CandidateResult

__all__ = ["PromotionServiceAdapter"]


class PromotionServiceAdapter:
    """Evaluates checkpoints beside the teacher, records the outcome, and says whether they may be promoted.

    Args:
        config: its ``evaluation`` says how a policy is judged, its ``training.demonstrations.teacher`` beside whom.
        runs: folder of the registry.
        executor: where candidates are evaluated; in this process without.
    """

    def __init__(self, config: TownletConfig, runs: Path, executor: Executor | None = None) -> None:
        self._executor = executor
        self._config = config
        self._runs = runs

    def judge(
        self,
        checkpoint: Path,
        backend: str,
        *,
        run: str | None = None,
        objections: Sequence[str] = (),
        doing: Callable[[str, int, int], None] | None = None,
    ) -> CandidateResult:
        """Evaluate until the passes in a row suffice or one evaluation is not passed, each on further towns.

        Args:
            checkpoint: its folder.
            backend: who can load it.
            run: the registry's id of the run that it belongs to.
            objections: what the gates of its training had against it; they are kept with it.
            doing: told who is evaluated, how many town-ticks are done, and of how many.

        Raises:
            BackendError: if the policy or the teacher cannot run.
            RegistryError: if the registry cannot be written.
        """
        digest = self.enter(checkpoint, run=run, objections=objections)
        while True:
            comparison = self._compare(f"{backend}:{checkpoint}", self._further_towns(digest), doing)
            mine = comparison.evaluations[1]
            found = gate(comparison, self._config.evaluation.margins.model_dump())
            status = self.record(checkpoint, mine, passed=found.passed, run=run, gate=found)
            if not found.passed or status.passes >= status.required:
                break
        return CandidateResult(
            seeds=len(mine.seeds),
            metrics=_headlines(mine),
            passed=found.passed,
            passes=status.passes,
            required_passes=status.required,
            candidate=status.candidate,
            objections=status.objections,
            gate=found,
        )

    def _further_towns(self, digest: str) -> tuple[int, ...]:
        """Seeds of the first towns that a checkpoint has not been judged on."""
        with Registry(self._runs) as registry:
            seen = towns_seen(registry.evaluations(checkpoint=digest))
        size = self._config.evaluation.seeds
        return tuple(seed for seed in evaluation_seeds(self._config, size + len(seen)) if seed not in seen)[:size]

    def enter(self, checkpoint: Path, *, run: str | None = None, objections: Sequence[str] = ()) -> str:
        """Enter a checkpoint in the registry with what the gates of its training had against it; its digest.

        Raises:
            RegistryError: if the registry cannot be written.
        """
        with Registry(self._runs) as registry:
            return registry.add_checkpoint(read_checkpoint(checkpoint), run, objections=objections).digest

    def record(
        self,
        checkpoint: Path,
        evaluation: EvaluationResult,
        *,
        passed: bool,
        run: str | None = None,
        gate: GateResult | None = None,
    ) -> PromotionStatus:
        """Enter an evaluation in the registry; where the checkpoint stands now."""
        settings = {
            "config_id": evaluation.config_id,
            "seeds": list(evaluation.seeds),
            "days": evaluation.days,
            "explore": evaluation.explore,
        }
        decided: Mapping[str, object] = {} if gate is None else gate.model_dump(mode="json")
        with Registry(self._runs) as registry:
            manager = PromotionManager(registry, self._config.evaluation.required_passes)
            metrics = _headlines(evaluation)
            return manager.record_evaluation(
                checkpoint, passed=passed, metrics=metrics, settings=settings, run=run, gate=decided
            )

    def _compare(
        self, policy: str, seeds: tuple[int, ...], doing: Callable[[str, int, int], None] | None
    ) -> ComparisonResult:
        found = []
        wanted = self._config.training.demonstrations
        teacher = Casting.of(self._config).teaching(wanted)  # with its options: the same mind that was recorded
        for mind, who in ((teacher, f"the teacher ({wanted.teacher})"), (policy, "the candidate")):
            told = None if doing is None else partial(doing, f"evaluating {who}")
            found.append(evaluate(self._config, mind, seeds=seeds, executor=self._executor, progress=told))
        return compare(found)


def _headlines(evaluation: EvaluationResult) -> dict[str, float]:
    return {
        name: evaluation.kpis[name].mean
        for name in HEADLINES
        if name in evaluation.kpis and name not in evaluation.unknown
    }
