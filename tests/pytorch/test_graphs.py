"""Decisions that are recorded once and replayed. A stand-in for a CUDA graph does on the CPU what one does: it keeps
memory of its own for what goes in and what comes out, and writes over both each time."""

from __future__ import annotations

import pytest
import torch

from townlet.config import load_config
from townlet.errors import BackendError
from townlet.training import Run, TrainingServices, train
from townlet_backend_pytorch import creation, resident
from townlet_backend_pytorch.graphs import Replayed, refuse_graphs

pytestmark = pytest.mark.torch

CPU, CUDA = torch.device("cpu"), torch.device("cuda:0")


class StandIn:
    """A recording on the CPU; ``made`` are all of them."""

    made: list[StandIn]

    def __init__(self, work, arrays) -> None:
        self.work, self.replays = work, 0
        self.inputs = [array.clone() for array in arrays]
        self.answers = tuple(answer.clone() for answer in work(*self.inputs))
        self.made.append(self)

    def __call__(self, *arrays):
        self.replays += 1
        for held, new in zip(self.inputs, arrays, strict=True):
            held.copy_(new)
        for answer, new in zip(self.answers, self.work(*self.inputs), strict=True):
            answer.copy_(new)
        return self.answers


@pytest.fixture(autouse=True)
def stand_ins(monkeypatch):
    """Recordings are stand-ins, which nobody refuses on the CPU."""
    StandIn.made = []
    monkeypatch.setattr(resident, "record_on_cuda", StandIn)
    return StandIn.made


def config_of(graphs: bool, *more: str):
    options = f"{{hidden: [32, 32], map_width: 16, value_hidden: 16, threads: 1, device: cpu, graphs: {graphs}}}"
    words = (
        "town.map=hamlet",
        "training.backend=pytorch",
        "training.evaluate=false",
        "training.ppo.updates=3",
        "training.ppo.rollout={worlds: 4, groups: 4, ticks: 16, episode_ticks: 64}",
    )
    return load_config(None, [*words, f"training.options={options}", "training.options.resident=true", *more])


def taught(folder, config) -> str:
    services = TrainingServices.from_config(config, runs=folder.parent / "runs")
    with Run.begin(config, "ppo", out=folder, services=services) as run:
        return train(run).fingerprint


@pytest.mark.parametrize("more", [(), ("training.ppo.rollout.groups=3",)], ids=["halves", "halves-of-two-sizes"])
def test_what_is_replayed_learns_what_is_not(tmp_path, monkeypatch, stand_ins, more):
    monkeypatch.setattr(creation, "refuse_graphs", lambda device, resident: None)
    plain = taught(tmp_path / "plain", config_of(False, *more))
    assert not stand_ins
    assert taught(tmp_path / "replayed", config_of(True, *more)) == plain
    assert sum(each.replays for each in stand_ins) >= 3 * 16
    assert len(stand_ins) == len({each.inputs[0].shape for each in stand_ins}), "one for each number of rows"


def test_each_size_is_recorded_once_and_too_many_are_computed_as_ever(stand_ins):
    calls = []

    def doubled(x):
        calls.append(len(x))
        return (x * 2,)

    replayed = Replayed(doubled, StandIn)
    for _ in range(2):
        for rows in range(20):
            (answer,) = replayed(torch.arange(rows, dtype=torch.float32))
            assert answer.tolist() == [2.0 * number for number in range(rows)]
    assert [each.replays for each in stand_ins] == [2] * 16
    assert calls.count(19) == 2, "never recorded"


def test_the_same_shape_in_another_dtype_is_another_recording(stand_ins):
    replayed = Replayed(lambda x: (x + 1,), StandIn)
    assert [replayed(torch.ones(3, dtype=dtype))[0].dtype for dtype in (torch.int64, torch.float32)] == [
        torch.int64,
        torch.float32,
    ]
    assert len(stand_ins) == 2


@pytest.mark.parametrize(
    ("device", "resident", "found"), [(CPU, True, "learns on cpu"), (CUDA, False, "lies in main memory")]
)
def test_where_it_cannot_be_done_it_is_refused(device, resident, found):
    with pytest.raises(BackendError, match="cannot replay decisions") as caught:
        refuse_graphs(device, resident)
    assert caught.value.where == "training.options.graphs"
    assert found in str(caught.value)
    assert "leave graphs out" in str(caught.value)


def test_on_cuda_it_is_not_refused():
    refuse_graphs(CUDA, resident=True)


def test_a_training_run_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(BackendError, match="cannot replay decisions"):
        Run.begin(config_of(True), "ppo", out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
