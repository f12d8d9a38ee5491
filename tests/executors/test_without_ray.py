"""What is said where Ray is not installed."""

from __future__ import annotations

import importlib.util

import pytest

from townlet.config.execution import ExecutionConfig
from townlet.errors import ExecutorError
from townlet.executors import open_executor


def test_the_command_that_installs_it_is_told(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ExecutorError, match="needs Ray, which is not installed") as caught:
        open_executor(ExecutionConfig(executor="ray"))
    assert caught.value.details == ("install it with:  python -m pip install 'townlet-core[ray]'",)
    assert caught.value.exit_code == 3
