"""The minds that windows look into: whom each shows, and what is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from townlet.rollout import Step
from townlet.viewer.live.hub import Hub, Window
from townlet.viewer.live.messages import as_text
from townlet.viewer.live.tape import Tape

__all__ = ["look", "tell_thoughts"]


def look(window: Window, message: Mapping[str, Any], agents: int) -> None:
    """A window says whom of so many it shows; anything else than one of them is nobody."""
    agent = message.get("number")
    inside = isinstance(agent, int) and not isinstance(agent, bool) and 0 <= agent < agents
    window.looks_at = agent if inside and isinstance(agent, int) else -1


def tell_thoughts(hub: Hub, tape: Tape, step: Step) -> None:
    """Tell each window of the mind that it shows, once a step."""
    told: dict[int, str | None] = {}
    for window in hub.windows:
        agent = window.looks_at
        if agent < 0 or window.told == (agent, step.tick):
            continue
        window.told = agent, step.tick
        if agent not in told:
            thought = tape.thought(agent, step)
            told[agent] = None if thought is None else as_text(thought)
        text = told[agent]
        if text is not None:
            window.tell("thought", text)
