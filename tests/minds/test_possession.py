"""One agent in a person's hands."""

from __future__ import annotations

import numpy as np
import pytest

from townlet.minds.runtime import PolicyRuntime
from townlet.plugins.provenance import Provenance


class Keys:
    """Plays a list of actions, then the suggestion."""

    def __init__(self, *actions):
        self.actions = list(actions)
        self.asked = []

    def choose(self, observation, mask, suggestion):
        self.asked.append((observation.rows, mask.tolist(), suggestion))
        return self.actions.pop(0) if self.actions else suggestion


def possessed(policy, spec, row, pilot, agents=4):
    runtime = PolicyRuntime(policy, spec)
    runtime.start(agents, [0])
    runtime.possess(row, pilot)
    return runtime


def test_the_person_acts_for_one_row_and_the_mind_for_the_others(certain, crowd, spec):
    pilot = Keys(2)
    runtime = possessed(certain(1), spec, 3, pilot, agents=5)
    assert runtime.decide(crowd(5)).actions.tolist() == [1, 1, 1, 2, 1]
    assert runtime.decide(crowd(5)).actions.tolist() == [1] * 5
    assert pilot.asked[0] == (1, [True] * 3, 1)


@pytest.mark.parametrize("choice", [2, 9, -1])
def test_what_is_not_possible_becomes_waiting(certain, crowd, spec, choice):
    observations = crowd(4)
    observations.action_mask[3, 2] = False
    assert possessed(certain(1), spec, 3, Keys(choice)).decide(observations).actions[3] == 0


def test_nobody_is_asked_for_an_empty_row(certain, crowd, spec):
    observations, pilot = crowd(4), Keys(2)
    observations.active[3] = False
    assert possessed(certain(0), spec, 3, pilot).decide(observations).actions[3] == 0
    assert pilot.asked == []


def test_the_person_is_certain_of_the_action(softmax, crowd, spec):
    runtime = possessed(softmax((0.0, 0.0, 0.0)), spec, 0, Keys(2), agents=3)
    decision = runtime.decide(crowd(3), explore=True)
    assert decision.log_probs[0] == 0
    np.testing.assert_allclose(decision.log_probs[1:], np.log(1 / 3), rtol=1e-6)


def test_the_runtime_says_who_is_possessed(certain, crowd, spec):
    runtime = PolicyRuntime(certain(1), spec, Provenance(requested="c", active="c"))
    runtime.start(4, [0])
    runtime.decide(crowd(4))
    runtime.possess(2, Keys(0), name="carol")
    assert runtime.decide(crowd(4)).actions.tolist() == [1, 1, 0, 1]
    assert runtime.provenance().possessed == ("carol",)
    assert (runtime.state_arrays()["asked"] == 2).all(), "the minds keep their memory"
