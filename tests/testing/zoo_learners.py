"""Learners that are wrong on purpose, each in one way, and the check that is meant for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from townlet_conformance_zoo_good import GoodLearner, LinearPolicy


class SavesHalfItsState(GoodLearner):
    def load(self, directory: Path) -> None:
        super().load(directory)
        self.momentum = np.zeros_like(self.momentum)


class LearnsNothing(GoodLearner):
    def _step(self, features, mask, actions, weights, rate):
        self._policy.weights = self._policy.weights + 1e-9


class LearnsFromTheDead(GoodLearner):
    def update(self, rollout, settings):
        everybody = np.ones_like(rollout.active)
        return super().update(replace(rollout, active=everybody, asked=everybody), settings)


class LearnsFromNan(GoodLearner):
    def update(self, rollout, settings):
        return super().update(replace(rollout, rewards=np.nan_to_num(rollout.rewards)), settings)


class CannotBeLoaded(GoodLearner):
    load = None


class GivesNoValues(GoodLearner):
    class Policy(LinearPolicy):
        def decide(self, observations, state, *, explore=False):
            return replace(super().decide(observations, state, explore=explore), values=None)

    def __init__(self, seed=0):
        super().__init__(seed)
        self._policy = self.Policy(seed)


class IgnoresTheCheckpoint(GoodLearner):
    """Its policies start from random weights, whatever checkpoint they are made from."""

    def act_from(self, directory: Path) -> None:
        assert (directory / "weights.npy").is_file()


class ClonesNothingButSaysSo(GoodLearner):
    def clone_behaviour(self, demonstrations, settings, report):
        before = self._policy.weights
        metrics = super().clone_behaviour(demonstrations, settings, report)
        self._policy.weights = before + 1e-9
        return metrics.model_copy(update={"accuracy": 1.0})


LEARNERS = {
    CannotBeLoaded: "protocol.learner-has-the-methods",
    GivesNoValues: "protocol.learner-policy-gives-log-probs-and-values",
    IgnoresTheCheckpoint: "determinism.a-checkpoint-acts-as-its-learner",
    ClonesNothingButSaysSo: "learning.clones-a-tiny-teacher",
    SavesHalfItsState: "determinism.saving-loses-nothing",
    LearnsNothing: "learning.solves-a-bandit-town",
    LearnsFromTheDead: "learning.inactive-rows-teach-nothing",
    LearnsFromNan: "learning.nan-leaves-the-weights",
}
