"""Settings and metrics of learning that cross the contract. Both grow by new fields with defaults."""

from __future__ import annotations

import re
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["BCMetrics", "BCSettings", "PPOMetrics", "PPOSettings"]


_EXTRA_NAME = re.compile(r"[a-z][a-z0-9_./-]{0,59}")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class _Metrics(_Frozen):
    extra: dict[str, float] = Field(
        default_factory=dict,
        description="Other numbers that this learner reports, by name; logs, TensorBoard and tables show them.",
    )

    @model_validator(mode="after")
    def _names_of_its_own(self) -> Self:
        for name in self.extra:
            if not _EXTRA_NAME.fullmatch(name):
                raise ValueError(f"extra: {name!r} must be lower case letters, digits and _ . / - (at most 60)")
            if name in type(self).model_fields:
                raise ValueError(f"extra: {name!r} is a field of {type(self).__name__}; set the field")
        return self


class BCSettings(_Frozen):
    """Settings of behaviour cloning: supervised learning of a teacher's actions."""

    epochs: int = Field(10, ge=1, description="Passes over the training part, at most.")
    batch_size: int = Field(1024, ge=1, description="Transitions per gradient step.")
    learning_rate: float = Field(1e-3, gt=0, description="Adam's step size at the start; annealed to a tenth.")
    weight_decay: float = Field(0.0, ge=0, description="Decoupled weight decay of AdamW.")
    class_balance: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Exponent of the inverse class frequency in the loss: 0 for no balancing, 1 for full balance.",
    )
    label_smoothing: float = Field(0.0, ge=0, lt=1, description="Share of the target spread over possible actions.")
    patience: int = Field(3, ge=1, description="Epochs without a better held-out loss before stopping early.")
    max_grad_norm: float = Field(1.0, gt=0, description="Gradient norm is clipped to this.")
    max_seconds: float | None = Field(None, gt=0, description="Wall time after which no new epoch starts, seconds.")
    seed: int = Field(0, ge=0, description="Seed of the order of the batches.")


class BCMetrics(_Metrics):
    """What behaviour cloning reached; accuracies are on the held-out part unless they say otherwise.

    The first five are what every learner can tell; None stands for what one does not.
    """

    epochs: int = Field(ge=0, description="Epochs done.")
    samples: int = Field(ge=0, description="Transitions trained on, repeats counted.")
    seconds: float = Field(ge=0, description="Wall time, seconds.")
    loss: float = Field(description="Held-out mean cross-entropy, nats.")
    accuracy: float = Field(ge=0, le=1, description="Share of held-out actions that the greedy policy repeats.")
    train_loss: float | None = Field(None, description="Mean cross-entropy of the last epoch, nats.")
    majority_accuracy: float | None = Field(
        None, ge=0, le=1, description="Accuracy of always taking the most common action; core counts it if None."
    )
    action_accuracy: dict[str, float] = Field(default_factory=dict, description="Recall per action name.")
    action_counts: dict[str, int] = Field(default_factory=dict, description="Held-out transitions per action name.")
    calibration_error: float | None = Field(
        None, ge=0, description="Expected calibration error, 15 bins (Guo et al. 2017)."
    )
    stopped_early: bool = Field(False, description="Whether patience ended it.")


class PPOSettings(_Frozen):
    """Settings of one PPO update (Schulman et al. 2017), with CleanRL's published details."""

    learning_rate: float = Field(3e-4, gt=0, description="Adam's step size for this update.")
    adam_epsilon: float = Field(1e-5, gt=0, description="Adam's epsilon.")
    gamma: float = Field(0.995, gt=0, le=1, description="Discount per tick; of a decision gamma ** duration.")
    gae_lambda: float = Field(0.95, ge=0, le=1, description="Lambda of generalised advantage estimation.")
    value_lambda: float | None = Field(
        None, ge=0, le=1, description="Lambda of the returns that the critic learns; None: gae_lambda."
    )
    epochs: int = Field(4, ge=1, description="Passes over the rollout.")
    minibatches: int = Field(4, ge=1, description="Gradient steps per pass.")
    clip_range: float = Field(0.2, gt=0, description="Clipping of the probability ratio.")
    value_clip_range: float | None = Field(
        0.2,
        gt=0,
        description="Clipping of the value's change, in the units that the critic learns in; None: no clipping.",
    )
    value_coefficient: float = Field(0.5, ge=0, description="Weight of the value loss.")
    entropy_coefficient: float = Field(0.01, ge=0, description="Weight of the entropy bonus for this update.")
    max_grad_norm: float = Field(0.5, gt=0, description="Gradient norm is clipped to this.")
    target_kl: float | None = Field(
        None,
        gt=0,
        description="Stop before a step whose minibatch has an approx_kl beyond 1.5 times this; None: never.",
    )
    normalise_advantages: bool = Field(
        True, description="Normalise advantages to mean 0 and deviation 1, per minibatch."
    )
    normalise_values: bool = Field(True, description="The value head learns returns scaled by running statistics.")
    precision: Literal["auto", "float32", "bfloat16"] = Field("auto", description="Arithmetic of the update.")
    train_policy: bool = Field(True, description="False: only the critic learns (its warm-up after cloning).")
    bc_coefficient: float = Field(0.0, ge=0, description="Weight of the cloning term of the mixed mode.")
    kl_coefficient: float = Field(
        0.0, ge=0, description="Weight of KL(policy || reference), the policy that hold_reference held."
    )
    seed: int = Field(0, ge=0, description="Seed of the order of the minibatches of this update.")


class PPOMetrics(_Metrics):
    """What one PPO update did; means over minibatches unless stated.

    The first two are what every learner can tell; None stands for what one does not.
    """

    samples: int = Field(ge=0, description="Decisions learned from: asked entries of the rollout.")
    seconds: float = Field(ge=0, description="Wall time of the update, seconds.")
    policy_loss: float | None = Field(None, description="Clipped surrogate, to be minimised.")
    value_loss: float | None = Field(None, description="Half mean squared error of (normalised) values.")
    entropy: float | None = Field(None, description="Mean entropy of the policy over possible actions, nats.")
    total_loss: float | None = Field(None, description="Weighted sum of the above and the optional terms.")
    clip_fraction: float | None = Field(None, ge=0, le=1, description="Share of ratios outside the clipping range.")
    approx_kl: float | None = Field(
        None, description="Mean of (ratio - 1) - log ratio (Schulman's third estimator), nats."
    )
    grad_norm: float | None = Field(None, ge=0, description="Mean gradient norm before clipping.")
    grad_norm_max: float | None = Field(None, ge=0, description="Largest gradient norm before clipping.")
    advantage_mean: float | None = Field(None, description="Before normalisation.")
    advantage_std: float | None = Field(None, ge=0, description="Before normalisation.")
    explained_variance: float | None = Field(
        None, description="1 - Var(return - value) / Var(return), before the update."
    )
    epochs_done: float | None = Field(None, ge=0, description="Epochs done before the target KL stopped the update.")
    learning_rate: float | None = Field(None, ge=0, description="Step size used.")
    bc_loss: float | None = Field(None, description="Cross-entropy on demonstrations in mixed mode, nats.")
    reference_kl: float | None = Field(None, description="KL to the reference policy, nats.")
