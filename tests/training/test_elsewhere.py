"""PPO's towns on workers: the same weights, metrics and towns as here, also where a worker is killed in the middle."""

from __future__ import annotations

import importlib
import importlib.util
import json
import multiprocessing
import os
import signal
import sys
import time
from collections import Counter

import pytest

from townlet.config import load_config
from townlet.config.execution import ExecutionConfig
from townlet.executors import InProcess, clusters, open_executor
from townlet.executors.connecting import need_ray
from townlet.executors.worker import step_resident
from townlet.training import Run, TrainingServices, train
from townlet.training.experience.elsewhere import GroupOfTowns

pytestmark = [pytest.mark.torch, pytest.mark.slow]

SMALL = (
    "town.map=hamlet",
    "observation.variant=compact",
    "training.backend=pytorch",
    "training.evaluate=false",
    "training.ppo.updates=3",
    "training.ppo.rollout.worlds=4",
    "training.ppo.rollout.ticks=16",
    "training.checkpoints.every=1",
)


def taught(folder, executor=None, groups=2, more=(), **options):
    """What a run brings: weights of each checkpoint, metrics without wall times, the towns' memory."""
    config = load_config(None, [*SMALL, f"training.ppo.rollout.groups={groups}", *more])
    services = TrainingServices.from_config(config, runs=folder.parent / "runs", executor=executor)
    with Run.begin(config, "ppo", out=folder, services=services, **options) as run:
        result = train(run)
    return result.fingerprint, metrics(folder), kept(folder)


def metrics(folder):
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if "second" not in name} for line in lines]


def kept(folder):
    """Bytes of all that is kept but the towns themselves, which count the seconds they took."""
    names = ("weights.safetensors", "trainer_state.safetensors", "experience.safetensors", "experience.json")
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.name in names}


@pytest.fixture(scope="module", params=[1, 2], ids=["one-group", "two-groups"])
def here(request, tmp_path_factory):
    return request.param, taught(tmp_path_factory.mktemp("here") / "run", groups=request.param)


def test_residents_of_this_process_bring_the_same(here, tmp_path):
    groups, wanted = here
    with InProcess() as executor:
        assert taught(tmp_path / "run", executor, groups) == wanted


def test_weights_travel_without_the_optimiser(tmp_path, monkeypatch):
    """What goes to each worker before each rollout is a third of a checkpoint."""
    sent = []
    load = GroupOfTowns.step

    def noted(self, common, own):
        sent.append({name: content.size for name, content in common.files.items()})
        return load(self, common, own)

    monkeypatch.setattr(GroupOfTowns, "step", noted)
    with InProcess() as executor:
        taught(tmp_path / "run", executor, groups=1)
    assert len(sent) == 3
    assert all(list(files) == ["weights.safetensors"] for files in sent)
    latest = max((tmp_path / "run" / "checkpoints").glob("s*"))
    whole = sum(path.stat().st_size for path in latest.iterdir() if path.is_file() and path.suffix == ".safetensors")
    assert sent[-1]["weights.safetensors"] < 0.5 * whole


def test_decisions_that_span_ticks_come_home_alone(tmp_path):
    more = ("town.actions=goals",)
    wanted = taught(tmp_path / "here", more=more)
    with InProcess() as executor:
        assert taught(tmp_path / "there", executor, more=more) == wanted


def test_a_run_is_resumed_on_an_executor_as_it_would_have_gone_on(here, tmp_path):
    groups, wanted = here

    def stop(report):
        if report.step == 2:
            os.kill(os.getpid(), signal.SIGINT)

    taught(tmp_path / "run", groups=groups, watchers=(stop,))
    with InProcess() as executor:
        run = Run.resume(tmp_path / "run")
        run.close()
        services = TrainingServices.from_config(run.config, runs=tmp_path / "runs", executor=executor)
        with Run.resume(tmp_path / "run", services=services) as run:
            result = train(run)
    assert (result.fingerprint, metrics(tmp_path / "run"), kept(tmp_path / "run")) == wanted


@pytest.mark.ray
@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs Ray, the extra townlet-core[ray]")
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_two_actors_of_ray_of_which_one_is_killed_bring_the_same(here, tmp_path):
    psutil = pytest.importorskip("psutil")
    groups, wanted = here
    killed = []

    def kill(report):
        if report.step == 1 and not killed:
            of_mine = psutil.Process().children(recursive=True)
            killed.append(next(child for child in of_mine if child.cmdline()[:1] == ["ray::RayWorker"]).pid)
            os.kill(killed[0], signal.SIGKILL)

    said = []
    with open_executor(ExecutionConfig(executor="ray", workers=2), say=said.append) as executor:
        assert taught(tmp_path / "run", executor, groups, watchers=(kill,)) == wanted
    assert killed
    assert any("was lost" in line for line in said)


@pytest.fixture
def two_nodes(monkeypatch):
    """A cluster of two nodes with a CPU each, and the node that is not its head."""
    monkeypatch.setenv("RAY_worker_niceness", "0")  # else its workers give way to every other test
    cluster_of = importlib.import_module("ray.cluster_utils").Cluster
    cluster = cluster_of(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    second = cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    yield cluster, second
    cluster.shutdown()


@pytest.mark.ray
@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs Ray, the extra townlet-core[ray]")
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_node_that_goes_while_its_towns_are_played_costs_its_group_alone(two_nodes, tmp_path, monkeypatch):
    """The node of one of two groups is taken away in the second update, while it gathers."""
    more = ("training.ppo.rollout.worlds=64", "training.ppo.rollout.ticks=256")
    wanted = taught(tmp_path / "here", more=more)
    ray, (cluster, second) = need_ray(), two_nodes
    (raylet,) = (each.process.pid for each in second.all_processes["raylet"])
    send, steps, taken = clusters._Actor.send, Counter(), []

    def taking_the_node(hand, function, arguments):
        send(hand, function, arguments)
        steps[hand] += function is step_resident
        parent = hand._actor.do.remote(os.getppid)
        if function is step_resident and steps[hand] == 2 and not taken and ray.get(parent).value == raylet:
            time.sleep(0.3)
            assert ray.wait([hand.pending], timeout=0)[0] == [], "it was done before its node was taken away"
            cluster.remove_node(second, allow_graceful=False)
            taken.append(hand.name)

    monkeypatch.setattr(clusters._Actor, "send", taking_the_node)
    said = []
    execution = ExecutionConfig(executor="ray", address=cluster.address, workers=2)
    with open_executor(execution, say=said.append) as executor:
        assert taught(tmp_path / "run", executor, more=more) == wanted
    assert taken
    assert any("was lost" in line and "group" in line for line in said)


@pytest.mark.skipif(sys.platform == "win32", reason="asks for processes as POSIX knows them")
def test_two_workers_of_which_one_is_killed_bring_the_same(here, tmp_path):
    groups, wanted = here
    killed = []

    def kill(report):
        children = [child for child in multiprocessing.active_children() if child.name.startswith("townlet-")]
        if report.step == 1 and not killed:
            killed.append(children[0].pid)
            os.kill(children[0].pid, signal.SIGKILL)

    said = []
    with open_executor(ExecutionConfig(workers=2), say=said.append) as executor:
        assert taught(tmp_path / "run", executor, groups, watchers=(kill,)) == wanted
    assert killed
