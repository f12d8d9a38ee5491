"""The operations of PPO, owned by the pytorch backend; importable without PyTorch."""

from __future__ import annotations

from typing import Any

from townlet.policy import models
from townlet.policy.doors import Door, open_doors

__all__ = ["clipped_value_loss", "compute_gae", "policy_surrogate"]

_PURPOSE = "PPO operations"
# Declared here, looked up by __getattr__ below.
clipped_value_loss: Any
compute_gae: Any
policy_surrogate: Any

_look_up = open_doors(
    __name__,
    {
        "clipped_value_loss": Door("townlet_backend_pytorch.losses:clipped_value_loss", _PURPOSE),
        "compute_gae": Door("townlet_backend_pytorch.gae:compute_gae", _PURPOSE),
        "policy_surrogate": Door("townlet_backend_pytorch.losses:policy_surrogate", _PURPOSE),
    },
    lambda: models.torch_available(),
)


def __getattr__(name: str) -> Any:
    return _look_up(name)
