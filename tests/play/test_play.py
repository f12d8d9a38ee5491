"""One job, played here, in another process, and in parts: the same bytes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from townlet.data import open_dataset
from townlet.errors import BackendNotInstalledError, UsageError
from townlet.play import Job, Keep, Outcome, Possession, Stage, join_datasets, perform, play
from townlet.rollout import RolloutBuffer

TICKS = 120

CHILD = """
import json, sys
from townlet.play import Job, Stage, perform
job = Job.from_json(json.load(sys.stdin))
with Stage(job) as stage:
    outcome = perform(stage)
    json.dump({"outcome": outcome.to_json(), "states": stage.digests()}, sys.stdout)
"""


def played(job: Job) -> tuple[Outcome, tuple[str, ...]]:
    with Stage(job) as stage:
        return perform(stage), stage.digests()


def comparable(outcome: Outcome | dict) -> dict:
    """What must be the same wherever a job is played."""
    document = outcome.to_json() if isinstance(outcome, Outcome) else dict(outcome)
    return {key: value for key, value in document.items() if key not in ("timing", "place")}


def files(folder: Path) -> dict[str, bytes]:
    """The bytes of a dataset, without the block of its manifest that tells the time."""
    found = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    manifest = json.loads(found["manifest.json"])
    assert set(manifest.pop("timing")) == {"created"}
    found["manifest.json"] = json.dumps(manifest, sort_keys=True).encode()
    return found


@pytest.fixture(scope="module", params=["scripted", pytest.param("pytorch", marks=pytest.mark.torch)])
def job(request, hamlet, cast_of, tmp_path_factory):
    """Three minds in five towns: one by name, one by share, one for the rest, which draws its actions."""
    if request.param == "pytorch":
        pytest.importorskip("townlet_backend_pytorch")
        pytest.importorskip("torch")
    cast = cast_of({"bob": "stub", "34%": "stub"}, rest=request.param)
    folder = tmp_path_factory.mktemp("play") / "whole"
    return Job(hamlet, cast, range(5), TICKS, explore=True, keep=Keep.dataset(folder))


@pytest.fixture(scope="module")
def whole(job):
    return played(job)


def test_a_job_in_another_process_gives_the_same_bytes(job, whole, tmp_path):
    other = Job(job.config, job.cast, job.seeds, job.ticks, explore=True, keep=Keep.dataset(tmp_path / "other"))
    command = [sys.executable, "-c", CHILD]
    done = subprocess.run(command, input=json.dumps(other.to_json()), capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    outcome, states = whole
    assert comparable(told["outcome"]) == comparable(outcome)
    assert tuple(told["states"]) == states
    assert files(tmp_path / "other") == files(job.keep.folder)


@pytest.mark.parametrize("parts", [2, 5])
def test_a_job_in_parts_gives_the_same_bytes(job, whole, tmp_path, parts):
    kept = Job(job.config, job.cast, job.seeds, job.ticks, explore=True, keep=Keep.dataset(tmp_path / "part"))
    pieces = [played(piece) for piece in kept.split(parts)]
    outcome, states = whole
    joined = Outcome.join(job, [piece for piece, _ in pieces])
    assert sum((digests for _, digests in pieces), ()) == states
    without = {**comparable(outcome), "dataset_digest": None}
    assert comparable(joined) == without
    join_datasets(joined, [piece.dataset for piece, _ in pieces], tmp_path / "joined")
    assert files(tmp_path / "joined") == files(job.keep.folder)
    assert open_dataset(tmp_path / "joined").digest == outcome.dataset_digest


def test_threads_change_nothing(job, whole):
    plain = Job(job.config, job.cast, job.seeds, job.ticks, explore=True)
    with Stage(plain, threads=2) as stage:
        perform(stage)
        assert stage.digests() == whole[1]


def test_the_dataset_says_who_was_played_by_whom(job, whole):
    outcome, _ = whole
    manifest = open_dataset(job.keep.folder).manifest
    assert np.array_equal(np.array(manifest.players), outcome.players)
    assert (outcome.players[:, 1] == 0).all(), "bob by name"
    assert {tuple((row == n).sum() for n in range(3)) for row in outcome.players} == {(1, 1, 2)}
    assert len({tuple(row) for row in outcome.players}) > 1, "the share is drawn from each town's seed"
    told = manifest.policy
    assert told["active"] == "cast"
    assert [(mind["who"], mind["active"]) for mind in told["minds"]] == [
        ("bob", "stub"),
        ("34%", "stub"),
        ("*", job.cast.minds[-1].backend),
    ]
    assert manifest.is_stub


def test_what_is_kept_in_memory_is_what_is_kept_on_disk(job, whole):
    kept = play(Job(job.config, job.cast, job.seeds, job.ticks, explore=True, keep=Keep.buffer()))
    block = open_dataset(job.keep.folder).read(0, TICKS)
    for name, array in kept.buffer.items():
        np.testing.assert_array_equal(array, block.arrays()[name], err_msg=name)
    np.testing.assert_array_equal(block.asked, block.active)  # not kept in memory where all are asked on each tick


def test_a_sink_of_this_process_is_filled(hamlet, cast_of):
    job = Job(hamlet, cast_of(), (3, 4), 50, keep=Keep.dataset("never"))
    with Stage(job) as stage:
        buffer = RolloutBuffer(stage.engine.spec, 50, stage.engine.rows)
        assert perform(stage, sink=buffer).dataset is None
    assert buffer.full
    assert not Path("never").exists()


def test_watchers_see_each_tick_and_until_ends_it(hamlet, cast_of):
    ticks: list[int] = []
    with Stage(Job(hamlet, cast_of(), (3,), 50)) as stage:
        outcome = perform(stage, watchers=[lambda step: ticks.append(step.tick)], until=lambda: len(ticks) == 20)
    assert ticks == list(range(20))
    assert (outcome.ticks, outcome.interrupted) == (20, True)


class Walker:
    """A pilot who walks north where that is possible."""

    def choose(self, observation, mask, suggestion):
        return 1 if mask[1] else suggestion


def test_what_a_pilot_does_is_recorded_so_that_it_replays(hamlet, cast_of, tmp_path):
    from townlet.evaluation.retrace import retrace

    job = Job(hamlet, cast_of(), (3,), 200, keep=Keep.dataset(tmp_path / "walk"))
    outcome = play(job, pilots=[Possession("alice", Walker())])
    assert outcome.provenance.possessed == ("alice",)
    alone = play(Job(hamlet, cast_of(), (3,), 200))
    assert outcome.kpis.summary() != alone.kpis.summary()
    again = retrace(open_dataset(tmp_path / "walk"))
    assert again.kpis.summary() == outcome.kpis.summary()


def test_a_pilot_of_nobody(hamlet, cast_of):
    with pytest.raises(UsageError, match="no agent in this town is called 'zoe'"):
        play(Job(hamlet, cast_of(), (3,), 5), pilots=[Possession("zoe", Walker())])


@pytest.mark.parametrize(
    ("roles", "error", "message"),
    [
        ({"zoe": "stub"}, UsageError, "no agent in this town is called 'zoe'"),
        ({"alice": "quetzal"}, BackendNotInstalledError, "'quetzal' is not installed"),
        ({"alice": "learner"}, UsageError, "the learner exists only in training"),
    ],
)
def test_a_job_that_is_impossible_here_writes_nothing(hamlet, cast_of, tmp_path, roles, error, message):
    with pytest.raises(error, match=message):
        play(Job(hamlet, cast_of(roles), (3,), 5, keep=Keep.dataset(tmp_path / "never")))
    assert list(tmp_path.iterdir()) == []
