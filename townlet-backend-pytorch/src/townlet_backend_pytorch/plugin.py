"""What Townlet loads: hooks that create policies and learners. PyTorch is imported inside them, never before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from townlet.plugins import hookimpl

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import BaseModel

    from townlet.api import ExportRequest, LearnerProtocol, LearnerRequest, PolicyBackendProtocol, PolicyRequest

__all__ = [
    "townlet_backend_options",
    "townlet_create_learner",
    "townlet_create_policy",
    "townlet_export_policy",
]


@hookimpl
def townlet_backend_options() -> type[BaseModel]:
    """The schema of ``policy.options``."""
    from townlet_backend_pytorch.options import PyTorchOptions

    return PyTorchOptions


@hookimpl
def townlet_create_policy(request: PolicyRequest) -> PolicyBackendProtocol:
    """A policy: from ``request.checkpoint``, or with fresh weights drawn from ``request.seed``.

    Raises:
        BackendError: if the chosen device is not there.
        CheckpointError: if the checkpoint does not fit the observations or the options.
    """
    from townlet_backend_pytorch.creation import create_policy

    return create_policy(request)


@hookimpl
def townlet_create_learner(request: LearnerRequest) -> LearnerProtocol:
    """A learner: from ``request.checkpoint``, or with fresh weights drawn from ``request.seed``.

    Raises:
        BackendError: if the chosen device is not there.
        CheckpointError: if the checkpoint does not fit the observations or the options.
    """
    from townlet_backend_pytorch.creation import create_learner

    return create_learner(request)


@hookimpl
def townlet_export_policy(request: ExportRequest) -> Path:
    """Write the checkpoint's policy to ``request.target``: as ONNX, or as the layers that the backend ``mlp`` plays.

    Raises:
        BackendDependencyError: if onnx, onnxscript or onnxruntime is missing.
        BackendError: if another format is asked for, or the network cannot be written in this one.
        CheckpointError: if the checkpoint does not fit the observations or the options.
        TrainingError: if the file does not answer as the policy does; it is not left there then.
    """
    from townlet_backend_pytorch.creation import export_checkpoint

    return export_checkpoint(request)
