"""Recording a teacher: what is kept is what it would have done, whoever decided what was done."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from townlet.api import Feature
from townlet.data import open_dataset
from townlet.errors import DatasetError


def labels_right(folder) -> float:
    """Share of recorded actions that are the toy teacher's."""
    block = open_dataset(folder).read(0, open_dataset(folder).ticks)
    return float((block.actions == block.features.argmax(axis=-1) + 1)[block.active].mean())


def rewards_of(folder) -> float:
    return open_dataset(folder).metrics["reward_mean"]


def test_the_teacher_alone(services_of, toy_config, tmp_path) -> None:
    demonstrations = toy_config.training.demonstrations.model_copy(update={"exploration": 0.0})
    training = toy_config.training.model_copy(update={"demonstrations": demonstrations})
    services = services_of(toy_config.model_copy(update={"training": training}))
    folder = services.rollout.demonstrate(tmp_path / "teacher")
    assert labels_right(folder) == 1.0
    assert rewards_of(folder) == 1.0
    manifest = open_dataset(folder).manifest
    assert manifest.policy["active"] == "toy-teacher"
    assert "relabelled" not in manifest.tags


@pytest.mark.parametrize(("ratio", "reward"), [(0.5, 0.6), (0.0, 0.2)])
def test_where_the_learner_decides_the_teacher_still_labels(services, learner, tmp_path, ratio, reward) -> None:
    folder = services.rollout.demonstrate(tmp_path / "mixed", learner=learner.policy, teacher_ratio=ratio)
    assert labels_right(folder) == 1.0
    assert rewards_of(folder) == pytest.approx(reward, abs=0.1)
    assert "relabelled" in open_dataset(folder).manifest.tags


def test_exploration_moves_the_towns_but_not_the_labels(services_of, toy_config, tmp_path) -> None:
    demonstrations = toy_config.training.demonstrations.model_copy(update={"exploration": 0.5})
    training = toy_config.training.model_copy(update={"demonstrations": demonstrations})
    services = services_of(toy_config.model_copy(update={"training": training}))
    folder = services.rollout.demonstrate(tmp_path / "explored")
    assert labels_right(folder) == 1.0
    assert rewards_of(folder) == pytest.approx(0.6, abs=0.1)


def test_a_whole_recording_is_used_again(services, tmp_path) -> None:
    folder = services.rollout.demonstrate(tmp_path / "teacher")
    stamp = (folder / "manifest.json").stat().st_mtime_ns
    services.rollout.demonstrate(folder)
    assert (folder / "manifest.json").stat().st_mtime_ns == stamp


def test_other_generations_are_other_towns(services, tmp_path) -> None:
    folders = [services.rollout.demonstrate(tmp_path / str(n), generation=n) for n in range(2)]
    first, second = (open_dataset(folder).read(0, 64) for folder in folders)
    assert not np.array_equal(first.features, second.features)


def test_an_interrupted_recording_leaves_nothing(toy, services, tmp_path, monkeypatch) -> None:
    step = toy.ToyEngine.step

    def stop(self, actions, into=None):
        if self.tick == 20:
            raise KeyboardInterrupt
        return step(self, actions, into)

    monkeypatch.setattr(toy.ToyEngine, "step", stop)
    with pytest.raises(KeyboardInterrupt):
        services.rollout.demonstrate(tmp_path / "teacher")
    assert list(tmp_path.iterdir()) == []


def test_recordings_of_the_stub_are_refused(services, tmp_path) -> None:
    services.rollout.capture(tmp_path / "stub", policy="stub", ticks=30)
    with pytest.raises(DatasetError, match="stub"):
        services.replay.demonstrations([tmp_path / "stub"], services.rollout.spec)


def test_a_dataset_of_another_spec_names_the_difference(toy, services, services_of, tmp_path, monkeypatch) -> None:
    folder = services.rollout.demonstrate(tmp_path / "teacher")
    other = replace(toy.SPEC, features=(*toy.SPEC.features[:-1], Feature("renamed")))
    with pytest.raises(DatasetError, match="feature 'renamed' is missing there"):
        services.replay.demonstrations([folder], other)


def test_shuffling_keeps_to_the_memory_that_the_config_grants(services_of, toy_config, tmp_path) -> None:
    granted = []
    for memory in (16, 64):
        demonstrations = toy_config.training.demonstrations.model_copy(
            update={"memory_mib": memory, "validation": 0.25}
        )
        training = toy_config.training.model_copy(update={"demonstrations": demonstrations})
        services = services_of(toy_config.model_copy(update={"training": training}))
        folder = services.rollout.demonstrate(tmp_path / "teacher")
        source = services.replay.demonstrations([folder], services.rollout.spec)
        pools = source._pools
        granted.append(sum(pool._capacity * pool._bytes_each * 2 for pool in pools.values()) / 2**20)
    assert granted == pytest.approx([16, 64], abs=0.001)


def test_a_dataset_that_is_not_named(services) -> None:
    with pytest.raises(DatasetError, match="no recorded dataset is named") as caught:
        services.replay.open(None)
    assert "--dataset" in str(caught.value)


def test_capture_and_replay_summaries(services, toy_config, learner, tmp_path) -> None:
    captured = services.rollout.capture(tmp_path / "captured", policy="stub", ticks=50)
    assert (captured.policy, captured.worlds, captured.ticks, captured.transitions) == ("stub", 4, 50, 400)
    summary = services.replay.summarise(services.replay.build(tmp_path / "captured"))
    assert (summary.transitions, summary.batches) == (400, 1)
    assert summary.baselines["reward_mean"] == captured.reward_mean == 0.0
