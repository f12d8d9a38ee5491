"""How the towns of a job were: kept where the job says so, the same from a recording, in parts, and elsewhere."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest

from townlet.data import open_dataset
from townlet.envs.frames import FRAME_COLUMNS, read_frame
from townlet.errors import ContractError, UsageError
from townlet.play import Cast, Frames, Job, Keep, Outcome, Stage, perform, play
from townlet.play.replaying import replayed

TICKS = 60


@pytest.fixture(scope="module")
def job(hamlet, cast_of):
    return Job(hamlet, cast_of(alice="stub"), (3, 4), TICKS, keep=Keep.frames())


@pytest.fixture(scope="module")
def frames(job):
    return play(job).frames


def same(one: Frames, other: Frames) -> None:
    assert one.columns.keys() == other.columns.keys()
    np.testing.assert_array_equal(one.ticks, other.ticks)
    for name, column in one.columns.items():
        np.testing.assert_array_equal(column, other[name], err_msg=name)
    assert (one.agents, one.actions, one.affordances, one.objects) == (
        other.agents,
        other.actions,
        other.affordances,
        other.objects,
    )


def test_a_frame_is_the_state_before_the_action_of_its_tick(job, frames):
    seen, done = [], []
    with Stage(job) as stage:
        seen.append(read_frame(stage.engine))

        def note(step):
            done.append(step.decision.actions.reshape(2, -1).copy())
            seen.append(read_frame(stage.engine))

        stage.run(TICKS, watchers=[note])
    assert frames.ticks.tolist() == list(range(TICKS + 1))
    for t in range(TICKS + 1):
        for name in FRAME_COLUMNS:
            np.testing.assert_array_equal(frames[name][t], seen[t][name], err_msg=f"{name} at tick {t}")
    np.testing.assert_array_equal(frames["action"][:-1], done)
    assert (frames["action"][-1] == -1).all(), "nothing was done yet in the last one"
    assert len({frames["y"][t].tobytes() for t in range(TICKS)}) > 5, "people move"


def test_one_agent_s_columns_are_those_of_its_slot(frames):
    mine = frames.agent("bob", world=1)
    slot = frames.agents.index("bob")
    np.testing.assert_array_equal(mine["hunger"], frames["hunger"][:, 1, slot])
    assert mine["personality"].shape == (TICKS + 1, 3)
    assert "prices" not in mine
    waits = frames.agent("alice")
    assert {frames.actions[number] for number in waits["action"][:-1]} == {"wait"}


def test_only_the_frames_that_were_asked_for_are_kept(job, frames):
    some = play(replace(job, keep=Keep.frames(every=7, between=(10, 30)))).frames
    assert some.ticks.tolist() == [14, 21, 28]
    for name in (*FRAME_COLUMNS, "action"):
        np.testing.assert_array_equal(some[name], frames[name][[14, 21, 28]], err_msg=name)


def test_those_of_a_job_in_parts_are_those_of_the_whole(job, frames):
    parts = [play(part) for part in job.split(2)]
    same(Outcome.join(job, parts).frames, frames)


def test_a_recording_gives_them_anew(job, frames, tmp_path):
    play(replace(job, keep=Keep.dataset(tmp_path / "kept")))
    dataset = open_dataset(tmp_path / "kept")
    stage, mind = replayed(dataset, keep=job.keep)
    with stage:
        same(perform(stage, watchers=[mind.compare]).frames, frames)
    stage, mind = replayed(dataset, world=1, keep=job.keep)
    with stage:
        second = perform(stage, watchers=[mind.compare]).frames
    np.testing.assert_array_equal(second["hunger"], frames["hunger"][:, 1:])


def test_they_travel(job, frames):
    assert Job.from_json(job.to_json()).keep == job.keep
    same(pickle.loads(pickle.dumps(frames)), frames)


def test_a_run_that_ends_early_has_those_until_then(job):
    with Stage(job) as stage:
        outcome = perform(stage, until=lambda: stage.tick == 5)
    assert outcome.frames.ticks.tolist() == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Keep.frames(every=0), "every 1 tick or more, found every=0"),
        (lambda: Keep.frames(between=(9, 3)), r"from a tick to a later one, found between=\(9, 3\)"),
    ],
)
def test_what_cannot_be_kept_is_refused(make, message):
    with pytest.raises(UsageError, match=message):
        make()


@pytest.mark.parametrize("change", [{"every": 0}, {"between": [1]}, {"between": [5, 2]}, {"every": "x"}])
def test_a_damaged_keep_is_refused(change):
    with pytest.raises(ContractError, match="not a thing to keep"):
        Keep.from_json({**Keep.frames().to_json(), **change})


def test_a_job_without_a_frame_to_keep_is_refused_before_it_is_played(job):
    with pytest.raises(UsageError, match="no frame to keep: it goes from tick 0 to 60"):
        play(replace(job, keep=Keep.frames(between=(900, 1000))))


def test_frames_that_do_not_fit_are_refused_before_they_are_allocated(job):
    with pytest.raises(UsageError, match=r"GiB of memory; this machine has .* GiB") as caught:
        play(replace(job, ticks=2**31))
    assert "Keep.frames(every=10)" in caught.value.details[0]


def test_unknown_names_are_told_with_the_nearest(frames):
    with pytest.raises(UsageError) as caught:
        frames["huger"]
    assert caught.value.details[0] == "did you mean 'hunger'?"
    with pytest.raises(UsageError, match="no agent in this town is called 'alise'"):
        frames.agent("alise")
    with pytest.raises(UsageError, match="no town 2: towns are 0 to 1"):
        frames.agent("alice", world=2)


def test_a_world_that_is_no_town_has_none():
    from townlet.config import TownletConfig
    from townlet.envs import BanditTown

    job = Job(TownletConfig(), Cast.of("stub"), (1,), 5, keep=Keep.frames())
    with (
        Stage(job, engines=lambda config, seeds, threads: BanditTown(seeds)) as stage,
        pytest.raises(ContractError, match="only towns have frames, found a BanditTown"),
    ):
        perform(stage)
