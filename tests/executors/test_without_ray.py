"""What is said where Ray is not installed."""

from __future__ import annotations

import importlib.util

import pytest

from townlet.config.execution import ExecutionConfig
from townlet.errors import ExecutorError
from townlet.executors import clusters, open_executor


def test_the_command_that_installs_it_is_told(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ExecutorError, match="needs Ray, which is not installed") as caught:
        open_executor(ExecutionConfig(executor="ray"))
    assert caught.value.details == ("install it with:  python -m pip install 'townlet-core[ray]'",)
    assert caught.value.exit_code == 3


class Refusing:
    """A Ray that says what the real one says to a cluster of another version."""

    def __init__(self, text):
        self._text = text

    def is_initialized(self):
        return False

    def init(self, **settings):
        raise RuntimeError(self._text)


OTHER = """Version mismatch: The cluster was started with:
    Ray: 2.40.0
    Python: 3.11.7
This process on node 10.0.0.2 was started with:
    Ray: 2.60.0
    Python: 3.12.1
"""


def test_a_cluster_of_other_versions_is_refused_with_both(monkeypatch):
    monkeypatch.setattr(clusters, "need_ray", lambda: Refusing(OTHER))
    with pytest.raises(ExecutorError, match="the cluster at auto cannot be used") as caught:
        clusters.RayCrew(address="auto", workers=1, cpus=1)
    assert caught.value.exit_code == 3
    told = caught.value.details
    assert ["Ray: 2.40.0" in told, "Ray: 2.60.0" in told, "Python: 3.11.7" in told, "Python: 3.12.1" in told] == [
        True
    ] * 4
    assert told[-1] == "the cluster must have the same versions of Ray and Python as this process"


def test_where_no_cluster_runs_the_command_that_starts_one_is_told(monkeypatch):
    monkeypatch.setattr(
        clusters, "need_ray", lambda: Refusing("Could not find any running Ray instance. Please specify")
    )
    with pytest.raises(ExecutorError) as caught:
        clusters.RayCrew(address="auto", workers=1, cpus=1)
    assert caught.value.details[-1] == "start one with:  ray start --head"
