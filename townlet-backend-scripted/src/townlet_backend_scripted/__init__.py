"""The default mind of a Townlet town: a readable table of rules over observations. Nothing here imports a world."""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["ScriptedOptions", "ScriptedPolicy"]

if TYPE_CHECKING:
    from townlet_backend_scripted.options import ScriptedOptions
    from townlet_backend_scripted.policy import ScriptedPolicy


def __getattr__(name: str) -> object:
    # The plugin layer imports this package to find its hooks; NumPy and pydantic wait until a mind is made.
    if name == "ScriptedOptions":
        from townlet_backend_scripted.options import ScriptedOptions

        return ScriptedOptions
    if name == "ScriptedPolicy":
        from townlet_backend_scripted.policy import ScriptedPolicy

        return ScriptedPolicy
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
