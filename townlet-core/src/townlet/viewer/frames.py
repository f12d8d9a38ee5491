"""The frames of one town: what is drawn and told of each tick, read from the state into columns.

A frame is the state at a tick, before the action of that tick; the last frame is the state after the last action.
Axes: ``T`` frames, ``A`` agents, ``O`` facility objects.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from townlet.envs.engine import TownEngine
from townlet.envs.frames import read_frame
from townlet.viewer.columns import pack, quantised
from townlet.world.names import SELLING_KINDS

__all__ = ["FAINT", "IN_SHIFT", "LAST_OK", "ON_SITE", "POWER", "STEPS", "WATER", "FrameNotes", "TieNotes", "drawn"]

FAINT, IN_SHIFT, ON_SITE, LAST_OK = 1, 2, 4, 8
"""Bits of ``flags``."""
POWER, WATER = 1, 2
"""Bits of ``services``."""
STEPS: Final[Mapping[str, float]] = {
    **dict.fromkeys(("hunger", "energy", "hygiene", "attendance"), 1 / 255),
    "money": 0.1,
    **dict.fromkeys(("extroversion", "forgiveness", "ambition"), 0.01),
    "prices": 0.01,
    "stock": 1.0,
}
"""What one unit of a column is; 1 where nothing is said."""
_TRAITS = ("extroversion", "forgiveness", "ambition")
_TIE_STEP = 0.01


def drawn(frame: Mapping[str, NDArray[Any]], tick: int, selling: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """What is drawn of the first town of a frame: name to whole numbers ``[n]``, ``n`` being ``A``, ``O``, or a few.

    Args:
        frame: of :func:`townlet.envs.frames.read_frame`.
        tick: its tick.
        selling: numbers of the objects that sell something.
    """
    now = {name: column[0] for name, column in frame.items()}
    flags = (now["faint_left"] > 0) * FAINT + now["in_shift"] * IN_SHIFT + now["on_site"] * ON_SITE
    needs = {name: quantised(now[name], 1 / 255, np.uint8) for name in ("hunger", "energy", "hygiene")}
    traits = {name: quantised(now["personality"][:, i], 0.01, np.int8) for i, name in enumerate(_TRAITS)}
    waits = now["queue_object"]
    return {
        "tick": np.array([tick], np.int32),
        "y": now["y"],
        "x": now["x"],
        **needs,
        "money": quantised(now["money"], STEPS["money"], np.int32),
        "groceries": quantised(now["groceries"], 1, np.uint8),
        "meals": quantised(now["meals"], 1, np.uint8),
        "activity": now["activity"],
        "left": quantised(now["activity_left"], 1, np.uint16),
        "object": np.where(waits >= 0, waits, now["activity_object"]).astype(np.int16),
        "place": now["queue_place"].astype(np.uint8),
        "flags": (flags + now["last_ok"] * LAST_OK).astype(np.uint8),
        "shift": now["shift_phase"],
        "job": now["job"],
        "attendance": quantised(now["attendance"], 1 / 255, np.uint8),
        "life": quantised(now["life"], 1, np.uint16),
        "rent": quantised(now["rent_due"], 1, np.uint16),
        **traits,
        "closed": now["closed"].astype(np.uint8),
        "stock": quantised(now["stock"][selling], 1, np.uint16),
        "services": (now["power"] * POWER + now["water"] * WATER).astype(np.uint8),
        "prices": quantised(now["prices"], STEPS["prices"], np.uint16),
        "meeting": now["meeting"],
    }


class FrameNotes:
    """Collects frames of world 0 of an engine.

    Args:
        engine: a town.
        frames: how many are expected; more are taken, too.
    """

    def __init__(self, engine: TownEngine, frames: int) -> None:
        self._engine = engine
        self._selling = np.flatnonzero(np.isin(engine.tables.map.object_kind, SELLING_KINDS))
        self._room = max(frames, 1)
        self._columns: dict[str, NDArray[Any]] = {}
        self.frames = 0
        """Frames noted so far."""

    def note(self) -> None:
        """Take the frame of now; which actions are taken from it is not known yet."""
        frame = drawn(read_frame(self._engine), int(self._engine.tick), self._selling)
        agents = self._engine.agents
        frame["action"] = np.full(agents, -1, np.int16)
        if not self._columns:
            self._columns = {name: np.empty((self._room, len(values)), values.dtype) for name, values in frame.items()}
        if self.frames == self._room:
            self._room *= 2
            for name, column in self._columns.items():
                self._columns[name] = np.concatenate([column, np.empty_like(column)])
        for name, values in frame.items():
            self._columns[name][self.frames] = values
        self.frames += 1

    def act(self, actions: NDArray[np.int64]) -> None:
        """Say which actions ``[A]`` were taken from the last frame."""
        self._columns["action"][self.frames - 1] = actions

    def drain(self) -> bytes:
        """The part ``frames`` of what came since the last time. The last frame stays: its actions are still to come."""
        packed = self.packed()
        for column in self._columns.values():
            column[0] = column[self.frames - 1]
        self.frames = 1
        return packed

    def packed(self) -> bytes:
        """The part ``frames``."""
        return pack({name: column[: self.frames] for name, column in self._columns.items()}, {"steps": STEPS})


class TieNotes:
    """Collects how ties change, slot by slot; what does not change by a hundredth is not noted again.

    Args:
        engine: a town.
        empty: note slots without a tie at first, too, for readers who know an earlier state.
    """

    def __init__(self, engine: TownEngine, *, empty: bool = False) -> None:
        self._engine, self._empty = engine, empty
        self._before: NDArray[np.int16] | None = None
        self._ticks: list[NDArray[np.int32]] = []
        self._slots: list[NDArray[np.int32]] = []
        self._values: list[NDArray[np.int16]] = []

    def note(self) -> None:
        """Compare with what was noted last."""
        ties = self._engine.state.ties
        numbers = [
            quantised(getattr(ties, name)[0], _TIE_STEP, np.int16) for name in ("trust", "familiarity", "rivalry")
        ]
        now = np.stack([ties.other[0], *numbers], axis=-1).reshape(-1, 4)
        before = np.full_like(now, -1 if not self._empty else -2) if self._before is None else self._before
        empty = (now[:, 0] < 0) & (before[:, 0] == -1)
        changed = np.flatnonzero((now != before).any(axis=1) & ~empty)
        self._before = now
        if len(changed):
            self._slots.append(changed.astype(np.int32))
            self._values.append(now[changed])
            self._ticks.append(np.full(len(changed), self._engine.state.clock.tick[0], np.int32))

    def drain(self) -> bytes:
        """The part ``ties`` of what changed since the last time."""
        packed = self.packed()
        self._ticks, self._slots, self._values = [], [], []
        return packed

    def packed(self) -> bytes:
        """The part ``ties``: changes in order of slot, then tick; ``slot`` is ``agent * per_agent + number``."""
        slots = np.concatenate([np.zeros(0, np.int32), *self._slots])
        ticks = np.concatenate([np.zeros(0, np.int32), *self._ticks])
        values = np.concatenate([np.zeros((0, 4), np.int16), *self._values])
        order = np.lexsort((ticks, slots))
        columns: dict[str, NDArray[Any]] = {"slot": slots[order, None], "tick": ticks[order, None]}
        columns["other"] = values[order, :1]
        for i, name in enumerate(("trust", "familiarity", "rivalry"), start=1):
            columns[name] = values[order, i : i + 1].astype(np.int8)
        return pack(columns, {"perAgent": int(self._engine.state.ties.other.shape[2]), "step": _TIE_STEP})
