"""A memory that is learned: a town that only memory solves, exact resume in the middle of a life, cloned lives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from townlet.api import ArrayState, BCSettings, Decision, LearnerRequest, PPOSettings
from townlet.data import DatasetOrigin, DatasetWriter, demonstrations, open_dataset
from townlet.envs import RecallTown
from townlet.errors import BackendError, ContractError, DatasetError
from townlet.minds.runtime import PolicyRuntime
from townlet.rollout import Collector, RolloutBuffer, SimulationLoop, TrajectoryService
from townlet_backend_pytorch.creation import create_learner
from townlet_backend_pytorch.options import PyTorchOptions
from townlet_backend_pytorch.recurrent import cut_rollout, piece_logits

pytestmark = pytest.mark.torch

SETTINGS = PPOSettings(learning_rate=5e-3, minibatches=4, epochs=4, gamma=0.9, precision="float32")


def make(town: RecallTown, memory: str = "gru", seed: int = 1, ticks: int = 16):
    options = PyTorchOptions(
        hidden=(32, 32), value_hidden=32, memory=memory, memory_width=16, memory_ticks=ticks, device="cpu",
        precision="float32",
    )  # fmt: skip
    return create_learner(LearnerRequest(backend="pytorch", spec=town.spec, options=options, seed=seed))


def collector(town: RecallTown, learner, ticks: int) -> tuple[Collector, RolloutBuffer, PolicyRuntime]:
    buffer, runtime = RolloutBuffer(town.spec, ticks, town.rows), PolicyRuntime(learner.policy, town.spec)
    return Collector(town, runtime, buffer), buffer, runtime


def practise(town: RecallTown, learner, updates: int) -> float:
    """Reward per life of the last of so many rollouts, each learned from."""
    gather, buffer, _ = collector(town, learner, 21)
    earned = 0.0
    for update in range(updates):
        gather.collect()
        batch = buffer.batch()
        earned = float(batch.rewards.sum() / batch.terminated.sum())
        learner.update(batch, SETTINGS.model_copy(update={"seed": update}))
    return earned


def test_a_town_that_needs_memory_is_solved_with_one_and_not_without() -> None:
    assert practise(RecallTown(range(16)), make(RecallTown([0])), 14) > 0.9
    assert practise(RecallTown(range(16)), make(RecallTown([0]), "none"), 14) < 0.5


@pytest.mark.parametrize("length", [2, 5, 9, 64])
def test_pieces_say_of_each_decision_what_the_policy_said_when_it_took_it(length: int) -> None:
    town = RecallTown([1, 2, 3])
    learner = make(town)
    gather, buffer, _ = collector(town, learner, 9)
    for _ in range(2):  # the second rollout begins in the middle of lives
        gather.collect()
    batch = buffer.batch()
    assert not batch.episode_start[0].all()
    assert batch.state["memory"].any()
    experience, pieces = cut_rollout(learner.network, batch, town.spec, SETTINGS, torch.device("cpu"), length)
    with torch.no_grad():
        logits, values, places = piece_logits(learner.network, pieces)
    assert sorted(places.tolist()) == list(range(len(experience.actions)))
    log_probs = torch.log_softmax(logits.masked_fill(~experience.mask[places], -1e9), 1)
    said = log_probs.gather(1, experience.actions[places].unsqueeze(1)).squeeze(1)
    np.testing.assert_allclose(said, experience.log_probs[places], atol=1e-5)
    np.testing.assert_allclose(values, experience.values[places], atol=1e-5)


def test_a_run_resumed_in_the_middle_of_a_life_goes_on_exactly(tmp_path: Path) -> None:
    def learn(learner, buffer, seed: int) -> None:
        learner.update(buffer.batch(), SETTINGS.model_copy(update={"seed": seed}))

    town = RecallTown([1, 2, 3, 4])
    learner = make(town)
    gather, buffer, runtime = collector(town, learner, 9)
    gather.collect()
    learn(learner, buffer, 0)
    for folder in ("towns", "learner"):
        (tmp_path / folder).mkdir()
    town.save(tmp_path / "towns")
    learner.save(tmp_path / "learner")
    held = {name: array.copy() for name, array in runtime.state_arrays().items()}
    assert held["memory"].any()
    for seed in (1, 2):
        gather.collect()
        learn(learner, buffer, seed)

    fresh = RecallTown([9, 9, 9, 9])
    again = make(fresh, seed=7)
    fresh.load(tmp_path / "towns")
    again.load(tmp_path / "learner")
    gather, buffer, runtime = collector(fresh, again, 9)
    runtime.restore(fresh.agents, fresh.policy_seeds(), held)
    for seed in (1, 2):
        gather.collect()
        learn(again, buffer, seed)
    assert again.policy.fingerprint() == learner.policy.fingerprint()
    for name, array in runtime.state_arrays().items():
        assert array.any(), name


def test_the_critic_s_warm_up_leaves_policy_and_memory_alone() -> None:
    town = RecallTown([1, 2])
    learner = make(town)
    gather, buffer, _ = collector(town, learner, 12)
    gather.collect()
    before = {name: tensor.clone() for name, tensor in learner.network.state_dict().items()}
    learner.update(buffer.batch(), SETTINGS.model_copy(update={"train_policy": False}))
    moved = {name for name, tensor in learner.network.state_dict().items() if not torch.equal(tensor, before[name])}
    assert moved
    assert all(name.startswith(("critic_trunk", "value_")) for name in moved)
    assert all(parameter.requires_grad for parameter in learner.network.parameters())


def test_who_is_not_asked_keeps_its_memory() -> None:
    town = RecallTown([1])
    policy = make(town).policy
    state = policy.initial_state(4, 0)
    state = policy.decide(town.observe(), state).state
    seen = town.observe()
    seen.episode_start[:] = False
    asked = np.array([True, False, True, False])
    after = policy.decide(replace(seen, asked=asked), state).state.arrays()["memory"]
    before = state.arrays()["memory"]
    assert np.array_equal(after[~asked], before[~asked])
    assert not np.array_equal(after[asked], before[asked])


def test_values_are_those_of_the_next_decision_and_move_nothing() -> None:
    town = RecallTown([1])
    policy = make(town).policy
    state = policy.decide(town.observe(), policy.initial_state(4, 0)).state
    seen = town.step(np.zeros(4, np.int64)).observations
    held = state.arrays()["memory"].copy()
    assert np.array_equal(policy.values(seen, state), policy.decide(seen, state).values)
    assert np.array_equal(state.arrays()["memory"], held)


def test_a_state_of_another_network_is_refused() -> None:
    town = RecallTown([1])
    learner = make(town)
    gather, buffer, _ = collector(town, learner, 9)
    gather.collect()
    batch = buffer.batch()
    with pytest.raises(ContractError, match="not one of this network's"):
        learner.update(replace(batch, state={"memory": np.zeros((batch.rows, 3), np.float32)}), SETTINGS)
    learner.update(replace(batch, state=None), SETTINGS)  # a recording: memory begins with zeros


class Rememberer:
    """The teacher: notes the sign, and takes its door."""

    def initial_state(self, rows, seed):
        return ArrayState({"sign": np.zeros(rows, np.int64)})

    def decide(self, observations, state, *, explore=False):
        shown = observations.features[:, :3]
        sign = np.where(shown.any(axis=1), shown.argmax(axis=1), state.arrays()["sign"])
        actions = np.where(observations.action_mask[:, 1], sign + 1, 0)
        return Decision(actions, ArrayState({"sign": sign}))

    def fingerprint(self):
        return "rememberer"

    def close(self):
        pass


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory):
    """Demonstrations of the teacher."""
    folder, town = tmp_path_factory.mktemp("lives") / "recording", RecallTown(range(20, 36))
    origin = DatasetOrigin(
        config={}, config_id="recall", policy={"active": "rememberer"}, seeds=town.seeds, agents=town.agents,
        agent_names=town.agent_names, reward_parts=town.reward_part_names,
    )  # fmt: skip
    with DatasetWriter(folder, spec=town.spec, origin=origin) as writer:
        recorder = TrajectoryService(writer, town.spec, town.rows, reward_parts=1)
        SimulationLoop(town, PolicyRuntime(Rememberer(), town.spec), recorder=recorder).run(140)
        recorder.flush()
        writer.close({})
    return demonstrations(open_dataset(folder), 0.2, 0)


@pytest.mark.parametrize(("memory", "least", "most"), [("gru", 0.9, 1.0), ("none", 0.0, 0.5)])
def test_cloning_a_teacher_that_remembers(lives, memory: str, least: float, most: float) -> None:
    learner = make(RecallTown([0]), memory)
    settings = BCSettings(epochs=12, batch_size=256, learning_rate=1e-2, patience=12, class_balance=0.0)
    metrics = learner.clone_behaviour(lives, settings, lambda report: None)
    counts = lives.action_counts("validation")
    waits = counts[0] / counts.sum()
    doors = (metrics.accuracy - waits) / (1 - waits)  # a piece that begins between sign and door says nothing of it
    assert least <= doors <= most, (metrics.accuracy, waits)


def test_single_ticks_do_not_teach_a_memory(lives) -> None:
    class Ticks:
        spec, size, action_counts, batches = lives.spec, lives.size, lives.action_counts, lives.batches

    with pytest.raises(DatasetError, match="pieces of lives"):
        make(RecallTown([0])).clone_behaviour(Ticks(), BCSettings(), lambda report: None)


def test_a_network_with_memory_is_not_exported(tmp_path: Path) -> None:
    from townlet.api import ExportRequest
    from townlet_backend_pytorch.creation import export_checkpoint

    town = RecallTown([0])
    make(town).save(tmp_path)
    request = ExportRequest(
        backend="pytorch", spec=town.spec, checkpoint=tmp_path, format="onnx", target=tmp_path / "policy.onnx"
    )
    with pytest.raises(BackendError, match="memory"):
        export_checkpoint(request)
    assert not (tmp_path / "policy.onnx").exists()
