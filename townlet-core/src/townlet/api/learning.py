"""Settings and metrics of learning that cross the contract. Both grow by new fields with defaults."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["BCMetrics", "BCSettings", "PPOMetrics", "PPOSettings"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class BCSettings(_Frozen):
    """Settings of behaviour cloning: supervised learning of a teacher's actions."""

    epochs: int = Field(10, ge=1, description="Passes over the training part, at most.")
    batch_size: int = Field(1024, ge=1, description="Transitions a gradient step.")
    learning_rate: float = Field(1e-3, gt=0, description="Adam's step size at the start; annealed to a tenth.")
    weight_decay: float = Field(0.0, ge=0, description="Decoupled weight decay of AdamW.")
    class_balance: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Exponent of the inverse class frequency in the loss: 0 none, 1 full balance.",
    )
    label_smoothing: float = Field(0.0, ge=0, lt=1, description="Share of the target spread over possible actions.")
    patience: int = Field(3, ge=1, description="Epochs without a better held-out loss before stopping early.")
    max_grad_norm: float = Field(1.0, gt=0, description="Gradient norm is clipped to this.")
    max_seconds: float | None = Field(None, gt=0, description="Wall time after which no new epoch starts, seconds.")
    seed: int = Field(0, ge=0, description="Seed of the order of the batches.")


class BCMetrics(_Frozen):
    """What behaviour cloning reached; accuracies are on the held-out part unless they say otherwise."""

    epochs: int = Field(ge=0, description="Epochs done.")
    samples: int = Field(ge=0, description="Transitions trained on, repeats counted.")
    seconds: float = Field(ge=0, description="Wall time, seconds.")
    train_loss: float = Field(description="Mean cross-entropy of the last epoch, nats.")
    loss: float = Field(description="Held-out mean cross-entropy, nats.")
    accuracy: float = Field(ge=0, le=1, description="Share of held-out actions that the greedy policy repeats.")
    majority_accuracy: float = Field(ge=0, le=1, description="What always taking the commonest action would reach.")
    action_accuracy: dict[str, float] = Field(default_factory=dict, description="Recall per action name.")
    action_counts: dict[str, int] = Field(default_factory=dict, description="Held-out transitions per action name.")
    calibration_error: float = Field(0.0, ge=0, description="Expected calibration error, 15 bins (Guo et al. 2017).")
    stopped_early: bool = Field(False, description="Whether patience ended it.")


class PPOSettings(_Frozen):
    """Settings of one PPO update (Schulman et al. 2017), with CleanRL's published details."""

    learning_rate: float = Field(3e-4, gt=0, description="Adam's step size for this update.")
    adam_epsilon: float = Field(1e-5, gt=0, description="Adam's epsilon.")
    gamma: float = Field(0.995, gt=0, le=1, description="Discount per tick.")
    gae_lambda: float = Field(0.95, ge=0, le=1, description="Lambda of generalised advantage estimation.")
    value_lambda: float | None = Field(
        None, ge=0, le=1, description="Lambda of the returns that the critic learns; None: gae_lambda."
    )
    epochs: int = Field(4, ge=1, description="Passes over the rollout.")
    minibatches: int = Field(4, ge=1, description="Gradient steps a pass.")
    clip_range: float = Field(0.2, gt=0, description="Clipping of the probability ratio.")
    value_clip_range: float | None = Field(0.2, gt=0, description="Clipping of the value's change; None: none.")
    value_coefficient: float = Field(0.5, ge=0, description="Weight of the value loss.")
    entropy_coefficient: float = Field(0.01, ge=0, description="Weight of the entropy bonus for this update.")
    max_grad_norm: float = Field(0.5, gt=0, description="Gradient norm is clipped to this.")
    target_kl: float | None = Field(None, gt=0, description="Stop the update beyond 1.5 times this; None: never.")
    normalise_advantages: bool = Field(True, description="Per minibatch, over active rows.")
    normalise_values: bool = Field(True, description="The value head learns returns scaled by running statistics.")
    precision: Literal["auto", "float32", "bfloat16"] = Field("auto", description="Arithmetic of the update.")
    train_policy: bool = Field(True, description="False: only the critic learns (its warm-up after cloning).")
    bc_coefficient: float = Field(0.0, ge=0, description="Weight of the cloning term of the mixed mode.")
    kl_coefficient: float = Field(0.0, ge=0, description="Weight of the KL to the policy held by hold_reference.")
    seed: int = Field(0, ge=0, description="Seed of the order of the minibatches of this update.")


class PPOMetrics(_Frozen):
    """What one PPO update did; means over minibatches unless stated."""

    samples: int = Field(ge=0, description="Active transitions in the rollout.")
    seconds: float = Field(ge=0, description="Wall time of the update, seconds.")
    policy_loss: float = Field(description="Clipped surrogate, to be minimised.")
    value_loss: float = Field(description="Half mean squared error of (normalised) values.")
    entropy: float = Field(description="Mean entropy of the policy over possible actions, nats.")
    total_loss: float = Field(description="Weighted sum of the above and the optional terms.")
    clip_fraction: float = Field(ge=0, le=1, description="Share of ratios outside the clipping range.")
    approx_kl: float = Field(description="Mean of (ratio - 1) - log ratio (Schulman's third estimator), nats.")
    grad_norm: float = Field(ge=0, description="Mean gradient norm before clipping.")
    grad_norm_max: float = Field(ge=0, description="Largest gradient norm before clipping.")
    advantage_mean: float = Field(description="Before normalisation.")
    advantage_std: float = Field(ge=0, description="Before normalisation.")
    explained_variance: float = Field(description="1 - Var(return - value) / Var(return), before the update.")
    epochs_done: float = Field(ge=0, description="Epochs done before the target KL stopped the update.")
    learning_rate: float = Field(ge=0, description="Step size used.")
    bc_loss: float = Field(0.0, description="Cross-entropy on demonstrations in mixed mode, nats.")
    reference_kl: float = Field(0.0, description="KL to the reference policy, nats.")
