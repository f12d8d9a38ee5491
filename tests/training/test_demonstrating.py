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


class Chancy:
    """The teacher, noting whether it was told to draw; where it is, it waits."""

    def __init__(self, policy, told: list[bool]) -> None:
        self._policy = policy
        self._told = told

    def __getattr__(self, name):
        return getattr(self._policy, name)

    def decide(self, observations, state, *, explore=False):
        self._told.append(explore)
        decision = self._policy.decide(observations, state, explore=explore)
        return replace(decision, actions=np.zeros_like(decision.actions)) if explore else decision


def test_a_teacher_never_draws_what_it_teaches(services, learner, tmp_path, monkeypatch) -> None:
    from townlet.training.demonstrations.cast_lesson import CastLesson

    of, told = CastLesson.of, []

    def chancy(cast, teacher, taught_by, **kwargs):
        return of(cast, teacher, replace(taught_by, policy=Chancy(taught_by.policy, told)), **kwargs)

    monkeypatch.setattr(CastLesson, "of", chancy)
    folder = services.rollout.demonstrate(tmp_path / "mixed", learner=learner.policy, teacher_ratio=0.5)
    assert labels_right(folder) == 1.0
    assert told
    assert not any(told)


@pytest.mark.parametrize("greedy", [False, True], ids=["drawing", "greedily"])
def test_a_learner_leads_as_the_config_says(services_of, toy_config, learner, tmp_path, greedy) -> None:
    demonstrations = toy_config.training.demonstrations.model_copy(update={"greedy": greedy})
    training = toy_config.training.model_copy(update={"demonstrations": demonstrations})
    services = services_of(toy_config.model_copy(update={"training": training}))
    told: list[bool] = []
    services.rollout.demonstrate(tmp_path / "led", learner=Chancy(learner.policy, told), teacher_ratio=0.0)
    assert set(told) == {not greedy}


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


# -- the learner plays a part of a cast


ALWAYS_ONE = 1


@pytest.fixture
def two_minds(toy, toy_config, monkeypatch):
    """The learner plays alice; bob is played by a mind that always says the same, which the teacher never imitates."""
    from townlet.minds import Part
    from townlet.play import Admission
    from townlet.plugins.provenance import Provenance

    class Parrot(toy.ToyPolicy):
        def __init__(self) -> None:
            weights = np.zeros((toy.CHOICES, toy.CHOICES + 1), np.float32)
            weights[:, ALWAYS_ONE] = 10.0
            super().__init__(weights)
            self.closed = 0

        def close(self) -> None:
            self.closed += 1

    parrot = Parrot()
    opened = Admission.open

    def open_parrot(self, mind, spec, **rest):
        if mind.backend == "parrot":
            return Part(parrot, Provenance(requested="parrot", active="parrot"))
        return opened(self, mind, spec, **rest)

    monkeypatch.setattr(Admission, "open", open_parrot)
    cast = [{"who": "alice", "mind": "learner"}, {"who": "*", "mind": "parrot"}]
    document = toy_config.model_dump(mode="json")
    document["policy"]["cast"] = cast
    config = type(toy_config).model_validate(document)
    return config, parrot


def without_exploration(config):
    demonstrations = config.training.demonstrations.model_copy(update={"exploration": 0.0})
    return config.model_copy(update={"training": config.training.model_copy(update={"demonstrations": demonstrations})})


def test_the_teacher_plays_the_learner_s_part_of_a_cast(services_of, two_minds, tmp_path) -> None:
    config, parrot = two_minds
    folder = services_of(without_exploration(config)).rollout.demonstrate(tmp_path / "teacher")
    manifest = open_dataset(folder).manifest
    assert [(mind["who"], mind["active"]) for mind in manifest.policy["minds"]] == [
        ("alice", "toy-teacher"),
        ("*", "parrot"),
    ]
    assert manifest.teachers == (0,)
    assert manifest.teaching_rows().tolist() == [True, False] * 4
    block = open_dataset(folder).read(0, 64)
    right = block.features.argmax(axis=-1) + 1
    assert (block.actions == right)[:, ::2].all(), "alice by the teacher"
    assert (block.actions == ALWAYS_ONE)[:, 1::2].all(), "bob by the other mind, as it acted"
    assert parrot.closed == 1


@pytest.mark.parametrize("mixed", [False, True])
def test_rows_of_the_learner_alone_teach_it(services_of, two_minds, learner, tmp_path, mixed) -> None:
    config, _ = two_minds
    services = services_of(config)
    own = {"learner": learner.policy, "teacher_ratio": 0.25} if mixed else {}
    folder = services.rollout.demonstrate(tmp_path / "teacher", **own)
    dataset = open_dataset(folder)
    source = services.replay.demonstrations([folder], services.rollout.spec)
    assert source.size("train") + source.size("validation") == 4 * 64, "half of the rows"
    seen = 0
    for part in ("train", "validation"):
        counts = np.zeros(dataset.spec.action_count, np.int64)
        for batch in source.batches(part, 50, seed=1):
            right = batch.observations.features.argmax(axis=-1) + 1
            np.testing.assert_array_equal(batch.actions, right, err_msg="labelled by the teacher, whoever acted")
            counts += np.bincount(batch.actions, minlength=len(counts))
            seen += len(batch.actions)
        np.testing.assert_array_equal(counts, source.action_counts(part))
    assert seen == 4 * 64
    pieces = list(source.sequences("train", 8, 64, seed=1)) + list(source.sequences("validation", 8, 64, seed=1))
    assert sum(int(piece.counts.sum()) for piece in pieces) == 4 * 64
    block = dataset.read(0, 64)
    assert (block.actions == ALWAYS_ONE)[:, 1::2].all(), "nobody relabels the other mind"
    assert dataset.metrics["reward_mean"] < 0.95, "the other mind was in the town"


def test_a_clone_in_a_cast_becomes_its_teacher_and_not_its_neighbour(
    services_of, two_minds, learner, toy, tmp_path
) -> None:
    from townlet.training.run.run import Run
    from townlet.training.strategies.anneal import run_anneal

    config, _ = two_minds
    stages = [
        {"cycle": 0, "mode": "bc", "epochs": 4, "teacher_ratio": 1.0},
        {"cycle": 0, "mode": "bc", "epochs": 4, "teacher_ratio": 0.5},
    ]
    document = config.model_dump(mode="json")
    document["training"]["anneal"]["stages"] = stages
    config = type(config).model_validate(document)
    with Run.begin(config, "anneal", out=tmp_path / "run", services=services_of(config)) as run:
        summary = run_anneal(run)
    assert [stage.bc.metrics.accuracy for stage in summary.stages] == [1.0, 1.0]
    np.testing.assert_array_equal(learner.policy.weights.argmax(axis=1), np.arange(toy.CHOICES) + 1)
    second = open_dataset(tmp_path / "run/demonstrations/stage-001")
    assert second.manifest.teachers == (0,)
    assert "relabelled" in second.manifest.tags


def test_chosen_lives_are_those_that_demonstrate(services_of, two_minds, tmp_path) -> None:
    from townlet.data.episodes import index_episodes
    from townlet.data.subsets import write_episodes

    config, _ = two_minds
    dataset = open_dataset(services_of(config).rollout.demonstrate(tmp_path / "teacher"))
    kept = write_episodes(dataset, tmp_path / "lives", index_episodes(dataset), "all of them")
    assert kept.transitions == 4 * 64
    assert kept.teachers == (0,)
    assert set(kept.players) == {(0,)}


def test_a_stub_beside_the_teacher_is_no_fault_of_the_demonstrations(services_of, toy_config, tmp_path) -> None:
    document = toy_config.model_dump(mode="json")
    document["policy"]["cast"] = [{"who": "bob", "mind": "stub"}, {"who": "*", "mind": "learner"}]
    services = services_of(type(toy_config).model_validate(document))
    folder = services.rollout.demonstrate(tmp_path / "teacher")
    assert open_dataset(folder).manifest.is_stub
    assert services.replay.demonstrations([folder], services.rollout.spec).size("train") > 0
