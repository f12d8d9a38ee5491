"""Learners that go their own way in one setting, whatever they are told."""

from __future__ import annotations

from townlet_conformance_zoo_learner import GoodLearner

_EFFECT, _CLONING = "learning.honoured-settings-have-effect", "learning.honoured-settings-of-cloning-have-effect"
_PPO = {
    "learning_rate": 5e-3,
    "adam_epsilon": 1e-5,
    "gamma": 0.99,
    "gae_lambda": 0.95,
    "value_lambda": None,
    "epochs": 3,
    "minibatches": 2,
    "clip_range": 0.2,
    "value_clip_range": 0.2,
    "value_coefficient": 0.5,
    "entropy_coefficient": 0.01,
    "max_grad_norm": 0.5,
    "target_kl": None,
    "normalise_advantages": True,
    "normalise_values": True,
    "seed": 1,
}
_BC = {
    "epochs": 8,
    "batch_size": 64,
    "learning_rate": 5e-3,
    "weight_decay": 0.0,
    "class_balance": 0.0,
    "label_smoothing": 0.0,
    "patience": 40,
    "max_grad_norm": 1.0,
    "max_seconds": None,
    "seed": 1,
}
_TERMS = {
    "train_policy": (True, "learning.the-critic-alone-may-learn"),
    "bc_coefficient": (0.0, "learning.the-cloning-term-has-effect"),
    "kl_coefficient": (0.0, "learning.the-reference-has-effect"),
}


def deaf(setting, own):
    """A learner whose updates have a setting of their own."""

    def update(self, rollout, settings):
        return GoodLearner.update(self, rollout, settings.model_copy(update={setting: own}))

    return type(f"IgnoresThe{setting.title().replace('_', '')}", (GoodLearner,), {"update": update})


def deaf_cloner(setting, own):
    """A learner whose cloning has a setting of its own."""

    def clone_behaviour(self, demonstrations, settings, report):
        return GoodLearner.clone_behaviour(self, demonstrations, settings.model_copy(update={setting: own}), report)

    name = f"ClonesByAnother{setting.title().replace('_', '')}"
    return type(name, (GoodLearner,), {"clone_behaviour": clone_behaviour})


class KeepsTheSettingsOfItsFirstUpdate(GoodLearner):
    """Made its optimiser once, and so its step size and all else."""

    first = None

    def update(self, rollout, settings):
        self.first = self.first or settings
        return super().update(rollout, self.first.model_copy(update={"seed": settings.seed}))


DEAF = {
    **{deaf(name, own): (_EFFECT, f"changes nothing: {name};") for name, own in _PPO.items()},
    **{deaf_cloner(name, own): (_CLONING, f"changes nothing: {name};") for name, own in _BC.items()},
    **{deaf(name, own): (check, "") for name, (own, check) in _TERMS.items()},
    KeepsTheSettingsOfItsFirstUpdate: (_EFFECT, "in the second update changes nothing: learning_rate, adam_epsilon"),
}
"""Each with the check that catches it, and what that says."""
