"""Where Ray lacks memory, room for objects or disk: in words, and nothing half-written."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from townlet.config.execution import ExecutionConfig
from townlet.errors import ExecutorError
from townlet.executors import open_executor, record
from townlet.executors.clusters import RayCrew
from townlet.executors.connecting import need_ray
from townlet.play import play

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs Ray, the extra townlet-core[ray]"),
    pytest.mark.ray,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]

LEAST = 80 << 20
"""Bytes of the smallest store of objects that Ray makes."""
LARGER = np.ones(2 * LEAST, np.uint8)


@pytest.fixture
def short_of(monkeypatch):
    """``short_of(VARIABLE=value)``: the address of a cluster with the smallest store, which lacks what that says."""
    monkeypatch.setenv("RAY_worker_niceness", "0")
    clusters = []

    def make(**lacking: str) -> str:
        for name, value in lacking.items():
            monkeypatch.setenv(f"RAY_{name}", value)
        head = {"num_cpus": 1, "include_dashboard": False, "object_store_memory": LEAST}
        clusters.append(importlib.import_module("ray.cluster_utils").Cluster(initialize_head=True, head_node_args=head))
        clusters[0].wait_for_nodes()
        return str(clusters[0].address)

    yield make
    for cluster in clusters:
        cluster.shutdown()


@pytest.fixture(scope="module")
def large(job):
    """Pieces of it are larger than the store."""
    return replace(job, seeds=(0, 1, 2, 3), ticks=12_000)


def on(address: str, **settings):
    return open_executor(ExecutionConfig(executor="ray", address=address, workers=1, **settings), say=lambda _: None)


def test_pieces_larger_than_the_store_are_recorded_all_the_same(short_of: Callable, large, kept, bytes_of, tmp_path):
    with on(short_of()) as executor:
        record(executor, kept(large, tmp_path / "there"), towns=2)
    assert sum(path.stat().st_size for path in (tmp_path / "there").iterdir()) > 2 * LEAST
    play(kept(large, tmp_path / "here"))
    assert bytes_of(tmp_path / "there") == bytes_of(tmp_path / "here")


def test_a_full_disk_is_told_with_what_to_lower_and_nothing_is_left(short_of: Callable, large, kept, tmp_path):
    with on(short_of(local_fs_capacity_threshold="0.01")) as executor:
        with pytest.raises(ExecutorError, match="Ray has no room for what worker 0 gives back") as caught:
            record(executor, kept(large, tmp_path / "there"), towns=2)
        assert caught.value.exit_code == 3
        why, lower, more = caught.value.details
        assert why.endswith("its store of objects is full, and the disk that it moves them to")
        assert "--days" in lower
        assert "--object-store-memory" in more
        assert list(tmp_path.iterdir()) == []
        small = replace(large, ticks=100)
        record(executor, kept(small, tmp_path / "small"), towns=2)  # the cluster is as good as before


def test_what_all_workers_need_may_be_too_large(short_of: Callable):
    crew = RayCrew(address=short_of(local_fs_capacity_threshold="0.01"), workers=1, cpus=1)
    with pytest.raises(ExecutorError, match="Ray has no room for what all workers need"):
        crew.share(LARGER)
    hand = crew.hire(0)
    with pytest.raises(ExecutorError, match="Ray has no room for what worker 0 is given") as caught:
        hand.send(len, (LARGER,))
    assert caught.value.details[0].startswith("on this machine its store of objects is full")
    crew.close()
    assert not need_ray().is_initialized()


def test_workers_that_ray_ends_for_want_of_memory_are_not_started_for_ever(short_of: Callable, job, kept, tmp_path):
    address = short_of(memory_usage_threshold="0.001", memory_monitor_refresh_ms="50")
    with (
        on(address) as executor,
        pytest.raises(ExecutorError, match="workers end as soon as they are started") as caught,
    ):
        record(executor, kept(job, tmp_path / "there"))
    assert caught.value.exit_code == 3
    assert "Ray ended it, as its machine ran out of memory: " in caught.value.details[0]
    assert "--workers" in " ".join(caught.value.details)
    assert list(tmp_path.iterdir()) == []
