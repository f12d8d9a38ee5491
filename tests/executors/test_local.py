"""In this process, in one worker, in two, and in two of which one is killed: the same bytes."""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from townlet.config.execution import ExecutionConfig
from townlet.errors import BackendError, ConfigError, DatasetError, ExecutorError, UsageError
from townlet.evaluation import Evaluation, evaluate, evaluate_all, evaluation_job
from townlet.executors import InProcess, open_executor, pieces_of, record
from townlet.play import Admission, Cast, Job, Keep, MindSpec, Outcome, play

posix = pytest.mark.skipif(sys.platform == "win32", reason="asks for processes as POSIX knows them")


def workers(count, **settings):
    return open_executor(ExecutionConfig(workers=count, **settings), say=lambda _: None)


def children():
    return [child.pid for child in multiprocessing.active_children() if child.name.startswith("townlet-")]


def test_one_worker_is_this_process():
    assert isinstance(workers(1), InProcess)
    assert isinstance(open_executor(), InProcess)


def test_another_executor_is_refused_by_name():
    with pytest.raises(ExecutorError, match="there is no executor 'rai'") as caught:
        open_executor(ExecutionConfig(executor="rai"))
    assert caught.value.details[0] == "did you mean 'ray'?"
    assert caught.value.exit_code == 3


def test_only_ray_has_an_address():
    with pytest.raises(ExecutorError, match="only the executor 'ray' has an address"):
        open_executor(ExecutionConfig(address="10.0.0.1:6379"))


def test_pieces_are_at_least_one_a_worker(job):
    assert [len(piece.seeds) for piece in pieces_of(job, workers=2)] == [3, 3]
    assert [len(piece.seeds) for piece in pieces_of(job, workers=2, towns=2)] == [2, 2, 2]
    assert [len(piece.seeds) for piece in pieces_of(job, workers=50, towns=4)] == [1] * 6
    with pytest.raises(UsageError):
        pieces_of(job, workers=1, towns=0)


def test_here_a_recording_in_pieces_is_the_whole_one(job, kept, bytes_of, tmp_path):
    play(kept(job, tmp_path / "whole"))
    told = []
    with InProcess() as executor:
        outcome = record(executor, kept(job, tmp_path / "joined"), towns=2, watch=told.append)
    assert bytes_of(tmp_path / "joined") == bytes_of(tmp_path / "whole")
    assert outcome.dataset == tmp_path / "joined"
    assert [path.name for path in tmp_path.iterdir()] == ["whole", "joined"]
    assert (told[-1].done, told[-1].pieces, told[-1].of) == (1200, 3, 3)


def test_a_recording_that_was_stopped_goes_on(job, kept, bytes_of, tmp_path):
    play(kept(job, tmp_path / "whole"))
    wanted = kept(job, tmp_path / "joined")

    def stop(headway):
        if headway.pieces == 2:
            raise KeyboardInterrupt

    with InProcess() as executor, pytest.raises(KeyboardInterrupt) as caught:
        record(executor, wanted, towns=1, watch=stop)
    assert any("of 6 pieces are kept; run the same command again" in note for note in caught.value.__notes__)
    said, told = [], []
    with InProcess() as executor:
        record(executor, wanted, towns=3, watch=told.append, say=said.append)
    assert len(said) == 1
    assert told[0].of == 6  # cut as it was
    assert bytes_of(tmp_path / "joined") == bytes_of(tmp_path / "whole")


def test_pieces_of_another_recording_are_refused(job, kept, tmp_path):
    def stop(_):
        raise KeyboardInterrupt

    with InProcess() as executor:
        with pytest.raises(KeyboardInterrupt):
            record(executor, kept(job, tmp_path / "a"), towns=1, watch=lambda h: stop(h) if h.pieces == 2 else None)
        with pytest.raises(DatasetError, match="pieces of another recording"):
            record(executor, kept(replace(job, ticks=50), tmp_path / "a"))


def test_nothing_is_overwritten_and_nothing_is_left(job, kept, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "mine").touch()
    with InProcess() as executor:
        with pytest.raises(DatasetError, match="nothing is overwritten"):
            record(executor, kept(job, tmp_path / "a"))
        with pytest.raises(UsageError):
            record(executor, job)
        with pytest.raises(ConfigError):
            record(executor, kept(replace(job, cast=Cast.of("scriptd")), tmp_path / "b"))
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_no_stub_stands_in(job):
    missing = replace(job, cast=Cast.of(MindSpec(requested="jax", backend="nowhere-to-be-found")))
    with InProcess() as executor, pytest.raises(BackendError):
        list(executor.map([missing], admission=Admission(on_missing="stub")))


def test_an_evaluation_does_not_depend_on_where_it_is_played(hamlet):
    config = hamlet.model_copy(update={"evaluation": hamlet.evaluation.model_copy(update={"worlds": 2})})
    here = evaluate(config, "scripted", seeds=range(5), days=0.2)
    with InProcess() as executor:
        there = evaluate(config, "scripted", seeds=range(5), days=0.2, executor=executor)
    assert there.model_dump(exclude={"timing"}) == here.model_dump(exclude={"timing"})


def test_where_it_runs_is_no_part_of_a_config(hamlet):
    moved = hamlet.model_copy(update={"execution": ExecutionConfig(executor="ray", workers=5)})
    assert moved.config_id == hamlet.config_id
    assert "execution" not in moved.model_dump()


@posix
@pytest.mark.slow
def test_two_workers_and_two_of_which_one_is_killed_write_the_same_bytes(job, kept, bytes_of, tmp_path, assassin):
    play(kept(job, tmp_path / "whole"))
    told = assassin(children)
    long = replace(job, ticks=200)
    with workers(2) as executor:
        record(executor, kept(long, tmp_path / "two"), towns=1)
        record(executor, kept(long, tmp_path / "killed"), towns=1, watch=told)
        assert told.last is not None
        assert told.killed
        assert told.last.lost == 1
        pids = children()
        assert len(pids) == 2
    assert bytes_of(tmp_path / "two") == bytes_of(tmp_path / "whole")
    assert bytes_of(tmp_path / "killed") == bytes_of(tmp_path / "whole")
    assert children() == []
    assert not list(Path(tempfile.gettempdir()).glob(f"townlet-worker-*/{told.killed}"))


@posix
@pytest.mark.slow
def test_workers_evaluate_several_minds_side_by_side(hamlet):
    seeds = range(4)
    jobs = [evaluation_job(hamlet, name, seeds=seeds, days=0.2) for name in ("scripted", "stub", "scripted")]
    here = [evaluate(hamlet, name, seeds=seeds, days=0.2) for name in ("scripted", "stub", "scripted")]
    told = []
    with workers(2) as executor:
        there = list(evaluate_all([Evaluation(job) for job in jobs], executor, progress=told.append))
    assert [one.model_dump(exclude={"timing"}) for one in there] == [one.model_dump(exclude={"timing"}) for one in here]
    assert told[-1].done == told[-1].total == 3 * 4 * jobs[0].ticks


@posix
@pytest.mark.slow
def test_frames_come_home_from_workers(hamlet):
    job = Job(hamlet, Cast.of("scripted"), (7, 8), 40, keep=Keep.frames(every=10))
    with workers(2) as executor:
        found = Outcome.join(job, list(executor.map(job.split(2)))).frames
    here = play(job).frames
    assert found.ticks.tolist() == [0, 10, 20, 30, 40]
    for name, column in here.columns.items():
        np.testing.assert_array_equal(found[name], column, err_msg=name)


@posix
@pytest.mark.slow
def test_ctrl_c_leaves_no_worker_behind(job, interrupt_soon, all_gone):
    pids = []
    long = replace(job, ticks=200_000)
    interrupt_soon(8.0)
    with workers(2) as executor, pytest.raises(KeyboardInterrupt):
        list(executor.map(long.split(2), watch=lambda _: pids.extend(children())))
    assert pids
    assert all_gone(list(set(pids)))


@posix
@pytest.mark.slow
def test_what_a_worker_refuses_is_raised_here(job, kept, tmp_path):
    wrong = replace(job, cast=Cast.of(MindSpec(requested="scripted", backend="scripted", options={"eat": 3})))
    with workers(2) as executor:
        with pytest.raises(ConfigError) as caught:
            list(executor.map([kept(wrong, tmp_path / "a"), job]))
        assert "eat" in str(caught.value)
        assert len(list(executor.map([job]))) == 1  # and goes on
    assert list(tmp_path.iterdir()) == []
