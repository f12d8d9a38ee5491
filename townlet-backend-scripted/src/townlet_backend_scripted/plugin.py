"""The hooks by which Townlet makes the mind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from townlet.errors import CheckpointError
from townlet.plugins import hookimpl

if TYPE_CHECKING:
    from pydantic import BaseModel

    from townlet.api import PolicyBackendProtocol, PolicyRequest

__all__ = ["townlet_backend_options", "townlet_create_policy"]


@hookimpl
def townlet_create_policy(request: PolicyRequest) -> PolicyBackendProtocol:
    """The scripted mind for the observations of ``request.spec``. Raises CheckpointError for one with a checkpoint."""
    if request.checkpoint is not None:
        raise CheckpointError(
            "the scripted mind is made of rules and uses no checkpoint",
            where=str(request.checkpoint),
            details=("leave the checkpoint out, or name the backend that wrote it",),
        )
    from townlet_backend_scripted.options import ScriptedOptions
    from townlet_backend_scripted.policy import ScriptedPolicy

    return ScriptedPolicy(request.spec, request.options or ScriptedOptions())


@hookimpl
def townlet_backend_options() -> type[BaseModel]:
    """The model of ``policy.options``."""
    from townlet_backend_scripted.options import ScriptedOptions

    return ScriptedOptions
