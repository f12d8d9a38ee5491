"""Fills the words of the page with what was measured, so that no number is typed.

- ``{SUITE|MEASURE|MIND|WHERE}``: a mean of a mind; WHERE is a row by axes, a scenario, or ``all``.
- ``{better|ONE|OTHER}``: the scenarios of both suites in which one mind earns more than the other;
  ``{count|ONE|OTHER}``: in how many of how many.
- ``{best|MIND|MIND}``: in how many scenarios each of these minds earns most of all of them.
- ``{scenarios|NAME NAME|MIND|MIND}``: a table of what minds earn in some scenarios.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from townlet.arena import ArenaResult, ScenarioResult
from townlet.arena.measures import stratified
from townlet.evaluation import Estimate


def over(scenarios: Sequence[ScenarioResult], number: int, name: str) -> Estimate:
    """A measure of a mind over some scenarios, each weighing the same."""
    return stratified([np.array(scenario.standings[number].per_seed[name]) for scenario in scenarios])


def axis(scenario: ScenarioResult) -> str:
    """The row of the table by axes that a scenario belongs to."""
    return f"{scenario.axes[0]} alone" if len(scenario.axes) == 1 else "crossed"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def filled(words: str, results: Sequence[ArenaResult]) -> str:
    """The words with their numbers."""

    def put(found: re.Match[str]) -> str:
        kind, *given = found[1].split("|")
        match kind:
            case "better" | "count":
                return compared(results, kind, *given)
            case "best":
                return leading(results, given)
            case "scenarios":
                return chosen(results, given[0].split(), given[1:])
        return number(results, kind, *given)

    return re.sub(r"\{([^{}]+\|[^{}]+)\}", put, words)


def number(results: Sequence[ArenaResult], suite: str, measure: str, mind: str, where: str) -> str:
    """A mean of a mind in a suite."""
    result = next(result for result in results if result.suite == suite)
    some = [one for one in result.scenarios if where in ("all", axis(one), one.name)]
    return f"{over(some, result.minds.index(mind), measure).mean:.2f}"


def earned(results: Sequence[ArenaResult], mind: str) -> dict[str, float]:
    """What a mind earns in each scenario of all suites."""
    return {
        scenario.name: scenario.standings[result.minds.index(mind)].measures["focal_return"].mean
        for result in results
        for scenario in result.scenarios
    }


def compared(results: Sequence[ArenaResult], kind: str, one: str, other: str) -> str:
    """Where one mind earns more than another, by name or in number."""
    mine, theirs = earned(results, one), earned(results, other)
    names = [f"`{name}`" for name in mine if mine[name] > theirs[name]]
    if kind == "count":
        return f"{len(names)} of {len(mine)}"
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def leading(results: Sequence[ArenaResult], minds: Sequence[str]) -> str:
    """In how many scenarios each mind earns most."""
    by_mind = {mind: earned(results, mind) for mind in minds}
    firsts = [max(minds, key=lambda mind: by_mind[mind][name]) for name in by_mind[minds[0]]]
    return ", ".join(f"{mind} in {firsts.count(mind)}" for mind in minds)


def chosen(results: Sequence[ArenaResult], names: Sequence[str], minds: Sequence[str]) -> str:
    """What minds earn in some scenarios."""
    by_mind = {mind: earned(results, mind) for mind in minds}
    rows = [(f"`{name}`", *(f"{by_mind[mind][name]:.2f}" for mind in minds)) for name in names]
    return table(("scenario", *minds), rows)
