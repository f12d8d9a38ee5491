"""The operations of PPO, owned by the pytorch backend; importable without PyTorch."""

from __future__ import annotations

from typing import Any

from townlet.policy import models
from townlet.policy.doors import Door, open_doors

__all__ = ["clipped_value_loss", "compute_gae", "policy_surrogate", "value_baseline_from_old_preds"]

_PURPOSE = "PPO operations"
# Declared here, looked up by __getattr__ below.
clipped_value_loss: Any
compute_gae: Any
policy_surrogate: Any
value_baseline_from_old_preds: Any

_look_up = open_doors(
    __name__,
    {
        "clipped_value_loss": Door("townlet_backend_pytorch.ppo_utils:clipped_value_loss", _PURPOSE),
        "compute_gae": Door("townlet_backend_pytorch.ppo_utils:compute_gae", _PURPOSE),
        "policy_surrogate": Door("townlet_backend_pytorch.ppo_utils:policy_surrogate", _PURPOSE),
        "value_baseline_from_old_preds": Door(
            "townlet_backend_pytorch.ppo_utils:value_baseline_from_old_preds", _PURPOSE
        ),
    },
    lambda: models.torch_available(),
)


def __getattr__(name: str) -> Any:
    return _look_up(name)
