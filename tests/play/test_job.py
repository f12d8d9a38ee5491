"""A job is a value: nothing live in it, read back as it was, and split by its towns."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

import townlet
from townlet.errors import ContractError, UsageError
from townlet.play import Cast, Job, Keep, MindSpec, Stored


@pytest.fixture
def job(hamlet, cast_of):
    spec = MindSpec(
        requested="mixture:scripted,pytorch:x,0.5",
        backend="mixture",
        teacher=MindSpec(requested="scripted", backend="scripted", options={"hunger": 0.4}),
        learner=MindSpec(requested="pytorch:x", backend="pytorch", checkpoint=Stored("d" * 64, Path("/x"))),
        ratio=0.5,
    )
    cast = Cast((*cast_of({"alice": "stub", "25%": "stub"}).roles[:2], *Cast.of(spec).roles))
    return Job(hamlet, cast, range(5), 300, explore=True, keep=Keep.dataset("data/a", tags=("word",)))


def test_it_reads_back(job):
    text = json.dumps(job.to_json())
    assert Job.from_json(json.loads(text)) == job
    assert pickle.loads(pickle.dumps(job)) == job


def test_its_digest_is_of_what_is_played(job, hamlet):
    assert job.digest == Job(hamlet, job.cast, job.seeds, 300, explore=True).digest
    assert job.digest != Job(hamlet, job.cast, job.seeds, 301, explore=True).digest
    assert job.digest != Job(hamlet, Cast.of("stub"), job.seeds, 300, explore=True).digest


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema_version": 2}, "another version of Townlet"),
        ({"townlet": "9.9"}, "another version of Townlet"),
        ({"format": "townlet-dataset"}, "this is not a job"),
        ({"cast": [{"who": "alice"}]}, "not a cast"),
        ({"keep": {"what": "everything", "folder": None, "tags": []}}, "not a thing to keep"),
        ({"config": {"sed": 3}}, "not a job of this version"),
        ({"seeds": None}, "not a job of this version"),
    ],
)
def test_what_it_is_not_is_refused(job, change, message):
    with pytest.raises(ContractError, match=message):
        Job.from_json({**job.to_json(), **change})


def test_another_version_is_named(job):
    with pytest.raises(ContractError) as caught:
        Job.from_json({**job.to_json(), "townlet": "0.0.9"})
    assert caught.value.details[0] == f"townlet is '0.0.9' there and {townlet.__version__!r} here"


@pytest.mark.parametrize(("seeds", "ticks"), [((), 1), ((1,), 0), ((-1,), 1), ((2**64,), 1)])
def test_a_job_without_towns_or_time_is_none(hamlet, seeds, ticks):
    with pytest.raises(UsageError):
        Job(hamlet, Cast.of("stub"), seeds, ticks)


def test_it_is_split_by_its_towns(job):
    parts = job.split(2)
    assert [part.seeds for part in parts] == [(0, 1), (2, 3, 4)]
    assert [part.keep.folder for part in parts] == [Path("data/a.0"), Path("data/a.1")]
    assert [part.seeds for part in job.split(9)] == [(0,), (1,), (2,), (3,), (4,)]
    with pytest.raises(UsageError):
        job.split(0)


def test_a_mixture_has_two_sides_and_a_ratio():
    stub = MindSpec(requested="stub", backend="stub")
    with pytest.raises(ContractError, match="a mixture, and nothing else"):
        MindSpec(requested="m", backend="mixture", teacher=stub, learner=stub)
    with pytest.raises(ContractError, match="a mixture, and nothing else"):
        MindSpec(requested="stub", backend="stub", ratio=0.5)
    with pytest.raises(ContractError, match="from 0 to 1"):
        MindSpec(requested="m", backend="mixture", teacher=stub, learner=stub, ratio=1.5)
