"""Lost days: where in a rollout a need fell to 0.3, and what that costs while a limit on it is kept."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np

from townlet.api import BoolArray, FloatArray
from townlet.errors import UsageError
from townlet.rollout import Step

__all__ = ["CountsLostDays", "LostDays"]


@runtime_checkable
class CountsLostDays(Protocol):
    """What an engine adds whose agents can lose a day."""

    @property
    def sufficient(self) -> BoolArray:
        """Who has lived here since the day began without a need falling to 0.3: bool ``[N]``."""
        ...


class LostDays:
    """A watcher of a rollout: marks each tick on which a row loses the day under way, at most once a day.

    Args:
        engine: the towns.
        ticks: ``T`` of a rollout.
        rows: ``N``.
    """

    def __init__(self, engine: object, ticks: int, rows: int) -> None:
        self._engine = engine if isinstance(engine, CountsLostDays) else None
        self._sufficient = np.zeros((ticks + 1, rows), np.bool_)  # before the first tick, and after each
        self._length = 0

    @property
    def known(self) -> bool:
        """Whether the engine tells of lost days at all."""
        return self._engine is not None

    @property
    def lost(self) -> BoolArray:
        """Bool ``[ticks seen, N]``."""
        lost: BoolArray = self._sufficient[: self._length] > self._sufficient[1 : self._length + 1]
        return lost

    def begin(self) -> None:
        """Call before the first tick of a rollout."""
        self._length = 0
        if self._engine is not None:
            self._sufficient[0] = self._engine.sufficient

    def __call__(self, step: Step) -> None:
        """Look at the tick just done."""
        del step
        if self._engine is None:
            return
        self._length += 1
        self._sufficient[self._length] = self._engine.sufficient

    def charge(self, rewards: FloatArray, price: float) -> None:
        """Subtract the price of each lost day, in place, from ``rewards``, float32 ``[ticks seen, N]``.

        Raises:
            UsageError: if the engine does not tell of lost days.
        """
        if self._engine is None:
            raise UsageError(
                "training.ppo.constraint limits lost days, which these towns do not count",
                details=("set training.ppo.constraint.lost_days: null",),
            )
        rewards -= np.float32(price) * self.lost
