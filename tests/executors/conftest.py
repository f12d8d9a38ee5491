"""The small town, and minds that need nothing installed but the scripted backend."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from townlet.config import TownletConfig, load_config


@pytest.fixture(scope="session")
def hamlet() -> TownletConfig:
    """The small town; four live in it."""
    return load_config(None, ["town.map=hamlet"])


@pytest.fixture(scope="session")
def bytes_in() -> Callable[[Path], dict[str, str]]:
    """``bytes_in(folder)``: name of each file to the SHA-256 of its bytes."""

    def read(folder: Path) -> dict[str, str]:
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    return read
