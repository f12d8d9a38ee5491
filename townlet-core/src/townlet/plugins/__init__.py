"""Finding, choosing and loading policy backends and observers.

Backends are found by their metadata; nothing of them is imported until one is chosen, and then only that one.
Importing this package imports neither numpy, pydantic nor pluggy: what needs them arrives on first use.
"""

from typing import TYPE_CHECKING, Any

from townlet.plugins.rows import BackendRow, State
from townlet.plugins.scan import Scan, refresh, scan, scan_all
from townlet.plugins.selection import Selection

if TYPE_CHECKING:
    from townlet.plugins.hooks import hookimpl, hookspec
    from townlet.plugins.observers import Observers
    from townlet.plugins.requirements import torch_available
    from townlet.plugins.resolve import (
        ResolvedLearner,
        ResolvedMind,
        ResolvedPolicy,
        resolve_learner,
        resolve_mind,
        resolve_policy,
        validate_options,
    )
    from townlet.plugins.stub import StubPolicy

__all__ = [
    "BackendRow",
    "Observers",
    "ResolvedLearner",
    "ResolvedMind",
    "ResolvedPolicy",
    "Scan",
    "Selection",
    "State",
    "StubPolicy",
    "hookimpl",
    "hookspec",
    "refresh",
    "resolve_learner",
    "resolve_mind",
    "resolve_policy",
    "scan",
    "scan_all",
    "torch_available",
    "validate_options",
]

_LATER = {
    "Observers": "observers",
    "ResolvedLearner": "resolve",
    "ResolvedMind": "resolve",
    "ResolvedPolicy": "resolve",
    "StubPolicy": "stub",
    "hookimpl": "hooks",
    "hookspec": "hooks",
    "resolve_learner": "resolve",
    "resolve_mind": "resolve",
    "resolve_policy": "resolve",
    "torch_available": "requirements",
    "validate_options": "resolve",
}


def __getattr__(name: str) -> Any:
    """Import what needs numpy, pydantic or pluggy on first use (PEP 562)."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    globals()[name] = value
    return value
