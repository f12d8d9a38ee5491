"""What a living town has brought since the windows were told: the parts of a film, of some ticks at a time."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from townlet.api import Words
from townlet.data import RecordedThought
from townlet.envs.engine import TownEngine
from townlet.rollout import Step
from townlet.viewer.figures import headline_values, pack_figures
from townlet.viewer.frames import FrameNotes, TieNotes
from townlet.viewer.happenings import EventNotes
from townlet.viewer.plans import thought_json
from townlet.viewer.thoughts import chances, value_words

__all__ = ["Tape"]

_MOST_PLANS = 8
"""Of what a slow mind said of an agent, so many are kept for who looks at it."""


class Tape:
    """Collects the frames, ties and events of world 0 of an engine, beginning with how it is now.

    Args:
        engine: a town.
    """

    def __init__(self, engine: TownEngine) -> None:
        self._engine = engine
        self._frames = FrameNotes(engine, 64)
        self._ties = TieNotes(engine)
        self._events = EventNotes(engine)
        self._words = Words(engine.spec)
        self._plans: dict[int, deque[dict[str, Any]]] = {}  # by slot: what slow minds said last
        self._told = int(engine.tick) - 1
        self._noted = int(engine.tick)
        self._frames.note()
        self._ties.note()

    @property
    def last(self) -> int:
        """Tick of the last frame."""
        return int(self._engine.tick)

    @property
    def news(self) -> bool:
        """Whether anything came since the windows were told."""
        return self.last > self._told

    def note(self, step: Step) -> None:
        """Take a step that was done. Where steps before it were not taken, what was done in them is not known."""
        agents = self._engine.agents
        if self._noted == step.tick:
            self._frames.act(step.decision.actions[:agents])
        self._noted = self.last
        self._frames.note()
        self._ties.note()
        self._events.note()
        for thought in step.decision.thoughts:
            if thought.row < agents:
                said = RecordedThought.of(thought, step.tick, agents, self._engine.spec)
                self._plans.setdefault(thought.row, deque(maxlen=_MOST_PLANS)).append(thought_json(said))

    def drain(self) -> dict[str, bytes]:
        """The parts of what is new. They begin with the frame before, whose actions are known by now."""
        before, self._told = self._told, self.last
        return {
            "frames": self._frames.drain(),
            "ties": self._ties.drain(),
            "events": self._events.packed(before),
            "kpis": self._figures(),
        }

    def key(self, after: int) -> dict[str, bytes]:
        """The parts for a window that missed something since tick ``after``: how it is now, and all events since."""
        now, ties = FrameNotes(self._engine, 1), TieNotes(self._engine, empty=True)
        now.note()
        ties.note()
        parts = {"frames": now.packed(), "ties": ties.packed(), "events": self._events.packed(after)}
        return {**parts, "kpis": self._figures()}

    def thought(self, agent: int, step: Step) -> dict[str, Any] | None:
        """What an agent saw, chose and got at a step, JSON-ready; None where nobody lived."""
        seen, decision = step.observations, step.decision
        if not seen.active[agent]:
            return None
        spec, mask = self._engine.spec, seen.action_mask[agent]
        weighed = None if decision.logits is None else chances(decision.logits[agent : agent + 1], mask[None])[0]
        scored = weighed is not None and bool(weighed.any())
        parts = zip(self._engine.reward_part_names, step.result.reward_parts[agent], strict=True)
        return {
            "kind": "thought",
            "tick": step.tick,
            "agent": agent,
            "action": spec.action_names[int(decision.actions[agent])],
            "taken": int(decision.actions[agent]),
            "mask": mask.astype(int).tolist(),
            "chances": np.round(weighed, 4).tolist() if scored and weighed is not None else None,
            "chosen": None if decision.log_probs is None else _number(np.exp(decision.log_probs[agent])),
            "value": None if decision.values is None else _number(decision.values[agent]),
            "reward": float(step.result.rewards[agent]),
            "parts": [[name, float(value)] for name, value in parts if value != 0],
            "words": self._words.short(seen, agent).split("\n"),
            "seen": self._seen(seen.features[agent]),
            "plans": list(self._plans.get(agent, ())),
        }

    def _seen(self, features: NDArray[np.float32]) -> list[list[object]]:
        return [
            [feature.name, float(f"{value:.6g}"), value_words(feature, float(value)), feature.description]
            for feature, value in zip(self._engine.spec.features, features, strict=True)
        ]

    def _figures(self) -> bytes:
        return pack_figures([self.last], [headline_values(self._engine.kpis())])


def _number(value: float) -> float | None:
    """A number, or None for what no JSON can say."""
    return float(value) if np.isfinite(value) else None
