"""Doors, nothing else: what is imported here lives in ``townlet.minds`` and ``townlet.training``.

Importing this package imports none of them; a name is looked up when it is first used.
"""

from __future__ import annotations

import importlib
from typing import Any

__all__ = [
    "MixturePolicy",
    "Pilot",
    "PolicyRuntime",
    "StubFallbackWarning",
    "StubPolicy",
    "parse_policy",
]

_HOMES = {
    "MixturePolicy": "townlet.minds.mixture",
    "Pilot": "townlet.minds.possession",
    "PolicyRuntime": "townlet.minds.runtime",
    "StubFallbackWarning": "townlet.play.opening",
    "StubPolicy": "townlet.minds.stub",
    "parse_policy": "townlet.minds.policy_names",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
