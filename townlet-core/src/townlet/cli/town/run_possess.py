"""One agent in your hands: keys from the terminal, or from a file or pipe, become actions."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from townlet.api import BoolArray, ObservationBatch, ObservationSpec
from townlet.cli.output import console
from townlet.cli.town.keys import END, open_keys
from townlet.cli.town.run_live import LiveView

__all__ = ["HELP", "TerminalPilot"]

_KEYS: dict[str, str] = {
    "w": "north", "k": "north", "up": "north",
    "d": "east", "l": "east", "right": "east",
    "s": "south", "j": "south", "down": "south",
    "a": "west", "h": "west", "left": "west",
    "e": "use", "u": "use", " ": "use",
    "c": "chat",
    "y": "yield",
    ".": "wait",
}  # fmt: skip

HELP = "wasd or arrows walk · e use · c chat · y yield · . wait · m its own mind · f its own mind for 50 ticks · q quit"
_FAST = 50
_NEEDS = ("need_hunger", "need_energy", "need_hygiene")
_ITEMS = ("groceries", "meals")
_FLAGS = ("in_shift", "on_site", "in_queue")


class TerminalPilot:
    """Asks the keyboard for each action of one agent.

    The town waits for the key. ``m`` lets the agent's own mind act once, ``f`` for some ticks, ``q`` ends the run;
    so does the end of the input.

    Args:
        spec: what its observations mean.
        name: the agent.
    """

    def __init__(self, spec: ObservationSpec, name: str) -> None:
        self._spec, self._name = spec, name
        self._actions = {key: spec.action_index(action) for key, action in _KEYS.items() if action in spec.action_names}
        self._view: LiveView | None = None
        self._keys: Iterator[str] = iter(())
        self._free_ticks = 0
        self._left = False

    @contextmanager
    def on(self, view: LiveView) -> Iterator[TerminalPilot]:
        """Read keys and show what they do in ``view``."""
        self._view = view
        with open_keys(sys.stdin) as keys:
            self._keys = keys
            if not view.draws:
                console().print(f"you are {self._name}.  {HELP}", markup=False)
            yield self

    def has_left(self) -> bool:
        """Whether the person ended the run."""
        return self._left

    def choose(self, observation: ObservationBatch, mask: BoolArray, suggestion: int) -> int:
        """The action of the next key that is possible."""
        if self._free_ticks > 0:
            self._free_ticks -= 1
            return suggestion
        names = self._spec.action_names
        self._say(self._status(observation, names[suggestion]))
        for key in self._keys:
            if key in ("q", END):
                self._left = True
                return suggestion
            if key in ("m", "f"):
                self._free_ticks = _FAST - 1 if key == "f" else 0
                return suggestion
            action = self._actions.get(key)
            if action is not None and mask[action]:
                return action
            possible = ", ".join(names[k] for k in np.flatnonzero(mask))
            what = f"{names[action]} is not possible now" if action is not None else f"no such key {key!r}"
            self._say(f"{what}; possible: {possible}\n{HELP}")
        self._left = True
        return suggestion

    def _status(self, observation: ObservationBatch, suggestion: str) -> str:
        features = dict(zip(self._spec.feature_names, map(float, observation.features[0]), strict=True))
        spec = self._spec
        doing = [n.removeprefix("doing_") for n in self._spec.feature_names if n.startswith("doing_") and features[n]]
        told = [
            *(f"{name.removeprefix('need_')} {features[name]:.2f}" for name in _NEEDS),
            *(f"{spec.feature(name).decode(features[name]):.0f} {name}" for name in _ITEMS),
            f"{spec.feature('wallet').decode(features['wallet']):.0f} coins",
            *(name.replace("_", " ") for name in _FLAGS if features[name]),
            f"doing {', '.join(doing)}",
            f"its mind would: {suggestion}",
        ]
        return f"{self._name}: {' · '.join(told)}\n{HELP}"

    def _say(self, note: str) -> None:
        if self._view is not None and self._view.draws:
            self._view.draw(note)
