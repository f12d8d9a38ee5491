"""The policy network that core promises and the pytorch backend owns; importable without PyTorch."""

from __future__ import annotations

from typing import Any

from townlet.errors import TorchNotAvailableError
from townlet.plugins import torch_available
from townlet.policy.doors import Door, open_doors

__all__ = [
    "ConflictAwarePolicyConfig",
    "ConflictAwarePolicyNetwork",
    "TorchNotAvailableError",
    "torch_available",
]

# Declared here, looked up by __getattr__ below.
ConflictAwarePolicyConfig: Any
ConflictAwarePolicyNetwork: Any

_look_up = open_doors(
    __name__,
    {
        "ConflictAwarePolicyConfig": Door(
            "townlet_backend_pytorch.options:ConflictAwarePolicyConfig", "the policy network", needs_torch=False
        ),
        "ConflictAwarePolicyNetwork": Door(
            "townlet_backend_pytorch.network:ConflictAwarePolicyNetwork", "the policy network"
        ),
    },
    lambda: torch_available(),
)


def __getattr__(name: str) -> Any:
    return _look_up(name)
