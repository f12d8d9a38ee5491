"""Results of parts of a suite as one: a suite may be played scenario by scenario, on other days or machines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from townlet.arena.measures import stratified
from townlet.arena.results import ArenaResult, ArenaTiming, ScenarioResult, Total
from townlet.errors import UsageError

__all__ = ["join_results", "total"]


def join_results(results: Sequence[ArenaResult]) -> ArenaResult:
    """The result of all scenarios of some results, in their order, as if they had been played together.

    Args:
        results: of the same minds on the same suite, each scenario in one of them. A matrix is that of the first result
            that has one.

    Raises:
        UsageError: for no result, or results of other minds, of another suite or of a scenario twice.
    """
    if not results:
        raise UsageError("there is no result to join")
    first = results[0]
    for other in results[1:]:
        if (other.suite, other.suite_digest) != (first.suite, first.suite_digest):
            raise UsageError(
                f"results of other suites cannot be joined: {first.suite} ({first.suite_digest[:12]}) and "
                f"{other.suite} ({other.suite_digest[:12]})"
            )
        if other.minds != first.minds or _fingerprints(other) != _fingerprints(first):
            raise UsageError(
                f"results of other minds cannot be joined: {', '.join(first.minds)} and {', '.join(other.minds)}",
                details=("minds of the same names differ in their fingerprints",) if other.minds == first.minds else (),
            )
    scenarios = tuple(scenario for result in results for scenario in result.scenarios)
    names = [scenario.name for scenario in scenarios]
    if twice := [name for name in names if names.count(name) > 1]:
        raise UsageError(f"scenario {twice[0]!r} is in two of the results")
    return first.model_copy(
        update={
            "totals": tuple(total(number, scenarios) for number in range(len(first.minds))),
            "scenarios": scenarios,
            "matrix": next((result.matrix for result in results if result.matrix is not None), None),
            "warnings": tuple(dict.fromkeys(warning for result in results for warning in result.warnings)),
            "timing": ArenaTiming(seconds=sum(result.timing.seconds for result in results)),
        }
    )


def total(number: int, scenarios: Sequence[ScenarioResult]) -> Total:
    """The mind of that number over all scenarios."""
    standings = [scenario.standings[number] for scenario in scenarios]

    def over_all(name: str) -> list[np.ndarray[tuple[int], np.dtype[np.float64]]]:
        return [np.array(standing.per_seed[name]) for standing in standings]

    scored = all(standing.score is not None for standing in standings)
    return Total(
        mind=standings[0].mind,
        score=stratified(over_all("score")) if scored else None,
        focal_return=stratified(over_all("focal_return")),
        presence=stratified(over_all("presence")),
    )


def _fingerprints(result: ArenaResult) -> dict[str, object]:
    return {mind: told.get("fingerprint") for mind, told in result.provenance.items()}
