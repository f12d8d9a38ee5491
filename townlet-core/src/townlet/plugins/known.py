"""The table of backends that core knows by name (``known_backends.toml``), for messages and reserved names."""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path
from typing import NamedTuple

__all__ = ["KnownBackend", "backend_title", "known_backends"]


class KnownBackend(NamedTuple):
    """A first-party backend.

    Attributes:
        name: canonical name, reserved for ``distribution``.
        distribution: what to install.
        aliases: other names that are reserved with it.
    """

    name: str
    distribution: str
    aliases: tuple[str, ...]


@functools.cache
def _table() -> tuple[dict[str, KnownBackend], dict[str, str]]:
    data = tomllib.loads((Path(__file__).with_name("known_backends.toml")).read_text(encoding="utf-8"))
    known = {
        name: KnownBackend(name, entry["distribution"], tuple(entry["aliases"]))
        for name, entry in data["backends"].items()
    }
    return known, data["titles"]


def known_backends() -> dict[str, KnownBackend]:
    """Canonical name to what is known of it."""
    return _table()[0]


def backend_title(distribution: str) -> str | None:
    """How people call the distribution, such as ``"PyTorch"`` for ``torch``; None if just by its name."""
    return _table()[1].get(distribution)
