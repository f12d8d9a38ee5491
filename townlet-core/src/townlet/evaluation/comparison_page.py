"""The page that ``townlet compare --report`` writes."""

from __future__ import annotations

from collections.abc import Collection

from townlet.evaluation.names import HEADLINES, is_judged, label
from townlet.evaluation.page import Page
from townlet.evaluation.plots import comparison_plot, estimates_plot
from townlet.evaluation.results import ComparisonResult, PairwiseComparison
from townlet.evaluation.statistics import FEWEST_TOWNS

__all__ = ["comparison_page"]


def comparison_page(result: ComparisonResult) -> Page:
    """Verdicts first, then the headline figures, then everything that was measured."""
    first = result.evaluations[0]
    names = ", ".join(e.policy for e in result.evaluations)
    towns = f"{len(first.seeds)} {'town' if len(first.seeds) == 1 else 'towns'} of {first.agents} agents"
    page = Page(
        f"Comparison: {names}",
        f"{towns}, {first.days:g} {'day' if first.days == 1 else 'days'} each, the same seeds for all"
        + (f"; scenario {first.scenario}" if first.scenario else ""),
    )
    for pair in result.comparisons:
        page.verdict(pair.verdict)
    unknown = {name for e in result.evaluations for name in e.unknown}
    headlines = [name for name in HEADLINES if name in first.kpis and name not in unknown]
    page.heading("At a glance")
    caption = "Mean over towns (dot) with its 95 % bootstrap interval (bar), one colour a policy."
    page.figure("estimates", estimates_plot(result.evaluations, headlines[:6]), caption)
    for number, pair in enumerate(result.comparisons, 1):
        page.heading(f"{pair.b} against {pair.a}")
        page.figure(
            f"differences-{number}",
            comparison_plot(pair, headlines),
            "Paired differences over the same seeds with 95 % intervals; each row in units of its own size.",
        )
        _difference_table(page, pair, unknown)
    page.heading("Everything that was measured")
    rows = []
    for name in first.kpis:
        cells = [label(name)]
        for evaluation in result.evaluations:
            found = evaluation.kpis[name]
            known = f"{found.mean:.4g} [{found.low:.4g}, {found.high:.4g}]"
            cells.append("-" if name in evaluation.unknown else known)
        rows.append(cells)
    page.table(["figure", *(e.policy for e in result.evaluations)], rows)
    page.heading("How it was measured")
    page.text(
        f"Config {first.config_id[:12]}, seeds {first.seeds[0]} to {first.seeds[-1]}, "
        f"actions {'drawn from the policy' if first.explore else 'the policy took for best'}. Intervals are percentile "
        "bootstrap intervals of the mean over seeds; differences are paired by seed; over "
        f"{FEWEST_TOWNS} towns and more a figure is called better or worse where its interval is clear of zero."
    )
    page.table(
        ["policy", "active backend", "fingerprint", "seconds"],
        [
            (
                e.policy,
                str(e.provenance.get("active", "")),
                str(e.provenance.get("fingerprint", ""))[:16],
                f"{e.seconds:.1f}",
            )
            for e in result.evaluations
        ],
    )
    return page


def _difference_table(page: Page, pair: PairwiseComparison, unknown: Collection[str]) -> None:
    judged = [name for name in pair.differences if is_judged(name) and name not in unknown]
    marks: list[str | None] = []
    rows = []
    for name in judged:
        found = pair.differences[name]
        marks.append(None if found.verdict == "no clear difference" else found.verdict)
        rows.append(
            (
                label(name),
                f"{found.mean:+.4g}",
                f"[{found.low:+.4g}, {found.high:+.4g}]",
                f"{found.better_on:.0%}",
                found.verdict,
            )
        )
    page.table(["figure", "difference", "95 % interval", "better on", "verdict"], rows, marks)
