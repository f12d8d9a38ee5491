"""The rules of town life: one file each, plain loops over the agents or objects of one world.

Every rule is ``rule(state, tables, w)`` and changes ``state`` in place; ``townlet.world.tick`` lists them in order.
Helpers that several rules share live with the thing they change (a queue, an activity, a tie, a post, a life).
"""

from __future__ import annotations

__all__: list[str] = []
