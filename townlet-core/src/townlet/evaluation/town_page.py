"""The page of a recorded run: what happened in the town, day by day, and where its time went."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from townlet.data import Dataset
from townlet.evaluation.moments import moment_link
from townlet.evaluation.names import HEADLINES, label
from townlet.evaluation.page import Page
from townlet.evaluation.plots import (
    agent_day,
    figures_per_day,
    heat_map,
    queue_lengths,
    ties_graph,
)
from townlet.evaluation.retrace import Retraced, retrace
from townlet.plugins.provenance import recorded_words
from townlet.telemetry.kpis import uncounted

__all__ = ["town_page"]

_LINKED = 40
_SHOWN_PER_DAY = ("reward", "self_sufficiency", "attendance", "mean_need", "queue_conflicts", "chats")
_PER_AGENT = ("reward", "self_sufficiency", "mean_need", "attendance", "wages", "chats", "queue_conflicts", "exits")


def town_page(
    dataset: Dataset, *, watch: str | None = None, progress: Callable[[int, int], None] | None = None
) -> Page:
    """Live the recording again and write down what is worth knowing.

    Args:
        dataset: a recording of whole towns.
        watch: address of the page that plays the first town back, for links into its moments.
        progress: told ticks done and ticks in all.

    Raises:
        DatasetError: as :func:`~townlet.evaluation.retrace.retrace`.
    """
    manifest = dataset.manifest
    lived = retrace(dataset, progress=progress)
    kpis = lived.kpis
    towns = f"{manifest.worlds} {'town' if manifest.worlds == 1 else 'towns'} of {manifest.agents} agents"
    days = kpis.ticks / kpis.day_ticks
    page = Page(
        f"A run of {manifest.config.get('name') or 'a town'}",
        f"{towns}, {days:g} days, recorded {manifest.created}; policy {recorded_words(manifest.policy)}",
    )
    _warn(page, dataset)
    if watch is not None:
        people = [(name, moment_link(watch, agent=name)) for name in kpis.agent_names[:_LINKED]]
        page.links("Watch it in the browser:", [("the whole town", watch), *people])
    summary, unknown = kpis.summary(), uncounted(kpis.agent_sums.sum((0, 1)))
    page.heading("At a glance")
    page.table(["figure", "whole run"], [(label(n), "-" if n in unknown else f"{summary[n]:.4g}") for n in HEADLINES])
    _days(page, lived)
    page.heading("Where the time went")
    page.figure(
        "places",
        heat_map(kpis.heat_map.sum(axis=0), lived.walls, _places(lived)),
        "Darker tiles saw more of all agents' time, on a logarithmic scale; grey tiles are walls.",
    )
    page.figure(
        "queues",
        queue_lengths(kpis.queue_lengths.sum(axis=0), kpis.kind_names),
        "Share of the time that facilities of a kind were empty, in use, or had agents waiting.",
    )
    if lived.day is not None:
        page.figure(
            "day",
            agent_day(lived.day.agent, lived.day.spells, lived.day.needs, lived.day.shift),
            f"Day {lived.day.number} of {lived.day.agent}: what it did (gaps are time spent walking) and how its needs "
            "changed.",
        )
        if watch is not None:
            began = lived.day.number * kpis.day_ticks
            page.links("Watch it:", [("this day", moment_link(watch, tick=began, agent=lived.day.agent))])
    page.heading("People")
    page.figure(
        "ties",
        ties_graph(kpis.agent_names, lived.ties),
        "Arrows lead from who feels to whom; wider is stronger. Ties of the first town at the end of the run.",
    )
    rows = [(name, *(f"{figures[n]:.3g}" for n in _PER_AGENT)) for name, figures in kpis.per_agent().items()]
    page.table(["agent", *(n.replace("_", " ") for n in _PER_AGENT)], rows)
    page.heading("Everything that was measured")
    page.table(["figure", "whole run"], [(label(n), f"{value:.5g}") for n, value in summary.items()])
    page.heading("How it was recorded")
    page.table(
        ["", ""],
        [
            ("config", manifest.config_id),
            ("seeds", ", ".join(map(str, manifest.seeds[:12])) + (" ..." if len(manifest.seeds) > 12 else "")),
            ("policy asked for", str(manifest.policy.get("requested", ""))),
            ("policy active", str(manifest.policy.get("active", ""))),
            ("its fingerprint", str(manifest.policy.get("fingerprint", ""))[:32]),
            ("dataset", f"{dataset.digest[:32]} ({manifest.transitions} transitions)"),
        ],
    )
    return page


def _warn(page: Page, dataset: Dataset) -> None:
    manifest = dataset.manifest
    if manifest.is_stub:
        reason = manifest.policy.get("reason") or "as requested"
        page.verdict(f"Every agent just waited: the stub stood in for the requested mind ({reason}).", warning=True)
    if not manifest.complete:
        page.verdict(f"The recording was cut short: {manifest.interruption or 'it did not say why'}.", warning=True)


def _days(page: Page, lived: Retraced) -> None:
    kpis = lived.kpis
    worlds = kpis.agent_sums.shape[0]
    per_world = [kpis.per_day(world) for world in range(worlds)]
    days = len(per_world[0])
    if days < 2:
        return
    figures = {n: np.array([[per_world[w][d][n] for w in range(worlds)] for d in range(days)]) for n in _SHOWN_PER_DAY}
    page.heading("Day by day")
    band = " The band is the 95 % interval over towns." if worlds > 1 else ""
    page.figure(
        "days",
        figures_per_day({"run": figures}, _SHOWN_PER_DAY, kpis.first_day),
        f"Key figures of each day.{band}",
    )


def _places(lived: Retraced) -> dict[str, tuple[float, float]]:
    """One label a cluster of facilities of a kind: their middle, if they stand together."""
    places: dict[str, tuple[float, float]] = {}
    by_kind: dict[str, list[tuple[float, float]]] = {}
    for kind, row, column in lived.facilities:
        by_kind.setdefault(kind, []).append((row, column))
    for kind, spots in by_kind.items():
        if kind == "bed":
            continue
        for index, cluster in enumerate(_clusters(spots)):
            middle = np.array(cluster).mean(axis=0)
            places[kind + " " * index] = (float(middle[0]), float(middle[1]))  # one name may stand in several places
    return places


def _clusters(spots: list[tuple[float, float]], reach: float = 6.0) -> list[list[tuple[float, float]]]:
    clusters: list[list[tuple[float, float]]] = []
    for spot in spots:
        near = [c for c in clusters if any(abs(spot[0] - s[0]) + abs(spot[1] - s[1]) <= reach for s in c)]
        joined = [spot, *(s for c in near for s in c)]
        clusters = [c for c in clusters if c not in near] + [joined]
    return clusters
