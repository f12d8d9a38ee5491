"""Learners that are wrong on purpose, each in one way, and the check that is meant for it."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
from townlet_conformance_zoo_adam import Trainer
from townlet_conformance_zoo_learner import GoodLearner
from townlet_conformance_zoo_minds import LinearMind

from townlet.errors import CheckpointError


class SavesHalfItsState(GoodLearner):
    def load(self, directory: Path) -> None:
        super().load(directory)
        self.trainer = Trainer()


class SavesOnlyItsWeights(GoodLearner):
    def save(self, directory: Path) -> None:
        trainer, self.trainer = self.trainer, Trainer()
        super().save(directory)
        self.trainer = trainer


class LearnsNothing(GoodLearner):
    """Its gradients go the wrong way."""

    def gradients(self, *given):
        gradients, found = super().gradients(*given)
        return {name: -g for name, g in gradients.items()}, found


class LearnsFromTheDead(GoodLearner):
    def update(self, rollout, settings):
        everybody = np.ones_like(rollout.active)
        return super().update(replace(rollout, active=everybody, asked=everybody), settings)


class LearnsFromThoseNotAsked(GoodLearner):
    """Takes whoever is active for asked, as was right before decisions spanned ticks."""

    def update(self, rollout, settings):
        return super().update(replace(rollout, asked=rollout.active), settings)


class DiscountsByTheDecision(GoodLearner):
    """Each decision by gamma, however many ticks it took."""

    def update(self, rollout, settings):
        return super().update(replace(rollout, duration=np.ones_like(rollout.duration)), settings)


class DiscountsByTheTickAsWell(GoodLearner):
    """Also where nothing is to be discounted."""

    def update(self, rollout, settings):
        own = settings.model_copy(update={"gamma": min(settings.gamma, 0.99)})
        return super().update(rollout, own)


class LearnsFromNan(GoodLearner):
    def update(self, rollout, settings):
        return super().update(replace(rollout, rewards=np.nan_to_num(rollout.rewards)), settings)


class CannotBeLoaded(GoodLearner):
    load = None


class GivesNoValues(GoodLearner):
    class Policy(LinearMind):
        def decide(self, observations, state, *, explore=False):
            return replace(super().decide(observations, state, explore=explore), values=None)

    def __init__(self, seed=0):
        super().__init__(seed)
        self._policy = self.Policy(seed)


class IgnoresTheCheckpoint(GoodLearner):
    """Its policies start from random weights, whatever checkpoint they are made from."""

    def act_from(self, directory: Path) -> None:
        assert (directory / "weights.safetensors").is_file()


class ClonesNothingButSaysSo(GoodLearner):
    def clone_behaviour(self, demonstrations, settings, report):
        before = self._policy.weights
        metrics = super().clone_behaviour(demonstrations, settings, report)
        self._policy.weights = before | {"value": before["value"] + 1e-9}
        return metrics.model_copy(update={"accuracy": 1.0})


class CannotHoldAReference(GoodLearner):
    def hold_reference(self):
        raise NotImplementedError


class ForgetsItsReference(GoodLearner):
    def load(self, directory: Path) -> None:
        super().load(directory)
        self.hold_reference()


class IgnoresTheBootstrap(GoodLearner):
    def update(self, rollout, settings):
        return super().update(replace(rollout, bootstrap=np.zeros_like(rollout.bootstrap)), settings)


class IgnoresTruncation(GoodLearner):
    """Takes a cut for an end."""

    def update(self, rollout, settings):
        return super().update(replace(rollout, terminated=rollout.terminated | rollout.truncated), settings)


class TakesAnEndForACut(GoodLearner):
    def update(self, rollout, settings):
        nobody = np.zeros_like(rollout.terminated)
        return super().update(replace(rollout, truncated=rollout.terminated, terminated=nobody), settings)


class LoadsAnything(GoodLearner):
    def load(self, directory: Path) -> None:
        try:
            super().load(directory)
        except CheckpointError:
            return


class ChangesBeforeItRefuses(GoodLearner):
    def load(self, directory: Path) -> None:
        self._policy.weights = {name: array * 2.0 for name, array in self._policy.weights.items()}
        super().load(directory)


class Pickles(GoodLearner):
    def save(self, directory: Path) -> None:
        super().save(directory)
        (directory / "more.bin").write_bytes(pickle.dumps({"steps": self.trainer.steps}))


class IsUnseeded(GoodLearner):
    count = 0

    def update(self, rollout, settings):
        IsUnseeded.count += 1
        metrics = super().update(rollout, settings)
        value = self._policy.weights["value"] + 1e-7 * IsUnseeded.count
        self._policy.weights = {**self._policy.weights, "value": value}
        return metrics


class SharesItsWeights(GoodLearner):
    """What one learns, the next one made finds in its weights: a class keeps them."""

    made: ClassVar[list[GoodLearner]] = []

    def __init__(self, seed=0):
        super().__init__(seed)
        SharesItsWeights.made = [*SharesItsWeights.made[-1:], self]

    def update(self, rollout, settings):
        metrics = super().update(rollout, settings)
        for other in SharesItsWeights.made:
            if other is not self and other.trainer.steps == 0 and len(rollout.actions) == 8:
                other._policy.weights = {name: array + 1e-3 for name, array in other._policy.weights.items()}
        return metrics


LEARNERS = {
    CannotHoldAReference: "learning.the-reference-has-effect",
    ForgetsItsReference: "learning.the-reference-survives-loading",
    IgnoresTheBootstrap: "learning.cut-episodes-are-bootstrapped",
    IgnoresTruncation: "learning.cut-episodes-are-bootstrapped",
    TakesAnEndForACut: "learning.cut-episodes-are-bootstrapped",
    LoadsAnything: "learning.a-broken-checkpoint-is-refused",
    ChangesBeforeItRefuses: "learning.a-broken-checkpoint-is-refused",
    Pickles: "learning.checkpoints-hold-no-pickle",
    IsUnseeded: "determinism.the-same-update-twice-gives-the-same",
    SharesItsWeights: "determinism.learners-share-nothing",
    CannotBeLoaded: "protocol.learner-has-the-methods",
    GivesNoValues: "protocol.learner-policy-gives-log-probs-and-values",
    IgnoresTheCheckpoint: "determinism.a-checkpoint-acts-as-its-learner",
    ClonesNothingButSaysSo: "learning.clones-a-tiny-teacher",
    SavesOnlyItsWeights: "determinism.saving-loses-nothing",
    SavesHalfItsState: "determinism.saving-loses-nothing",
    LearnsNothing: "learning.solves-a-bandit-town",
    LearnsFromTheDead: "learning.inactive-rows-teach-nothing",
    LearnsFromThoseNotAsked: "learning.who-is-not-asked-teaches-nothing",
    DiscountsByTheDecision: "learning.a-decision-is-discounted-by-its-duration",
    DiscountsByTheTickAsWell: "learning.a-decision-is-discounted-by-its-duration",
    LearnsFromNan: "learning.nan-leaves-the-weights",
}
