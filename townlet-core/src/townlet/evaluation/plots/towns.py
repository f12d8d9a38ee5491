"""Where the time of a town goes: key figures per day, places, queues, ties, one agent's day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from townlet.evaluation.names import label
from townlet.evaluation.plots.style import COLOURS, drawn_alike, named, new_figure, title
from townlet.evaluation.statistics import estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Spell", "Tie", "agent_day", "figures_per_day", "heat_map", "queue_lengths", "ties_graph"]

Figures = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Tie:
    """What one agent thinks of another: ``a`` and ``b`` are indices of names; the rest is in [-1, 1]."""

    a: int
    b: int
    trust: float
    familiarity: float
    rivalry: float


@dataclass(frozen=True, slots=True)
class Spell:
    """A stretch of one activity: from tick ``start`` up to ``end`` (not included)."""

    activity: str
    start: int
    end: int


@drawn_alike()
def figures_per_day(policies: Mapping[str, Figures], names: Sequence[str], first_day: int = 0) -> Figure:
    """Key figures day by day, a line a policy, with the 95 % interval over towns as a band.

    Args:
        policies: policy to figure name to float64 ``[D, S]``, days by towns.
        names: which figures, one axes each.
        first_day: number of the first day.
    """
    columns = min(len(names), 2)
    figure, axes = new_figure(-(-len(names) // columns), columns, width=5.2, height=2.7)
    for ax, name in zip(axes, names, strict=False):
        for colour, (policy, figures) in zip(COLOURS, policies.items(), strict=False):
            values = figures[name]
            days = first_day + np.arange(len(values))
            bands = [estimate(day) for day in values]
            ax.plot(days, [b.mean for b in bands], color=colour, marker="o", markersize=3, label=named(policy))
            ax.fill_between(days, [b.low for b in bands], [b.high for b in bands], color=colour, alpha=0.18, lw=0)
        title(ax, label(name))
        ax.set_xlabel("day")
        ax.set_xticks(days[:: max(1, len(days) // 8)])
        if _is_share(name) or not any(figures[name].any() for figures in policies.values()):
            ax.set_ylim(-0.02, 1.02)
    for ax in axes[len(names) :]:
        ax.set_visible(False)
    if len(policies) > 1:
        axes[0].legend(frameon=False)
    return figure


@drawn_alike()
def heat_map(counts: NDArray[np.uint32], walls: NDArray[np.bool_], places: Mapping[str, tuple[float, float]]) -> Figure:
    """Where agents spend their time.

    Args:
        counts: uint32 ``[H, W]``, how often somebody stood on a tile.
        walls: bool ``[H, W]``, tiles nobody can stand on.
        places: name to (row, column) of where to write it.
    """
    figure, (ax,) = new_figure(width=7.4, height=6.4)
    share = counts / max(int(counts.sum()), 1)
    shown = np.ma.masked_where(share <= 0, share * 100)
    ax.imshow(np.where(walls, 0.72, 1.0), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    from matplotlib.colors import LogNorm

    if counts.any():
        low = max(float(shown.min()), 1e-4)
        image = ax.imshow(shown, cmap="cividis_r", norm=LogNorm(low, float(shown.max())), interpolation="nearest")
        scale = figure.colorbar(image, ax=ax, shrink=0.8, label="share of the time of all agents, % (log scale)")
        scale.ax.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        scale.ax.yaxis.set_minor_formatter(lambda value, _: f"{value:g}" if f"{value:e}"[0] in "25" else "")
    for name, (row, column) in places.items():
        box = {"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.75}
        ax.text(column, row, named(name), fontsize=7, ha="center", va="center", bbox=box)
    title(ax, "Where agents are")
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set_visible(False)
    return figure


@drawn_alike()
def queue_lengths(counts: NDArray[np.uint32], kinds: Sequence[str]) -> Figure:
    """How full facilities are: of each kind, the share of time with n agents using and waiting.

    Args:
        counts: uint32 ``[K, B]``, how often a facility of kind k was seen with b agents.
        kinds: the ``K`` kinds' names.
    """
    figure, (ax,) = new_figure(width=7.4, height=0.42 * len(kinds) + 1.2)
    totals = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    share = counts / totals * 100
    left = np.zeros(len(kinds))
    names = ("empty", "in use", "1 waiting", "2 waiting", "3 or more waiting")
    parts = [share[:, 0], share[:, 1], share[:, 2], share[:, 3], share[:, 4:].sum(axis=1)]
    shades = ("#E8E8E8", "#56B4E9", "#E69F00", "#D55E00", "#7A1F00")
    for name, part, shade in zip(names, parts, shades, strict=True):
        ax.barh(np.arange(len(kinds)), part, left=left, color=shade, label=name, height=0.72)
        left = left + part
    ax.set_yticks(np.arange(len(kinds)), labels=[named(kind) for kind in kinds])
    ax.invert_yaxis()
    ax.set_xlim(0, 100)
    ax.set_xlabel("share of the time, %")
    title(ax, "How full facilities are")
    ax.legend(
        frameon=False,
        ncols=5,
        loc="upper left",
        bbox_to_anchor=(0, -0.16 - 0.5 / len(kinds)),
        fontsize=8,
        handlelength=1.2,
    )
    return figure


@drawn_alike()
def ties_graph(names: Sequence[str], ties: Sequence[Tie]) -> Figure:
    """Who likes and who rivals whom: agents on a circle; the wider a line, the stronger the tie."""
    figure, (ax,) = new_figure(width=6.4, height=6.0)
    angles = np.pi / 2 - 2 * np.pi * np.arange(len(names)) / max(len(names), 1)
    x, y = np.cos(angles), np.sin(angles)
    for tie in ties:
        warmth = (tie.trust + tie.familiarity) / 2
        rivalrous = tie.rivalry > warmth
        strength = min(max(tie.rivalry if rivalrous else warmth, 0.0), 1.0)
        if strength <= 0.02:
            continue
        style = {"color": COLOURS[1 if rivalrous else 0], "linestyle": "--" if rivalrous else "-"}
        ax.annotate(
            "",
            (x[tie.b] * 0.94, y[tie.b] * 0.94),
            (x[tie.a] * 0.94, y[tie.a] * 0.94),
            arrowprops={
                "arrowstyle": "-|>",
                "lw": 0.6 + 3.4 * strength,
                "alpha": 0.45 + 0.5 * strength,
                "connectionstyle": "arc3,rad=0.12",
                "shrinkA": 12,
                "shrinkB": 12,
                **style,
            },
        )
    ax.scatter(x, y, s=260, color="white", edgecolor="black", zorder=3)
    for name, angle, px, py in zip(names, angles, x, y, strict=True):
        side = "center" if abs(np.cos(angle)) < 0.3 else ("left" if np.cos(angle) > 0 else "right")
        ax.text(px * 1.13, py * 1.13, named(name), ha=side, va="center", fontsize=9)
    _line(ax, COLOURS[0], "-", "trust and familiarity")
    _line(ax, COLOURS[1], "--", "rivalry")
    ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.01), ncols=2, fontsize=9)
    title(ax, "Ties at the end")
    ax.set_xlim(-1.55, 1.55)
    ax.set_ylim(-1.3, 1.3)
    ax.set_aspect("equal")
    ax.axis("off")
    return figure


@drawn_alike()
def agent_day(
    name: str, spells: Sequence[Spell], needs: Mapping[str, NDArray[np.float64]], shift: tuple[int, int] | None
) -> Figure:
    """One agent's day: what it did, and how its needs went.

    Args:
        name: the agent's.
        spells: its activities; the rest of the time it is on its way.
        needs: need to float64 ``[T]``, 0 to 1, one a tick of the day.
        shift: first tick and end of its shift, or None without a job.
    """
    figure, axes = new_figure(2, 1, width=8.6, height=1.9)
    activities = list(dict.fromkeys(spell.activity for spell in spells))
    top, bottom = axes
    for spell in spells:
        row = activities.index(spell.activity)
        colour = COLOURS[row % len(COLOURS)]
        top.barh(row, spell.end - spell.start, left=spell.start, color=colour, height=0.8)
    top.set_yticks(range(len(activities)), labels=[named(a.replace("_", " ")) for a in activities])
    top.invert_yaxis()
    title(top, f"A day of {named(name)}")
    for colour, (need, values) in zip(COLOURS, needs.items(), strict=False):
        bottom.plot(np.arange(len(values)), values, color=colour, label=named(need))
    bottom.set_ylim(0, 1.02)
    bottom.set_ylabel("need (1 = satisfied)")
    bottom.set_xlabel("tick of the day")
    bottom.legend(frameon=False, ncols=len(needs), loc="upper left", bbox_to_anchor=(0, 1.2), fontsize=8)
    length = max((len(values) for values in needs.values()), default=1)
    for ax in axes:
        ax.set_xlim(0, length)
        if shift is not None:
            ax.axvspan(*shift, color="#BBBBBB", alpha=0.3, lw=0)
    if shift is not None:
        bottom.text(sum(shift) / 2, 0.03, "shift", fontsize=8, ha="center", va="bottom", color="#555555")
    return figure


def _line(ax: Axes, colour: str, style: str, name: str) -> None:
    ax.plot([], [], color=colour, linestyle=style, lw=2.5, label=name)


def _is_share(name: str) -> bool:
    return name in ("self_sufficiency", "attendance", "chat_success") or name.startswith("mean_") or "share" in name
