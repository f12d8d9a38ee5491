"""One agent in a person's hands."""

from __future__ import annotations

import numpy as np
import pytest

from townlet.minds.possession import PossessedPolicy
from townlet.minds.runtime import PolicyRuntime


class Keys:
    """Plays a list of actions, then the suggestion."""

    def __init__(self, *actions):
        self.actions = list(actions)
        self.asked = []

    def choose(self, observation, mask, suggestion):
        self.asked.append((observation.rows, mask.tolist(), suggestion))
        return self.actions.pop(0) if self.actions else suggestion


def test_the_person_acts_for_one_row_and_the_mind_for_the_others(certain, crowd):
    pilot = Keys(2)
    policy = PossessedPolicy(certain(1), 3, pilot)
    state = policy.initial_state(5, 0)
    first = policy.decide(crowd(5), state)
    assert first.actions.tolist() == [1, 1, 1, 2, 1]
    assert policy.decide(crowd(5), first.state).actions.tolist() == [1] * 5
    assert pilot.asked[0] == (1, [True] * 3, 1)


@pytest.mark.parametrize("choice", [2, 9, -1])
def test_what_is_not_possible_becomes_waiting(certain, crowd, choice):
    observations = crowd(4)
    observations.action_mask[3, 2] = False
    policy = PossessedPolicy(certain(1), 3, Keys(choice))
    assert policy.decide(observations, policy.initial_state(4, 0)).actions[3] == 0


def test_nobody_is_asked_for_an_empty_row(certain, crowd):
    observations, pilot = crowd(4), Keys(2)
    observations.active[3] = False
    policy = PossessedPolicy(certain(0), 3, pilot)
    assert policy.decide(observations, policy.initial_state(4, 0)).actions[3] == 0
    assert pilot.asked == []


def test_the_person_is_certain_of_the_action(softmax, crowd):
    policy = PossessedPolicy(softmax((0.0, 0.0, 0.0)), 0, Keys(2))
    decision = policy.decide(crowd(3), policy.initial_state(3, 0), explore=True)
    assert decision.log_probs[0] == 0
    np.testing.assert_allclose(decision.log_probs[1:], np.log(1 / 3), rtol=1e-6)


def test_the_runtime_says_who_is_possessed(certain, crowd, spec):
    runtime = PolicyRuntime(certain(1), spec, {"requested": "c", "active": "c", "reason": ""})
    runtime.start(4, [0])
    runtime.decide(crowd(4))
    runtime.possess(2, Keys(0), name="carol")
    assert runtime.decide(crowd(4)).actions.tolist() == [1, 1, 0, 1]
    assert runtime.provenance()["possessed"] == ["carol"]
    assert (runtime.state_arrays()["asked"] == 2).all(), "the minds keep their memory"
