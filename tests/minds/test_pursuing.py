"""A mind of goals that is led: what it pursues where somebody else acts for its agent."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from townlet.api import ArrayState, Decision, ObservationBatch
from townlet.config import load_config
from townlet.minds.pursuing import LedBatch, Pursuing
from townlet.observations import build_spec
from townlet.plugins.provenance import Provenance
from townlet.world.names import ACTIONS, EAST, GOALS, NORTH, SOUTH, WEST

SPEC = build_spec(load_config(None, ["observation.variant=compact", "town.actions=goals"]))
OWN = SPEC.feature_count - len(GOALS)
SERVES = np.array([0, NORTH, SOUTH, NORTH, EAST, SOUTH, SOUTH, SOUTH, SOUTH, SOUTH])
"""Goals 1 and 3 lie north, goal 4 east, nothing west."""


class Ways:
    """A guide of towns in which everybody may always choose between goals 0 to 4."""

    def __init__(self, *, asked: bool = True) -> None:
        self.asked = asked

    def choices(self, rows, goal, left):
        mask = np.zeros((len(rows), len(GOALS)), bool)
        mask[:, 0] = True
        mask[:, :5] |= self.asked
        return mask, np.full(len(rows), self.asked)

    def habits(self, rows, goal):
        return SERVES[goal]


@dataclass
class Scored:
    """Always chooses the goal with the highest score, and notes which goal it was shown as its last one."""

    scores: np.ndarray
    tells: bool = True
    shown: list[list[int]] = field(default_factory=list)

    def initial_state(self, rows: int, seed: int) -> ArrayState:
        return ArrayState({})

    def decide(self, observations, state, *, explore=False) -> Decision:
        self.shown.append(observations.features[:, OWN:].argmax(1).tolist())
        logits = np.broadcast_to(self.scores, (observations.rows, len(GOALS))).astype(np.float32)
        best = np.where(observations.action_mask, logits, -np.inf).argmax(1)
        return Decision(best, state, logits=logits.copy() if self.tells else None)

    def fingerprint(self) -> str:
        return "scored"

    def close(self) -> None:
        pass


SCORES = np.array([0.0, 1.0, 5.0, 2.0, 0.5, 9.0, 0.0, 0.0, 0.0, 0.0])
"""Goal 2, which lies south, is best of the possible ones; of the two in the north, goal 3."""


def seen(did: int | None, guide: Ways, *, begins: bool = False) -> LedBatch:
    features = np.zeros((1, OWN), np.float32)
    if did is not None:
        features[0, SPEC.feature_index(f"last_{ACTIONS[did]}")] = 1.0
    whole = ObservationBatch(
        np.zeros((1, 0, 0, 0), np.uint8), features, np.ones((1, len(ACTIONS)), bool),
        np.ones(1, bool), np.array([begins]), np.ones(1, bool),
    )  # fmt: skip
    return LedBatch.of(whole, guide, np.zeros(1, np.intp))


def shown_after(did: int | None, *, mind: Scored | None = None, guide: Ways | None = None, begins: bool = False) -> int:
    """The goal that a mind which went south is shown as its last one, after its agent did something."""
    mind, guide = mind or Scored(SCORES), guide or Ways()
    led = Pursuing(mind, SPEC, 1, Provenance(requested="scored", active="scored"))
    first = led.decide(seen(None, guide, begins=True), led.initial_state(1, 0))
    assert first.actions.tolist() == [SOUTH]
    led.decide(seen(did, guide, begins=begins), first.state)
    return mind.shown[-1][0]


def test_who_did_what_it_meant_to_keeps_its_goal():
    assert shown_after(SOUTH) == 2


@pytest.mark.parametrize(("did", "goal"), [(NORTH, 3), (EAST, 4), (0, 0)])
def test_who_was_moved_takes_up_the_best_goal_that_was_served(did: int, goal: int):
    assert shown_after(did) == goal


def test_who_was_moved_where_nothing_lies_keeps_its_goal():
    assert shown_after(WEST) == 2


def test_a_new_life_takes_up_nothing():
    assert shown_after(NORTH, begins=True) == 2


def test_a_mind_that_tells_no_scores_keeps_its_goal():
    assert shown_after(NORTH, mind=Scored(SCORES, tells=False)) == 2


def test_who_is_not_asked_keeps_its_goal():
    mind, guide = Scored(SCORES), Ways()
    led = Pursuing(mind, SPEC, 3, Provenance(requested="scored", active="scored"))
    first = led.decide(seen(None, guide, begins=True), led.initial_state(1, 0))
    guide.asked = False
    second = led.decide(seen(SOUTH, guide), first.state)
    led.decide(seen(NORTH, guide), second.state)
    assert mind.shown[-1] == [2], "nobody said a tick ago which goal this would have served"


def test_what_it_remembers_comes_back_from_arrays():
    led = Pursuing(Scored(SCORES), SPEC, 1, Provenance(requested="scored", active="scored"))
    state = led.decide(seen(None, Ways(), begins=True), led.initial_state(1, 0)).state
    arrays = {name: array.copy() for name, array in state.arrays().items()}
    assert set(arrays) == {"goal", "left", "meant", "served"}
    again = state.with_arrays(arrays)
    assert led.decide(seen(NORTH, Ways()), again).state.arrays().keys() == arrays.keys()
    assert led.policy.shown[-1] == [3]
