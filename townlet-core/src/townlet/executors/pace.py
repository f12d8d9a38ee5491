"""How far the piece under way in this process is: one number, which another thread may read."""

from __future__ import annotations

from collections.abc import Callable

from townlet.rollout import Step

__all__ = ["count_anew", "counting", "pace"]

_DONE = [0]


def count_anew() -> None:
    """A new piece."""
    _DONE[0] = 0


def pace() -> int:
    """Town-ticks done of the piece under way."""
    return _DONE[0]


def counting(towns: int) -> Callable[[Step], None]:
    """A watcher that counts the ticks of so many towns."""
    count_anew()

    def watch(step: Step) -> None:
        del step
        _DONE[0] += towns

    return watch
