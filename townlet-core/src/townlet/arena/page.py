"""The page of a result: standings, the matrix as a heat map, and each scenario with its bars. Nothing is fetched."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from townlet.arena.measures import MEASURED
from townlet.arena.results import Anchor, ArenaResult, CrossPlay, ScenarioResult
from townlet.arena.watching import Extreme, extremes, watch_command
from townlet.evaluation import Estimate
from townlet.evaluation.page import Page

__all__ = ["arena_page"]

_SHORT = {
    "focal_return": "return",
    "background_return": "others' return",
    "presence": "presence",
    "focal_exits": "exits",
    "background_exits": "others' exits",
    "focal_conflicts": "queue conflicts",
    "background_conflicts": "others' conflicts",
    "gini_return": "Gini of return",
    "gini_needs": "Gini of needs",
    "work_share": "share of work",
    "food_share": "share of food",
}
"""Names of the measures in the page's tables."""

Towns = Mapping[tuple[str, str, int], str]
"""From scenario, mind and seed to the address of a page that plays the town back."""


def arena_page(
    result: ArenaResult, towns: Towns | None = None, *, command: Callable[[Extreme], str] | None = None
) -> Page:
    """The page.

    Args:
        result: what was found.
        towns: addresses of pages that play towns back. For worst and best towns that have none, the page says the
            command that writes one.
        command: makes that command; by default for minds that are known by their name alone.
    """
    told = command if command is not None else partial(watch_command, suite=result.suite)
    watched: Towns = {} if towns is None else towns
    page = Page(
        f"Arena: {', '.join(result.minds)}",
        f"Suite {result.suite} ({result.suite_digest[:12]}): {len(result.scenarios)} scenarios, "
        f"{sum(len(scenario.seeds) for scenario in result.scenarios)} towns for each mind",
    )
    for warning in result.warnings:
        page.verdict(warning, warning=True)
    if result.interface:
        page.text(f"Everybody decides and sees by {result.lived_by()}.")
    page.heading("Standings")
    page.text(
        "Score: 0 is a mind that acts at random, 1 the best mind known for the scenario; every scenario weighs "
        "the same. Presence: what the others gain or lose per agent-day, compared with one of their own in your place."
    )
    page.table(
        ["mind", "score", "interquartile mean", "return", "presence"],
        [
            (
                total.mind,
                _told(total.score),
                "-" if total.score is None else f"{total.score.iqm:z.3f}",
                _told(total.focal_return),
                _told(total.presence, signed=True),
            )
            for total in result.totals
        ],
    )
    for which in ("worst", "best"):
        links = [
            (f"{town.mind} in {town.scenario}, {town.value:z.3f}", watched[town.scenario, town.mind, town.seed])
            for town in extremes(result)
            if town.which == which and (town.scenario, town.mind, town.seed) in watched
        ]
        if links:
            page.links(f"Watch the {which} town of each mind:", links)
    if result.matrix is not None:
        _matrix(page, result.matrix, result.minds)
    page.heading("Scenario by scenario")
    ends = extremes(result, each_scenario=True)
    for scenario in result.scenarios:
        _scenario(page, scenario)
        _ways_to_watch(page, [end for end in ends if end.scenario == scenario.name], watched, told)
    page.heading("How it was measured")
    page.text("; ".join(f"{_SHORT[name]}: {words}" for name, words in MEASURED.items()) + ".")
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


def _scenario(page: Page, scenario: ScenarioResult) -> None:
    differs = f" ({', '.join(scenario.axes)})" if scenario.axes else ""
    page.subheading(f"{scenario.title}{differs}")
    page.text(
        f"{scenario.name}: {len(scenario.seeds)} towns of {scenario.agents} people, {scenario.days:.3g} days; "
        f"the mind under test is a {scenario.role}. {_scale(scenario.anchor)}"
    )
    scored = scenario.anchor is not None
    bars: Mapping[str, Estimate] = {
        s.mind: s.score if s.score is not None else s.measures["focal_return"] for s in scenario.standings
    }
    page.bars("score" if scored else "return per agent-day", bars)
    page.table(
        ["", *(s.mind for s in scenario.standings)],
        [
            (short, *(_told(s.measures[name], signed=name == "presence") for s in scenario.standings))
            for name, short in _SHORT.items()
        ],
        dense=True,
    )


def _scale(anchor: Anchor | None) -> str:
    if anchor is None:
        return "It has no scale, so there are returns and no scores."
    return f"Score 0 is a return of {anchor.zero:.3f} (at random), score 1 one of {anchor.one:.3f} ({anchor.one_is})."


def _ways_to_watch(page: Page, towns: Sequence[Extreme], watched: Towns, command: Callable[[Extreme], str]) -> None:
    """Links to the towns that have pages, and for the others the commands."""
    links, commands = [], []
    for town in towns:
        address = watched.get((town.scenario, town.mind, town.seed))
        if address is not None:
            links.append((f"{town.mind}, {town.which} town ({town.seed})", address))
        else:
            commands.append(f"# {town.mind}, {town.which} town: {town.value:z.3f}")
            commands.append(command(town))
    if links:
        page.links("Watch:", links)
    if commands:
        page.fold("Commands that write a page to watch its worst and best towns", commands)


def _told(found: Estimate | None, *, signed: bool = False) -> str:
    if found is None:
        return "-"
    form = "+z.3f" if signed else "z.3f"
    return f"{found.mean:{form}} [{found.low:{form}}, {found.high:{form}}]"
