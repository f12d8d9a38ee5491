"""``Guide``: leads single agents of a town whose actions are primitive by goals, for minds that choose those."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from townlet.api import ActionArray, BoolArray
from townlet.envs.engine import TownEngine
from townlet.errors import ContractError
from townlet.world.leading import choices_of, habits_of
from townlet.world.names import GOALS
from townlet.world.views import bind

__all__ = ["TownGuide"]


class TownGuide:
    """The habits of the towns of an engine, as in a town where everybody chooses goals.

    Args:
        engine: its towns, as they are whenever they are asked about.

    Raises:
        ContractError: if minds choose goals there anyway.
    """

    def __init__(self, engine: TownEngine) -> None:
        if engine.spec.spans:
            raise ContractError("in a town of the action space 'goals' nobody has to be led")
        self._state, self._tables = bind(engine.state), bind(engine.tables)

    def choices(
        self, rows: NDArray[np.intp], goal: ActionArray, left: NDArray[np.int64]
    ) -> tuple[BoolArray, BoolArray]:
        """See :meth:`townlet.envs.protocol.Guide.choices`."""
        mask, asked = np.zeros((len(rows), len(GOALS)), np.bool_), np.zeros(len(rows), np.bool_)
        choices_of(self._state.ref, self._tables.ref, rows, goal, left, mask, asked)
        return mask, asked

    def habits(self, rows: NDArray[np.intp], goal: ActionArray) -> ActionArray:
        """See :meth:`townlet.envs.protocol.Guide.habits`."""
        actions = np.zeros(len(rows), np.int64)
        habits_of(self._state.ref, self._tables.ref, rows, goal, actions)
        return actions
