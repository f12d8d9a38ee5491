"""Key figures of a town: per run, day, world and agent, all from the same sums by the same formulas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from townlet.telemetry.measures import MEASURES, column

__all__ = ["KPI_NAMES", "TownKpis", "kpis_of", "uncounted"]

Sums = NDArray[np.float64]

_PER_AGENT_DAY = {
    "wages": "wages",
    "spent": "spent",
    "rent": "rent",
    "starvations": "exit_collapse",
    "evictions": "exit_eviction",
    "exits": "exit",
    "faints": "faint",
    "queue_conflicts": "conflict",
    "conflicts_avoided": "conflict_avoided",
    "chats": "chat_ok",
    "shared_meals": "shared_meal",
    "shift_takeovers": "takeover",
    "ties_formed": "tie_formed",
    "bumps": "bump",
    "ghost_steps": "ghost",
    **{name: name for name in MEASURES if name.startswith(("finished_", "reward"))},
}
_OF = {
    "self_sufficiency": ("agent_days",),
    "attendance": ("attended", "absent"),
    "on_site_share": ("shift_ticks",),
    "late_share": ("on_time", "late"),
    "lateness": ("on_time", "late"),
    "chat_success": ("chat_ok", "chat_failed"),
    "chat_quality": ("chat_ok",),
    "conflict_intensity": ("conflict",),
}
"""The measures that a share or mean is of, which may not have come yet."""
_COLUMNS = {name: index for index, name in enumerate(MEASURES)}


def kpis_of(sums: Sums, day_ticks: int) -> dict[str, NDArray[np.float64]]:
    """The key figures of some sums.

    Args:
        sums: float64 ``[..., M]``, columns as in :data:`~townlet.telemetry.measures.MEASURES`.
        day_ticks: ticks of a day.

    Returns:
        Name to float64 ``[...]``. Rates are per agent-day lived; shares lie in [0, 1]; a share of nothing is 0;
        ``lateness`` is in ticks per arrival, ``chat_quality`` and ``conflict_intensity`` are means.
    """

    def of(name: str) -> NDArray[np.float64]:
        values: NDArray[np.float64] = sums[..., _COLUMNS[name]]
        return values

    def share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.divide(part, whole, out=np.zeros_like(part, np.float64), where=whole > 0)

    ticks = of("ticks")
    shifts = of("attended") + of("absent")
    arrivals = of("on_time") + of("late")
    figures = {
        "self_sufficiency": share(of("sufficient_days"), of("agent_days")),
        "mean_need": share(of("hunger") + of("energy") + of("hygiene"), 3 * ticks),
        "mean_hunger": share(of("hunger"), ticks),
        "mean_energy": share(of("energy"), ticks),
        "mean_hygiene": share(of("hygiene"), ticks),
        "low_need_share": share(of("low_ticks"), ticks),
        "attendance": share(of("attended"), shifts),
        "on_site_share": share(of("on_site_ticks"), of("shift_ticks")),
        "late_share": share(of("late"), arrivals),
        "lateness": share(of("late_ticks"), arrivals),
        "chat_success": share(of("chat_ok"), of("chat_ok") + of("chat_failed")),
        "chat_quality": share(of("chat_quality"), of("chat_ok")),
        "conflict_intensity": share(of("conflict_intensity"), of("conflict")),
        "guarded_share": share(of("guarded_ticks"), ticks),
        "clipped_share": share(of("clipped_ticks"), ticks),
    }
    for name, measure in _PER_AGENT_DAY.items():
        figures[name] = share(of(measure) * day_ticks, ticks)
    return figures


def uncounted(sums: Sums) -> frozenset[str]:
    """The key figures that are shares or means of nothing: their 0 was not measured, and is shown as unknown.

    Before the first shift has ended nobody has missed one.

    Args:
        sums: float64 ``[M]``, as for :func:`kpis_of`.
    """
    return frozenset(name for name, of in _OF.items() if not any(sums[_COLUMNS[measure]] > 0 for measure in of))


KPI_NAMES: tuple[str, ...] = tuple(kpis_of(np.zeros(len(MEASURES)), 1))


@dataclass(frozen=True, slots=True)
class TownKpis:
    """What was measured of ``W`` worlds since their reset.

    Attributes:
        agent_names: names of the ``A`` slots.
        kind_names: names of the facility kinds ``K``.
        day_ticks: ticks of a day.
        ticks: ticks simulated.
        seconds: wall time spent stepping, seconds.
        first_day: number of the first day in ``days``.
        days: float64 ``[D, W, M]``, sums over the agents of each day, the day under way last (where it has
            begun). Days longer ago than the engine keeps are only in ``agent_sums``.
        agent_sums: float64 ``[W, A, M]``, sums of the whole run.
        heat_map: uint32 ``[W, H, W]``, how often an agent stood on a tile (sampled every tenth tick).
        queue_lengths: uint32 ``[W, K, 8]``, how often a facility of a kind was free and unattended (0), or had
            n agents using and waiting (sampled every tenth tick).
    """

    agent_names: tuple[str, ...]
    kind_names: tuple[str, ...]
    day_ticks: int
    ticks: int
    seconds: float
    first_day: int
    days: NDArray[np.float64]
    agent_sums: NDArray[np.float64]
    heat_map: NDArray[np.uint32]
    queue_lengths: NDArray[np.uint32]

    @property
    def ticks_per_second(self) -> float:
        """Ticks of one world per second of stepping; 0 before the first step."""
        return self.ticks / self.seconds if self.seconds > 0 else 0.0

    def summary(self, *, timing: bool = False) -> dict[str, float]:
        """The key figures of the run, all worlds together; with ``timing`` also ``ticks_per_second``.

        Without ``timing`` it is a function of config, policy and seeds alone.
        """
        figures = {name: float(v) for name, v in kpis_of(self.agent_sums.sum((0, 1)), self.day_ticks).items()}
        if timing:
            figures["ticks_per_second"] = self.ticks_per_second
        return figures

    def per_world(self) -> list[dict[str, float]]:
        """The key figures of each world's run."""
        return _rows(self.agent_sums.sum(1), self.day_ticks)

    def per_day(self, world: int | None = None) -> list[dict[str, float]]:
        """The key figures of each day, of one world or of all together; ``day`` is its number."""
        sums = self.days.sum(1) if world is None else self.days[:, world]
        return [{"day": float(self.first_day + d), **row} for d, row in enumerate(_rows(sums, self.day_ticks))]

    def per_agent(self, world: int = 0) -> dict[str, dict[str, float]]:
        """The key figures of each slot of a world, by name."""
        rows = _rows(self.agent_sums[world], self.day_ticks)
        return dict(zip(self.agent_names, rows, strict=True))

    def totals(self, names: Sequence[str] = MEASURES) -> dict[str, float]:
        """The plain sums of some measures over the whole run, such as the number of chats."""
        sums = self.agent_sums.sum((0, 1))
        return {name: float(sums[column(name)]) for name in names}


def _rows(sums: Sums, day_ticks: int) -> list[dict[str, float]]:
    figures = kpis_of(sums, day_ticks)
    return [{name: float(values[i]) for name, values in figures.items()} for i in range(len(sums))]
