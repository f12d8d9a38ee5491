"""Friends and rivals: which of an agent's six ties are shown, and how others are marked on its map."""

from __future__ import annotations

from townlet.observations.channels import FRIEND, NEUTRAL, RIVAL
from townlet.world.compiled import compiled
from townlet.world.state import Ties

__all__ = ["best_ties", "relation"]


@compiled
def relation(ties: Ties, w: int, a: int, t: int) -> int:
    """Mark of the other of tie ``t``: RIVAL where rivalry outweighs trust, FRIEND where there is trust."""
    if ties.other[w, a, t] < 0:
        return NEUTRAL
    trust, rivalry = float(ties.trust[w, a, t]), float(ties.rivalry[w, a, t])
    if rivalry > 0.0 and rivalry > trust:
        return RIVAL
    if trust > 0.0:
        return FRIEND
    return NEUTRAL


@compiled
def best_ties(ties: Ties, w: int, a: int, mark: int) -> tuple[int, int]:
    """The two strongest ties of a kind (by trust + familiarity, or by rivalry): tie numbers, -1 for none."""
    first, second = -1, -1
    top, next_top = -1e9, -1e9
    for t in range(ties.other.shape[2]):
        if relation(ties, w, a, t) == mark:
            if mark == FRIEND:
                strength = float(ties.trust[w, a, t]) + float(ties.familiarity[w, a, t])
            else:
                strength = float(ties.rivalry[w, a, t])
            if strength > top:
                second, next_top = first, top
                first, top = t, strength
            elif strength > next_top:
                second, next_top = t, strength
    return first, second
