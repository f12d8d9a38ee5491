"""On Ray: the same bytes with one worker, two, two of which one is killed, and two nodes of which one goes."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from townlet.config.execution import ExecutionConfig
from townlet.errors import ConfigError
from townlet.evaluation import evaluate
from townlet.executors import open_executor, record
from townlet.executors.connecting import need_ray
from townlet.play import Cast, Keep, MindSpec, Outcome, play

psutil = pytest.importorskip("psutil")

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs Ray, the extra townlet-core[ray]"),
    pytest.mark.ray,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]


def actors():
    """The processes of the workers that there are now, of this Ray and not of another one on the machine."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):  # one that ended meanwhile
            if "".join(process.cmdline()[:1]).startswith("ray::RayWorker"):
                found.append(process.pid)
    return found


def on_ray(workers, **settings):
    return open_executor(ExecutionConfig(executor="ray", workers=workers, **settings), say=lambda _: None)


@pytest.fixture(scope="module")
def executor():
    with on_ray(2) as opened:
        yield opened
    assert not need_ray().is_initialized()


def test_one_worker_two_and_two_of_which_one_is_killed_write_the_same_bytes(
    executor, job, kept, bytes_of, tmp_path, assassin
):
    play(kept(job, tmp_path / "whole"))
    with on_ray(1) as single:  # in the Ray that is there
        record(single, kept(job, tmp_path / "one"), towns=3)
    record(executor, kept(job, tmp_path / "two"), towns=2)
    told = assassin(actors)
    record(executor, kept(replace(job), tmp_path / "killed"), towns=1, watch=told)
    assert told.killed
    assert told.last.lost == 1
    for name in ("one", "two", "killed"):
        assert bytes_of(tmp_path / name) == bytes_of(tmp_path / "whole"), name


def test_an_evaluation_is_the_same_there(executor, hamlet):
    here = evaluate(hamlet, "scripted", seeds=range(4), days=0.2)
    there = evaluate(hamlet, "scripted", seeds=range(4), days=0.2, executor=executor)
    assert there.model_dump(exclude={"timing"}) == here.model_dump(exclude={"timing"})


def test_frames_taken_there_are_those_taken_here(executor, job):
    watched = replace(job, keep=Keep.frames(every=7, between=(10, 150)))
    here = play(watched).frames
    there = Outcome.join(watched, list(executor.map(watched.split(3)))).frames
    assert here.ticks.tolist() == list(range(14, 151, 7))
    assert len({here["x"][t].tobytes() for t in range(len(here))}) > 1, "somebody moved meanwhile"
    assert there.ticks.tobytes() == here.ticks.tobytes()
    assert list(there.columns) == list(here.columns)
    for name, column in here.columns.items():
        found = there.columns[name]
        assert (found.dtype, found.shape, found.tobytes()) == (column.dtype, column.shape, column.tobytes()), name
    assert replace(there, ticks=here.ticks, columns=here.columns) == here, "names of agents, actions and places"


def test_what_a_worker_refuses_is_raised_here(executor, job):
    wrong = replace(job, cast=Cast.of(MindSpec(requested="scripted", backend="scripted", options={"eat": 3})))
    with pytest.raises(ConfigError, match="eat"):
        list(executor.map([wrong]))
    assert len(list(executor.map([job]))) == 1


def test_a_cluster_that_exists_is_asked_for_its_workers_and_survives_us(executor):
    assert executor.workers == 2
    with on_ray(None) as other:
        assert other.workers == 2
    assert need_ray().is_initialized()


TWO_NODES = """
import json, sys, warnings
warnings.simplefilter("ignore")
from pathlib import Path
from ray.cluster_utils import Cluster
from townlet.config import load_config
from townlet.config.execution import ExecutionConfig
from townlet.executors import open_executor, record
from townlet.play import Cast, Job, Keep

def main(folder):
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    second = cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    removed = []

    def watch(headway):
        if not removed and headway.pieces >= 1 and sum(w.doing.startswith("piece") for w in headway.workers) == 2:
            removed.append(headway.pieces)
            cluster.remove_node(second, allow_graceful=False)

    job = Job(load_config(None, ["town.map=hamlet"]), Cast.of("scripted"), tuple(range(8)), 2000, explore=True,
              keep=Keep.dataset(folder))
    execution = ExecutionConfig(executor="ray", address=cluster.address, workers=2, start_seconds=900)
    said = []
    with open_executor(execution, say=said.append) as executor:
        outcome = record(executor, job, towns=1, watch=watch)
    print(json.dumps({"removed": removed, "said": said, "digest": outcome.dataset_digest}))
    cluster.shutdown()

if __name__ == "__main__":
    main(sys.argv[1])
"""


def test_a_node_that_goes_costs_a_piece_and_never_the_run(job, kept, bytes_of, tmp_path):
    script = tmp_path / "two_nodes.py"
    script.write_text(TWO_NODES)
    words = [sys.executable, str(script), str(tmp_path / "there")]
    patient = {**os.environ, "RAY_worker_niceness": "0"}  # else its workers give way to every other test
    found = subprocess.run(words, capture_output=True, text=True, timeout=1200, check=False, env=patient)
    assert found.returncode == 0, found.stderr[-3000:]
    assert '"removed": [1' in found.stdout or '"removed": [2' in found.stdout or '"removed": [3' in found.stdout
    assert "was lost" in found.stdout
    whole = replace(job, cast=Cast.of("scripted"), seeds=tuple(range(8)), ticks=2000)
    play(kept(whole, tmp_path / "whole"))
    assert bytes_of(tmp_path / "there") == bytes_of(tmp_path / "whole")


def test_the_command_interrupted_leaves_nothing_running(tmp_path, all_gone):
    words = ["rollout", "--set", "town.map=hamlet", "--executor", "ray", "--workers", "2", "--days", "500"]
    command = [sys.executable, "-m", "townlet", *words, "--out", str(tmp_path / "a"), "--runs", str(tmp_path / "runs")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as townlet:
        assert townlet.stderr is not None
        for line in townlet.stderr:  # a line every ten seconds once there is headway
            if "pieces" in line:
                break
        pids = [child.pid for child in psutil.Process(townlet.pid).children(recursive=True)]
        os.killpg(townlet.pid, signal.SIGINT)  # as a terminal does: to every process of the group
        rest = townlet.stderr.read()
        assert townlet.wait(120) == 130, rest
    assert all_gone(pids)
    assert not (tmp_path / "a").exists()
    assert "Traceback" not in rest


def test_a_ray_that_ends_in_the_middle_is_an_error_and_no_endless_wait(tmp_path, all_gone):
    words = ["rollout", "--set", "town.map=hamlet", "--executor", "ray", "--workers", "1", "--days", "500"]
    command = [sys.executable, "-m", "townlet", *words, "--out", str(tmp_path / "a"), "--runs", str(tmp_path / "runs")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as townlet:
        assert townlet.stderr is not None
        for line in townlet.stderr:
            if "pieces" in line:
                break
        children = psutil.Process(townlet.pid).children(recursive=True)
        (heart,) = [child for child in children if child.name() == "raylet"]
        heart.terminate()  # killed, it would be missed only after the minute and a half that a busy machine is given
        rest = townlet.stderr.read()
        assert townlet.wait(120) == 3, rest
    assert "Ray has ended on this machine in the middle of the work" in rest
    assert all_gone([child.pid for child in children])
