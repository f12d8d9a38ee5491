"""Policies compared with each other on the same seeds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from townlet.errors import UsageError
from townlet.evaluation.names import HEADLINES, higher_is_better, is_judged, word
from townlet.evaluation.results import ComparisonResult, EvaluationResult, PairwiseComparison
from townlet.evaluation.statistics import Difference, difference

__all__ = ["compare", "compare_pair", "pair_verdict"]


def compare(evaluations: Sequence[EvaluationResult]) -> ComparisonResult:
    """Each later policy against the first.

    Raises:
        UsageError: for fewer than two, or for evaluations of different towns, seeds or lengths.
    """
    if len(evaluations) < 2:
        raise UsageError("a comparison needs at least two policies", details=("townlet compare A B",))
    first = evaluations[0]
    return ComparisonResult(
        evaluations=tuple(evaluations),
        comparisons=tuple(compare_pair(first, other) for other in evaluations[1:]),
    )


def compare_pair(a: EvaluationResult, b: EvaluationResult) -> PairwiseComparison:
    """Policy ``b`` against policy ``a``, seed by seed.

    Raises:
        UsageError: if they were not evaluated on the same towns, seeds and length.
    """
    for what, left, right in (
        ("config", a.config_id, b.config_id),
        ("scenario", a.scenario, b.scenario),
        ("seeds", a.seeds, b.seeds),
        ("days", a.days, b.days),
    ):
        if left != right:
            raise UsageError(
                f"{a.policy!r} and {b.policy!r} were evaluated differently: another {what}",
                details=("only the same towns on the same seeds can be compared; evaluate both again",),
            )
    differences = {
        name: difference(
            np.array(a.per_seed[name]), np.array(b.per_seed[name]), higher_is_better=higher_is_better(name)
        )
        for name in a.per_seed
        if name in b.per_seed
    }
    unknown = {*a.unknown, *b.unknown}
    judged = {name: d for name, d in differences.items() if is_judged(name) and name not in unknown}
    return PairwiseComparison(
        a=a.policy, b=b.policy, differences=differences, verdict=pair_verdict(a.policy, b.policy, judged)
    )


def pair_verdict(a: str, b: str, differences: dict[str, Difference]) -> str:
    """The headline figures in words: ``B against A: better in reward (+0.8 ± 0.2); no clear difference in chats``."""
    groups: dict[str, list[str]] = {"better": [], "worse": [], "no clear difference": []}
    for name in HEADLINES:
        found = differences.get(name)
        if found is None:
            continue
        words = word(name)
        if found.verdict != "no clear difference":
            words += f" ({_signed(found.mean)} ± {_rounded((found.high - found.low) / 2)})"
        groups[found.verdict].append(words)
    parts = [
        f"{how} in {_listed(names)}"
        for how, names in (("better", groups["better"]), ("worse", groups["worse"]))
        if names
    ]
    if groups["no clear difference"]:
        parts.append(f"no clear difference in {_listed(groups['no clear difference'])}")
    return f"{b} against {a}: {'; '.join(parts)}"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _signed(number: float) -> str:
    return f"{'+' if number >= 0 else '-'}{_rounded(abs(number))}"


def _rounded(number: float) -> str:
    if abs(number) < 1e-9:  # what floating point leaves of nothing
        return "0"
    return f"{number:.3g}" if abs(number) < 100 else f"{number:.0f}"
