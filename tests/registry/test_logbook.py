"""What is entered after the fact: a recording that was killed and recovered."""

from __future__ import annotations

import pytest

from townlet.config import load_config
from townlet.data import open_dataset
from townlet.play import Cast, Job, Keep, play
from townlet.registry import Registry, enter_recovered

RUN = {"config_id": "tiny-01", "config_digest": "c" * 64, "policy": {"active": "scripted"}}


@pytest.fixture(scope="module")
def recovered(tmp_path_factory):
    """A dataset under another name than it was recorded as."""
    folder = tmp_path_factory.mktemp("recovered") / "kept"
    play(Job(load_config(None, ["town.map=hamlet"]), Cast.of("stub"), (3,), 20, keep=Keep.dataset(folder)))
    return open_dataset(folder)


def test_a_recovered_dataset_belongs_to_the_run_that_recorded_it(recovered, tmp_path):
    with Registry(tmp_path) as registry:
        other = registry.begin_run("run", folder=tmp_path / "other", **RUN)
        killed = registry.begin_run("run", folder=tmp_path / "first", **RUN)
    assert enter_recovered(tmp_path, tmp_path / "first", recovered) == killed != other
    with Registry(tmp_path) as registry:
        (entry,) = registry.datasets()
        assert (entry.run, entry.digest) == (killed, recovered.digest)


def test_one_that_nobody_entered_stays_out(recovered, tmp_path):
    with Registry(tmp_path) as registry:
        registry.begin_run("run", folder=tmp_path / "other", **RUN)
    assert enter_recovered(tmp_path, tmp_path / "first", recovered) is None
    with Registry(tmp_path) as registry:
        assert registry.datasets() == []


def test_no_registry_is_made_for_it(recovered, tmp_path):
    assert enter_recovered(tmp_path, tmp_path / "first", recovered) is None
    assert list(tmp_path.iterdir()) == []


def test_a_registry_that_cannot_be_read_costs_a_warning(recovered, tmp_path):
    (tmp_path / "registry.sqlite").write_bytes(b"this is no database, and long enough to be looked at" * 40)
    told = []
    assert enter_recovered(tmp_path, tmp_path / "first", recovered, warn=told.append) is None
    assert len(told) == 1
    assert told[0].startswith("the registry could not record it: ")
