"""A small town, and minds that need nothing installed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from townlet.config import TownletConfig, load_config
from townlet.play import Cast, MindSpec, Role


@pytest.fixture(scope="session")
def hamlet() -> TownletConfig:
    """The small town; four live in it."""
    return load_config(None, ["town.map=hamlet"])


@pytest.fixture(scope="session")
def cast_of() -> Callable[..., Cast]:
    """``cast_of(alice="stub", rest="scripted")``; keys that are not names are given as ``{"25%": "stub"}``."""

    def make(roles: dict[str, str] | None = None, rest: str = "scripted", **names: str) -> Cast:
        given = {**(roles or {}), **names, "*": rest}
        return Cast(tuple(Role(who, MindSpec(requested=mind, backend=mind)) for who, mind in given.items()))

    return make
