"""A frame: where everybody and everything of some towns is between two ticks, as named arrays of their own.

It holds what can be seen and told of a town, in the state's own units; what only the rules need is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from townlet.envs.engine import TownEngine
from townlet.world.state import Agents, Objects, Outside, WorldState, field_specs

__all__ = ["FRAME_COLUMNS", "FrameColumn", "read_frame"]

Per = Literal["agent", "object", "town"]


@dataclass(frozen=True, slots=True)
class FrameColumn:
    """One array of a frame.

    Attributes:
        per: its axis after the town: an agent slot, a facility object, or a few numbers of the town itself.
        meaning: what a number is, with its unit or range.
    """

    per: Per
    meaning: str


_AGENT = (
    "present", "life", "y", "x", "hunger", "energy", "hygiene", "money", "groceries", "meals", "activity",
    "activity_left", "activity_object", "queue_object", "faint_left", "in_shift", "on_site", "shift_phase", "job",
    "attendance", "rent_due", "personality", "last_ok",
)  # fmt: skip
_OBJECT = ("user", "queue_length", "stock")
_TOWN = ("power", "water", "prices", "meeting")


def _columns() -> Mapping[str, FrameColumn]:
    found: dict[str, FrameColumn] = {}
    groups: tuple[tuple[tuple[str, ...], type, Per], ...] = (
        (_AGENT, Agents, "agent"),
        (_OBJECT, Objects, "object"),
        (_TOWN, Outside, "town"),
    )
    for names, fields, per in groups:
        told = {field.name: field.meaning for field in field_specs(fields)}
        found.update({name: FrameColumn(per, told[name]) for name in names})
    found["last_ok"] = FrameColumn("agent", "whether the last action had its effect (true after waiting)")
    found["shift_phase"] = FrameColumn("agent", "0 off, 1 due, 2 on time, 3 late, 4 excused")
    found["queue_place"] = FrameColumn("agent", "1 for the head of the queue it stands in, 0 outside of one")
    found["closed"] = FrameColumn("object", "nobody can begin to use it")
    return MappingProxyType(found)


FRAME_COLUMNS: Mapping[str, FrameColumn] = _columns()
"""The arrays of a frame by name."""


def read_frame(engine: TownEngine) -> dict[str, NDArray[Any]]:
    """The towns of an engine as they are now: copies, ``[W, A]``, ``[W, O]`` or ``[W, n]`` (see :data:`FRAME_COLUMNS`).

    ``personality`` is ``[W, A, 3]``: extroversion, forgiveness, ambition.
    """
    state = engine.state
    frame = {name: getattr(state.agents, name).copy() for name in _AGENT}
    frame |= {name: getattr(state.objects, name).copy() for name in _OBJECT}
    for name in _TOWN:
        array = getattr(state.outside, name).copy()
        frame[name] = array[:, None] if array.ndim == 1 else array
    frame["queue_place"] = _places(state)
    frame["closed"] = state.objects.closed_until > state.clock.tick[:, None]
    return frame


def _places(state: WorldState) -> NDArray[np.int8]:
    waiting = state.agents.queue_object
    places = np.zeros(waiting.shape, np.int8)
    for w, a in np.argwhere(waiting >= 0):
        places[w, a] = 1 + int(np.argmax(state.objects.queue[w, waiting[w, a]] == a))
    return places
