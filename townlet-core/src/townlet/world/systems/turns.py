"""The fair order in which agents act: the first place rotates, and every second tick runs the other way round."""

from __future__ import annotations

from townlet.world.compiled import compiled
from townlet.world.state import WorldState

__all__ = ["turn"]


@compiled
def turn(state: WorldState, w: int, i: int) -> int:
    """The agent who acts as number ``i`` in this tick. Over ``2 * A`` ticks each pair is as often in either order."""
    count: int = state.agents.present.shape[1]
    tick = int(state.clock.tick[w])
    first = (tick // 2) % count
    a = first + i if tick % 2 == 0 else first + count - i
    return a - count if a >= count else a
