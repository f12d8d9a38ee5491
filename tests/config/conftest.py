"""What the tests of configs share: a file written in one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from townlet.config import load_config
from townlet.errors import ConfigError

Write = Callable[[str], Path]
Refusal = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes ``town.yaml`` in the current directory and gives its relative path, as a user would type it."""
    monkeypatch.chdir(tmp_path)

    def _write(text: str) -> Path:
        Path("town.yaml").write_text(text, encoding="utf-8")
        return Path("town.yaml")

    return _write


@pytest.fixture
def refusal(write: Write) -> Refusal:
    """The message with which a config is refused."""

    def _refusal(text: str, *overrides: str) -> str:
        with pytest.raises(ConfigError) as caught:
            load_config(write(text), overrides)
        assert caught.value.exit_code == 2
        return str(caught.value)

    return _refusal
