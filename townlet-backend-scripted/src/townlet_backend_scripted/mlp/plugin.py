"""The hook by which Townlet makes the mind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from townlet.errors import BackendError
from townlet.plugins import hookimpl

if TYPE_CHECKING:
    from townlet.api import PolicyBackendProtocol, PolicyRequest

__all__ = ["townlet_create_policy"]


@hookimpl
def townlet_create_policy(request: PolicyRequest) -> PolicyBackendProtocol:
    """The policy of ``request.checkpoint``.

    Raises:
        BackendError: if none is named: this backend has nothing of its own to act from.
        CheckpointError: if its layers cannot be read, or are for other observations.
    """
    if request.checkpoint is None:
        raise BackendError(
            "policy backend 'mlp' plays a network that was trained elsewhere, and none is named",
            details=(
                "name its checkpoint:  mlp:FOLDER",
                "write one with:  townlet export CHECKPOINT --format mlp --out FOLDER",
            ),
        )
    from townlet_backend_scripted.mlp.layers import read_layers
    from townlet_backend_scripted.mlp.policy import MlpPolicy

    return MlpPolicy(read_layers(request.checkpoint, request.spec), request.spec)
