"""One agent in your hands: keys from the terminal, or from a file or pipe, become actions."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from townlet.api import BoolArray, ObservationBatch, ObservationSpec
from townlet.cli.output import console, counted
from townlet.cli.town.keys import END, Keys, open_keys
from townlet.cli.town.run_live import LiveView
from townlet.rollout.interrupt import end_is_asked

__all__ = ["KEYS", "TerminalPilot"]

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

KEYS = (
    *("? help", "q quit", "wasd walk", "e use", "c chat", "y yield", ". wait", "m its own mind"),
    *("f the same for 50 ticks", "n/p look at others"),
)
_HELP = """
  w a s d   walk; the arrows and h j k l do, too
  e         use what is here: eat, wash, sleep, work, buy
  c         chat with who stands beside you
  y         yield your place in the queue
  .         wait
  m         let the agent's own mind act once
  f         let it act for 50 ticks
  n and p   look at the next person, the one before; o: look freely
  ?         this help
  q         end the run; the summary follows
  Ctrl-C    the same, with exit code 130
"""
_FAST = 50
_LOOK_AGAIN = 0.1
"""Seconds between two looks at the window's size."""
_NEEDS = {"need_hunger": "food", "need_energy": "rest", "need_hygiene": "wash"}
"""As the list of people calls them, where 100 is fully satisfied."""
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
        self._keys: Keys | None = None
        self._free_ticks = 0
        self._left = self._quit = False

    @contextmanager
    def on(self, view: LiveView) -> Iterator[TerminalPilot]:
        """Read keys and show what they do in ``view``."""
        self._view = view
        view.say_keys(KEYS, _HELP)
        with open_keys(sys.stdin) as keys:
            self._keys = keys
            if not view.draws:
                console().print(f"you are {self._name}.  {' · '.join(KEYS)}", markup=False)
            yield self

    def has_left(self) -> bool:
        """Whether the person ended the run, or the input did."""
        return self._left

    def has_quit(self) -> bool:
        """Whether the person ended the run with ``q``."""
        return self._quit

    def choose(self, observation: ObservationBatch, mask: BoolArray, suggestion: int) -> int:
        """The action of the next key that is possible."""
        if self._free_ticks > 0:
            self._free_ticks -= 1
            return suggestion
        names = self._spec.action_names
        self._say(self._status(observation, names[suggestion]))
        while True:
            key = self._key()
            if key in ("q", END):
                self._left, self._quit = True, key == "q"
                return suggestion
            if key in ("m", "f"):
                self._free_ticks = _FAST - 1 if key == "f" else 0
                return suggestion
            if self._view is not None and self._view.look(key):
                continue
            action = self._actions.get(key)
            if action is not None and mask[action]:
                return action
            possible = ", ".join(names[k] for k in np.flatnonzero(mask))
            what = f"{names[action]} is not possible now" if action is not None else f"no such key {key!r}"
            self._say(f"{what}; possible: {possible}")

    def _key(self) -> str:
        """The next key; the window may change its size while it is waited for. END where somebody asks to end."""
        while self._keys is not None and not end_is_asked():
            key = self._keys.wait(_LOOK_AGAIN)
            if key is not None:
                return key
            if self._view is not None:
                self._view.redraw_if_resized()
        return END

    def _status(self, observation: ObservationBatch, suggestion: str) -> str:
        features = dict(zip(self._spec.feature_names, map(float, observation.features[0]), strict=True))
        spec = self._spec

        def held(name: str) -> int:
            return round(float(spec.feature(name).decode(features[name])))

        doing = [n.removeprefix("doing_") for n in self._spec.feature_names if n.startswith("doing_") and features[n]]
        told = [
            *(f"{called} {round(100 * float(features[name]))}" for name, called in _NEEDS.items()),
            f"{held('groceries')} groceries",
            counted(held("meals"), "meal"),
            counted(held("wallet"), "coin"),
            *(name.replace("_", " ") for name in _FLAGS if features[name]),
            f"doing {' and '.join(doing).replace('none', 'nothing')}",
            f"its mind would: {suggestion}",
        ]
        return " · ".join(told)

    def _say(self, note: str) -> None:
        if self._view is not None and self._view.draws:
            self._view.draw(note)
