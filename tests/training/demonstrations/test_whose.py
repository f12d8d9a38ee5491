"""A recording of several minds teaches what the teacher did in it, and nothing else."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from townlet.config import load_config
from townlet.config.training import DemonstrationsConfig
from townlet.data import open_dataset
from townlet.data.episodes import index_episodes
from townlet.data.subsets import write_episodes
from townlet.errors import DatasetError
from townlet.play import Cast, Job, Keep, MindSpec, Role, play
from townlet.training.demonstrations.whose import whose_rows_teach
from townlet.training.services.replay import ReplayDatasetService

TICKS = 60


@pytest.fixture(scope="module")
def hamlet():
    """Four live there: alice first."""
    return load_config(None, ["town.map=hamlet", "training.demonstrations.validation=0.3"])


@pytest.fixture(scope="module")
def recorded(hamlet, tmp_path_factory):
    """``recorded(alice=..., rest=...)``: three towns, a mind and its options for alice and for the rest."""

    def record(alice, rest):
        folder = tmp_path_factory.mktemp("cast") / "dataset"
        roles = [
            Role(who, MindSpec(requested=name, backend=name, options=options))
            for who, (name, options) in (("alice", alice), ("*", rest))
        ]
        return open_dataset(play(Job(hamlet, Cast(tuple(roles)), (1, 2, 3), TICKS, keep=Keep.dataset(folder))).dataset)

    return record


@pytest.fixture(scope="module")
def beside_the_stub(recorded):
    return recorded(("scripted", {}), ("stub", {}))


@pytest.fixture(scope="module")
def two_characters(recorded):
    return recorded(("scripted", {}), ("scripted", {"preset": "loner"}))


def source_of(hamlet, dataset, **wanted):
    demonstrations = hamlet.training.demonstrations.model_copy(update=wanted)
    training = hamlet.training.model_copy(update={"demonstrations": demonstrations})
    service = ReplayDatasetService(hamlet.model_copy(update={"training": training}))
    return service.demonstrations([dataset.path], dataset.spec)


def learned(source):
    """The features of all that is learned from, in the order of their bytes."""
    rows = [b.observations.features for part in ("train", "validation") for b in source.batches(part, 64)]
    return np.array(sorted(np.concatenate(rows).tolist()))


def rows_of(dataset, slots):
    """The same of some slots of each town, from the recording itself."""
    block = dataset.read(0, dataset.ticks)
    mine = np.isin(np.arange(dataset.rows) % dataset.manifest.agents, slots) & block.active
    return np.array(sorted(block.features[mine].tolist()))


def test_rows_of_the_teacher_teach_and_a_stub_beside_it_does_not(hamlet, beside_the_stub):
    np.testing.assert_array_equal(learned(source_of(hamlet, beside_the_stub)), rows_of(beside_the_stub, [0]))


def test_lives_that_were_chosen_remember_who_lived_them(hamlet, beside_the_stub, tmp_path):
    write_episodes(beside_the_stub, tmp_path / "lives", index_episodes(beside_the_stub), "all of them")
    lives = open_dataset(tmp_path / "lives")
    assert lives.manifest.transitions == beside_the_stub.manifest.transitions
    np.testing.assert_array_equal(learned(source_of(hamlet, lives)), rows_of(beside_the_stub, [0]))


def test_where_nobody_of_that_name_played_it_says_who_did(hamlet, beside_the_stub):
    with pytest.raises(DatasetError, match="nobody in this recording was played by 'pytorch'") as caught:
        source_of(hamlet, beside_the_stub, teacher="pytorch")
    assert "alice by scripted, the rest by stub" in caught.value.details[0]
    assert "training.demonstrations.teacher=scripted" in caught.value.details[1]


def test_a_teacher_that_only_waited_is_refused_as_ever(hamlet, beside_the_stub):
    with pytest.raises(DatasetError, match="recording of the stub"):
        source_of(hamlet, beside_the_stub, teacher="stub")


def test_of_two_minds_of_one_name_the_options_choose(hamlet, two_characters):
    with pytest.raises(DatasetError, match="several minds called 'scripted'") as caught:
        source_of(hamlet, two_characters)
    assert any("alice by scripted with" in line and "preset=tuned" in line for line in caught.value.details)
    loners = source_of(hamlet, two_characters, teacher_options={"preset": "loner"})
    np.testing.assert_array_equal(learned(loners), rows_of(two_characters, [1, 2, 3]))
    with pytest.raises(DatasetError, match="no mind with the teacher_options"):
        source_of(hamlet, two_characters, teacher_options={"preset": "host"})


def test_what_does_not_say_who_played_whom_is_refused(beside_the_stub):
    lost = SimpleNamespace(
        manifest=beside_the_stub.manifest.model_copy(update={"players": ()}), path=beside_the_stub.path
    )
    with pytest.raises(DatasetError, match="does not say who played whom"):
        whose_rows_teach(lost, DemonstrationsConfig())


def test_where_one_mind_played_everybody_all_rows_teach(recorded, hamlet, tmp_path):
    alone = Job(hamlet, Cast.of("scripted"), (1,), TICKS, keep=Keep.dataset(tmp_path / "alone"))
    dataset = open_dataset(play(alone).dataset)
    named = source_of(hamlet, dataset, teacher="whoever")
    np.testing.assert_array_equal(learned(named), rows_of(dataset, [0, 1, 2, 3]))
