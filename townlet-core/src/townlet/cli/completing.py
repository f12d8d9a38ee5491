"""What a shell is offered for the values of options: backends, policies, scenarios, maps, keys of the config.

A name that is not a plain word is not offered: it would be typed into a command line for somebody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal, get_args, get_origin

import click

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["backends", "policies", "scenarios", "settings"]

_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:=\-]*")


def _offered(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete) and _PLAIN.fullmatch(name)]


def backends(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Names of installed backends, and the stub; nothing of them is imported."""
    return _offered(_backend_names(), incomplete)


def policies(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Backends, and ``release``."""
    return _offered([*_backend_names(), "release"], incomplete)


def scenarios(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Names of scenarios, and ``all``."""
    from townlet.evaluation.scenarios import scenario_names

    return _offered([*scenario_names(), "all"], incomplete)


def settings(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Keys of the config with their ``=``; after it, the values that the key can have where they are names."""
    from townlet.config import TownletConfig

    key, equals, _ = incomplete.partition("=")
    keys = dict(_keys(TownletConfig))
    if not equals:
        return _offered((f"{name}=" for name in keys), incomplete)
    return _offered((f"{key}={value}" for value in _values(key, keys.get(key))), incomplete)


def _backend_names() -> list[str]:
    from townlet.plugins import scan_all

    return sorted({row.name for row in scan_all().rows} | {"stub"})


def _keys(model: type[BaseModel], at: str = "") -> Iterator[tuple[str, object]]:
    """Each key that holds a value, with its annotation."""
    from pydantic import BaseModel

    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _keys(kind, f"{at}{name}.")
        else:
            yield f"{at}{name}", kind


def _values(key: str, kind: object) -> Iterable[str]:
    if key == "town.map":
        from townlet.world.maps import SHIPPED_MAPS

        return (*SHIPPED_MAPS, "generated")
    if key.endswith(".backend"):
        return _backend_names()
    if kind is bool:
        return ("true", "false")
    choices = (
        [kind] if get_origin(kind) is Literal else [part for part in get_args(kind) if get_origin(part) is Literal]
    )
    return [str(value) for choice in choices for value in get_args(choice)]
