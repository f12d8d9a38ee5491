"""The page of a result: standings, the matrix as a heat map, and each scenario with its bars. Nothing is fetched."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from townlet.arena.measures import MEASURED
from townlet.arena.results import ArenaResult, CrossPlay, ScenarioResult
from townlet.evaluation import Estimate
from townlet.evaluation.page import Page

__all__ = ["arena_page"]

TownLink = Callable[[str, str, int], str | None]
"""From scenario, mind and seed to the address of a page that plays the town back, or None."""


def _no_links(scenario: str, mind: str, seed: int) -> None:  # noqa: ARG001 (what every maker of links is given)
    return None


def arena_page(result: ArenaResult, link: TownLink = _no_links) -> Page:
    """The page.

    Args:
        result: what was found.
        link: addresses of pages that play the worst and the best town back, where there are some.
    """
    page = Page(
        f"Arena: {', '.join(result.minds)}",
        f"Suite {result.suite} ({result.suite_digest[:12]}): {len(result.scenarios)} scenarios, "
        f"{sum(len(scenario.seeds) for scenario in result.scenarios)} towns for each mind",
    )
    for warning in result.warnings:
        page.verdict(warning, warning=True)
    page.heading("Standings")
    page.text(
        "Score: 0 is a mind that acts at random, 1 the best rules known for the scenario; every scenario weighs "
        "the same. Presence: what the others gain or lose per agent-day, compared with one of their own in your place."
    )
    page.table(
        ["mind", "score", "interquartile mean", "return", "presence"],
        [
            (
                total.mind,
                _told(total.score),
                "-" if total.score is None else f"{total.score.iqm:.3f}",
                _told(total.focal_return),
                _told(total.presence, signed=True),
            )
            for total in result.totals
        ],
    )
    if result.matrix is not None:
        _matrix(page, result.matrix, result.minds)
    page.heading("Scenario by scenario")
    for scenario in result.scenarios:
        _scenario(page, scenario, link)
    page.heading("How it was measured")
    page.text("; ".join(f"{name}: {words}" for name, words in MEASURED.items()) + ".")
    page.text(
        "Intervals are 95 % bootstrap intervals over towns; presence is paired by town. The anchors are those that are "
        "kept with the suite."
    )
    return page


def _matrix(page: Page, matrix: CrossPlay, minds: Sequence[str]) -> None:
    page.heading("Everybody with everybody")
    page.text(
        "Return per agent-day of the mind of the row among people of the mind of the column, in the default town, "
        f"{len(matrix.seeds)} towns of {matrix.days:g} days each. On the diagonal all are of one mind."
    )
    alone = {cell.focal: cell.focal_return for cell in matrix.cells if cell.focal == cell.background}
    for share in matrix.shares:
        found = {(c.focal, c.background): c.focal_return for c in matrix.cells if c.share == share}
        rows = [[alone[a] if a == b else found[a, b] for b in minds] for a in minds]
        page.heat_map(f"{share:.1%} of the town are of the row's mind".replace(".0%", "%"), minds, minds, rows)
    page.table(
        ["mind", "own kind minus others"],
        [(name, _told(gap, signed=True)) for name, gap in matrix.self_minus_cross.items()],
    )


def _scenario(page: Page, scenario: ScenarioResult, link: TownLink) -> None:
    differs = f" ({', '.join(scenario.axes)})" if scenario.axes else ""
    page.subheading(f"{scenario.title}{differs}")
    page.text(
        f"{scenario.name}: {len(scenario.seeds)} towns of {scenario.agents} people, {scenario.days:.3g} days; "
        f"the mind under test is a {scenario.role}."
    )
    scored = scenario.anchor is not None
    bars: Mapping[str, Estimate] = {
        s.mind: s.score if s.score is not None else s.measures["focal_return"] for s in scenario.standings
    }
    page.bars("score" if scored else "return per agent-day", bars)
    names = (
        "focal_return",
        "background_return",
        "presence",
        "focal_exits",
        "focal_conflicts",
        "gini_return",
        "work_share",
    )
    page.table(
        ["mind", *(name.replace("_", " ") for name in names)],
        [(s.mind, *(_told(s.measures[name], signed=name == "presence") for name in names)) for s in scenario.standings],
    )
    links = []
    for standing in scenario.standings:
        towns = sorted(zip(standing.per_seed["focal_return"], scenario.seeds, strict=True))
        for word, (_, seed) in (("worst", towns[0]), ("best", towns[-1])):
            address = link(scenario.name, standing.mind, seed)
            if address is not None:
                links.append((f"{standing.mind}, {word} town ({seed})", address))
    if links:
        page.links("Watch:", links)


def _told(found: Estimate | None, *, signed: bool = False) -> str:
    if found is None:
        return "-"
    form = "+.3f" if signed else ".3f"
    return f"{found.mean:{form}} [{found.low:{form}}, {found.high:{form}}]"
