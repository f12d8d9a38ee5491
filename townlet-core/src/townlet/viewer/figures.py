"""The key figures of a town as the page shows them."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from townlet.evaluation.names import HEADLINES, LABELS
from townlet.telemetry import TownKpis
from townlet.telemetry.kpis import uncounted
from townlet.viewer.columns import pack

__all__ = ["headline_values", "pack_figures"]


def headline_values(kpis: TownKpis) -> list[float]:
    """The headlines in their order; NaN where nothing has been counted yet, which is shown as a dash."""
    figures, lived = kpis.summary(), kpis.ticks > 0
    unknown = uncounted(kpis.agent_sums.sum((0, 1)))
    return [float(figures[name]) if lived and name not in unknown else nan for name in HEADLINES]


def pack_figures(ticks: Sequence[int], values: Sequence[Sequence[float]]) -> bytes:
    """Headlines at some ticks, as the page reads them.

    Args:
        ticks: when, in order.
        values: those of each tick, as of :func:`headline_values`.
    """
    columns: dict[str, NDArray[Any]] = {
        "tick": np.array(ticks, np.int32).reshape(-1, 1),
        "values": np.array(values, np.float32).reshape(-1, len(HEADLINES)),
    }
    return pack(columns, {"figures": [{"name": name, "label": LABELS[name]} for name in HEADLINES]})
