"""Lazy doors: names that core promises and the pytorch backend owns, importable where PyTorch is missing.

A module with doors hands on the backend's own object when a name is first used. Where the backend or PyTorch
is missing it hands out a placeholder under the same name, which can be imported, annotated with and tested
against with ``isinstance``, and raises :class:`~townlet.errors.TorchNotAvailableError` when it is called.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from townlet.errors import TorchNotAvailableError

__all__ = ["Door", "open_doors", "torch_missing"]

INSTALL = "install it with: pip install townlet-backend-pytorch"


def torch_missing(purpose: str, *, where: str | None = None) -> TorchNotAvailableError:
    """The error for ``purpose`` (``"PPO training"``) where PyTorch cannot be used."""
    return TorchNotAvailableError(
        f"PyTorch is required for {purpose}. It is not installed, or not in a version that fits.",
        where=where,
        details=(INSTALL,),
    )


@dataclass(frozen=True, slots=True)
class Door:
    """One name and where its owner keeps it.

    Attributes:
        target: ``"package.module:name"`` in the backend.
        purpose: what the object is for, as in "PyTorch is required for ...".
        needs_torch: false for settings that the backend can give out without PyTorch.
    """

    target: str
    purpose: str
    needs_torch: bool = True


def _placeholder(module: str, name: str, purpose: str) -> type:
    def refuse(*_: object, **__: object) -> object:
        raise torch_missing(purpose, where=f"{module}.{name}")

    text = f"Stands in for {name}, which needs PyTorch: calling it raises TorchNotAvailableError."
    return type(name, (), {"__new__": refuse, "__doc__": text, "__module__": module})


def open_doors(module: str, doors: Mapping[str, Door], available: Callable[[], bool]) -> Callable[[str], Any]:
    """The ``__getattr__`` of a module with ``doors``.

    Args:
        module: the module's ``__name__``.
        doors: exported name to its door.
        available: whether PyTorch can be used, asked at every look-up and never on import.

    Returns:
        A function from a name to the backend's object or its placeholder; AttributeError for any other name.
    """
    placeholders = {name: _placeholder(module, name, door.purpose) for name, door in doors.items()}

    def look_up(name: str) -> Any:
        door = doors.get(name)
        if door is None:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        if door.needs_torch and not available():
            return placeholders[name]
        owner, _, attribute = door.target.partition(":")
        try:
            return getattr(importlib.import_module(owner), attribute)
        except ModuleNotFoundError as error:
            if error.name is None or not owner.startswith(error.name):
                raise  # something else is missing inside the backend: that is a fault, and must be seen
            return placeholders[name]

    return look_up
