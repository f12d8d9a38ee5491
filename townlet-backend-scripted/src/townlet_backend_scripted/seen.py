"""What the rules read: the named features of all rows, as one array a name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from townlet.api import ObservationBatch, ObservationSpec

__all__ = ["KINDS", "Reader", "Seen"]

Column = NDArray[np.float32]
Truth = NDArray[np.bool_]

KINDS = ("bed", "shower", "stove", "table", "till", "counter", "desk", "bench")
"""Facility kinds, in the order of the rules' targets."""

_COLUMNS = (
    "need_hunger",
    "need_energy",
    "need_hygiene",
    "wallet",
    "groceries",
    "meals",
    "has_job",
    "in_shift",
    "to_shift_start",
    "to_shift_end",
    "doing_none",
    "doing_sleep",
    "doing_work",
    "doing_rest",
    "in_queue",
    "power",
    "water",
    "extroversion",
    "last_chat",
    "desk_distance",
    "shower_queue",
    "stove_queue",
    "till_queue",
    "counter_queue",
    "bench_queue",
)
_WAY = ("north", "east", "south", "west", "usable", "here")


@dataclass(frozen=True, slots=True)
class Seen:
    """One tick, column by column. Float columns are as in the observation unless a comment says otherwise.

    Attributes:
        values: float32 ``[columns, N]``, the columns by position in ``index``.
        index: name to position.
        money: coins, ``[N]``.
        mask: bool ``[K, N]``, what is possible.
    """

    values: NDArray[np.float32]
    index: dict[str, int]
    money: Column
    mask: Truth

    def __getitem__(self, name: str) -> Column:
        column: Column = self.values[self.index[name]]
        return column

    def distance(self, kind: str) -> Column:
        """Steps to the nearest facility of a kind; very many where it cannot be reached."""
        share = self[f"{kind}_distance"]
        steps: Column = 8.0 * share / np.maximum(1.0 - share, np.float32(1e-4))
        return steps


class Reader:
    """Finds the features by name once, and cuts each observation into columns.

    Raises:
        ContractError: at creation, if the observation lacks a feature that the rules read.
    """

    def __init__(self, spec: ObservationSpec) -> None:
        names = _COLUMNS
        self._columns = np.array([spec.feature(name) for name in names], np.intp)
        self._index = {name: i for i, name in enumerate(names)}
        self._way = np.array([[spec.feature(f"{kind}_{part}") for part in _WAY] for kind in KINDS], np.intp)
        self._features = spec.features

    def read(self, observations: ObservationBatch) -> Seen:
        """The columns of all rows."""
        values = np.ascontiguousarray(observations.features.take(self._columns, axis=1).T)
        wallet = values[self._index["wallet"]]
        money = 50.0 * wallet / np.maximum(1.0 - wallet, 1e-4)
        return Seen(values, self._index, money, np.ascontiguousarray(observations.action_mask.T))

    def way(self, observations: ObservationBatch, targets: NDArray[np.intp]) -> Column:
        """The way to each row's own target kind: float32 ``[N, 6]``: north, east, south, west, usable, here."""
        rows = np.arange(len(targets), dtype=np.intp)[:, None] * self._features
        flat = observations.features.reshape(-1)
        return flat.take(rows + self._way[targets])
