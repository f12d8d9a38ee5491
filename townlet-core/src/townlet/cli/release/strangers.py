"""How a checkpoint did among strangers beside the release, as ``promote`` shows it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

from townlet.arena.gate import STRANGERS_COLUMNS, StrangersGate, strangers_cells
from townlet.arena.promoting import Shown
from townlet.cli.mind.arena_show import watched
from townlet.cli.output import counted, emit
from townlet.cli.tables import emit_table
from townlet.visible import visible

__all__ = ["show_strangers", "strangers_watched"]


def strangers_watched(*, alone: bool, quiet: bool) -> Callable[[], AbstractContextManager[Shown]]:
    """A context in which progress is shown: that of this process where it plays ``alone``, else that of the workers."""
    return partial(watched, alone=alone, quiet=quiet)


def show_strangers(gate: StrangersGate) -> None:
    """Print the table on stdout."""
    emit(f"beside {visible(gate.against)} among strangers, suite {gate.suite}, {counted(gate.towns, 'town')} each:")
    emit_table(STRANGERS_COLUMNS, strangers_cells(gate))
