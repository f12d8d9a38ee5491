"""The compiled writers' table of contents: one world's rows, straight into the caller's arrays."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from townlet.api import ObservationBatch
from townlet.observations.feature_writer import write_features
from townlet.observations.map_writer import refresh_scratch, write_map
from townlet.observations.surroundings import COMPACT, Surroundings
from townlet.world.compiled import compiled
from townlet.world.state import WorldState
from townlet.world.tables import Tables

__all__ = ["Sheets", "observe_world", "sheets_of"]


class Sheets(NamedTuple):
    """Where observations go: the arrays of an ``ObservationBatch`` of ``N`` rows, C-contiguous."""

    map: Annotated[NDArray[np.uint8], "N C H W"]
    features: Annotated[NDArray[np.float32], "N F"]
    action_mask: Annotated[NDArray[np.bool_], "N K"]
    active: Annotated[NDArray[np.bool_], "N"]
    episode_start: Annotated[NDArray[np.bool_], "N"]
    asked: Annotated[NDArray[np.bool_], "N"]


def sheets_of(batch: ObservationBatch) -> Sheets:
    """The arrays of a batch."""
    return Sheets(batch.map, batch.features, batch.action_mask, batch.active, batch.episode_start, batch.asked)


@compiled
def _clear(sheets: Sheets, n: int) -> None:
    for f in range(sheets.features.shape[1]):
        sheets.features[n, f] = 0.0
    for c in range(sheets.map.shape[1]):
        for i in range(sheets.map.shape[2]):
            for j in range(sheets.map.shape[3]):
                sheets.map[n, c, i, j] = 0


@compiled
def observe_world(
    state: WorldState, tables: Tables, surroundings: Surroundings, sheets: Sheets, w: int, thread: int
) -> None:
    """Write what the agents of world ``w`` see now; empty rows become zeros. Masks and ``asked`` are not."""
    agents = state.agents
    count = agents.present.shape[1]
    with_map = surroundings.variant != COMPACT
    if with_map:
        refresh_scratch(state, tables, surroundings, w, thread)
    for a in range(count):
        n = w * count + a
        present = bool(agents.present[w, a])
        sheets.active[n] = present
        sheets.episode_start[n] = present and bool(agents.fresh[w, a])
        if present:
            write_features(state, tables, surroundings, sheets.features, n, w, a)
            if with_map:
                write_map(state, surroundings, sheets.map, n, w, a, thread)
        else:
            _clear(sheets, n)
