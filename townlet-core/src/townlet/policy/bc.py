"""Behaviour cloning's own objects, owned by the pytorch backend; importable without PyTorch."""

from __future__ import annotations

from typing import Any

from townlet.policy import models
from townlet.policy.doors import Door, open_doors

__all__ = ["BCTrainer", "BCTrainingConfig", "BCTrajectoryDataset", "evaluate_bc_policy", "load_bc_samples"]

_PURPOSE = "behaviour cloning"
# Declared here, looked up by __getattr__ below.
BCTrainer: Any
BCTrainingConfig: Any
BCTrajectoryDataset: Any
evaluate_bc_policy: Any
load_bc_samples: Any

_look_up = open_doors(
    __name__,
    {
        "BCTrainer": Door("townlet_backend_pytorch.bc_trainer:BCTrainer", _PURPOSE),
        "BCTrainingConfig": Door("townlet_backend_pytorch.options:BCTrainingConfig", _PURPOSE, needs_torch=False),
        "BCTrajectoryDataset": Door("townlet_backend_pytorch.bc_trainer:BCTrajectoryDataset", _PURPOSE),
        "evaluate_bc_policy": Door("townlet_backend_pytorch.bc_trainer:evaluate_bc_policy", _PURPOSE),
        "load_bc_samples": Door("townlet_backend_pytorch.bc_trainer:load_bc_samples", _PURPOSE),
    },
    lambda: models.torch_available(),
)


def __getattr__(name: str) -> Any:
    return _look_up(name)
