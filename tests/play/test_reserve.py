"""What is held out is recognised whatever it is called, and nothing is taught there."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from townlet.api import TownFacts
from townlet.checkpoints import write_checkpoint
from townlet.config import load_config
from townlet.data import open_dataset
from townlet.errors import DatasetError, UsageError
from townlet.observations import build_spec, town_facts
from townlet.play import Cast, Job, Keep, play
from townlet.play.reserve import (
    RESERVED_MAPS,
    refuse_recorded_there,
    refuse_reserved,
    refuse_taught_there,
    reserved,
    reserved_in,
)
from townlet.training import TrainingServices
from townlet.tuning import plan_of
from townlet.world.maps import SHIPPED_MAPS


def map_text(name: str) -> str:
    return files("townlet.world").joinpath("data", "maps", f"{name}.yaml").read_text("utf-8")


def town_on(path: Path, text: str):
    """The town of a map of one's own."""
    path.write_text(text, encoding="utf-8")
    return load_config(None, [f"town.map={path}"]).town


class TestMaps:
    def test_a_copy_that_is_called_otherwise_is_the_same_map(self, tmp_path: Path) -> None:
        town = town_on(tmp_path / "mine.yaml", map_text("tower").replace("name: tower", "name: spire"))
        assert reserved(town_facts(town)) == ["the map 'spire' is held out: it is a copy of 'tower'"]
        assert reserved_in(town) == reserved(town_facts(town))

    def test_a_copy_with_fewer_people_is_the_same_map(self, tmp_path: Path) -> None:
        text = map_text("tower").replace("name: tower", "name: spire").replace("agents: 12", "agents: 4")
        town = town_on(tmp_path / "mine.yaml", text)
        assert reserved(town_facts(town)) == [], "its digest is another"
        assert reserved_in(town) == ["the map 'spire' is held out: 100% of its tiles are those of 'tower'"]

    def test_a_copy_with_a_lawn_paved_is_the_same_map(self, tmp_path: Path) -> None:
        text = map_text("tower").replace("name: tower", "name: spire").replace("#,,,,,,,,", "#........", 1)
        (found,) = reserved_in(town_on(tmp_path / "mine.yaml", text))
        assert found == "the map 'spire' is held out: 99% of its tiles are those of 'tower'"

    @pytest.mark.parametrize("name", sorted(SHIPPED_MAPS))
    def test_of_the_maps_that_are_shipped_just_those_of_the_list_are_held_out(self, name: str) -> None:
        assert bool(reserved_in(load_config(None, [f"town.map={name}"]).town)) == (name in RESERVED_MAPS)


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """``recording(*settings, seeds=...)``: a folder with a few ticks of a town."""

    def record(*settings: str, seeds: tuple[int, ...] = (5,)) -> Path:
        folder = tmp_path_factory.mktemp("recorded") / "dataset"
        play(Job(load_config(None, settings), Cast.of("scripted"), seeds, 20, keep=Keep.dataset(folder)))
        return folder

    return record


class TestRecordings:
    def test_demonstrations_from_a_map_that_is_held_out_are_refused(self, recording) -> None:
        folder = recording("town.map=outpost")
        services = TrainingServices.from_config(load_config())
        for use in (services.replay.build, lambda it: services.replay.demonstrations([it], services.rollout.spec)):
            with pytest.raises(DatasetError, match="recorded where minds are tested: the map 'outpost'") as caught:
                use(folder)
            assert caught.value.where == str(folder / "manifest.json")

    def test_so_are_those_from_seeds_that_are_held_out(self, recording) -> None:
        with pytest.raises(DatasetError, match="seed 880000005 is held out"):
            refuse_recorded_there(open_dataset(recording("town.map=hamlet", seeds=(5, 880_000_005))))

    def test_others_are_welcome_and_a_recording_that_says_nothing_is_let_pass(self, recording) -> None:
        dataset = open_dataset(recording("town.map=hamlet"))
        refuse_recorded_there(dataset)
        dataset.manifest = dataset.manifest.model_copy(update={"config": {}})
        refuse_recorded_there(dataset)


def checkpoint(folder: Path, facts: TownFacts) -> Path:
    return write_checkpoint(
        folder,
        lambda inside: (inside / "weights").write_bytes(b"w"),
        backend="toy",
        spec=build_spec(load_config()),
        facts=facts,
        config_digest="0" * 64,
    ).path


class TestCheckpoints:
    def test_what_was_taught_on_a_renamed_copy_is_recognised(self, tmp_path: Path) -> None:
        town = town_on(tmp_path / "mine.yaml", map_text("outpost").replace("name: outpost", "name: fort"))
        path = checkpoint(tmp_path / "taught", town_facts(town))
        with pytest.raises(UsageError, match=r"it was taught where minds are tested: .* a copy of 'outpost'") as caught:
            refuse_taught_there(path, who="it", instead="take another")
        assert caught.value.where == str(path / "manifest.json")
        assert caught.value.details[-1] == "take another"

    def test_what_was_taught_elsewhere_is_not(self, tmp_path: Path) -> None:
        path = checkpoint(tmp_path / "taught", town_facts(load_config(None, ["town.map=hamlet"]).town))
        refuse_taught_there(path, who="it", instead="take another")


class TestUses:
    def test_a_search_there_is_refused(self) -> None:
        with pytest.raises(UsageError, match="must not be tuned there"):
            plan_of(load_config(None, ["town.map=quarter", "policy.backend=scripted"]))
        with pytest.raises(UsageError, match="seed 880000000 is held out"):
            plan_of(load_config(None, ["tuning.first_seed=880000000", "policy.backend=scripted"]))

    def test_training_on_a_renamed_copy_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.yaml"
        path.write_text(map_text("canal").replace("name: canal", "name: ditch"), encoding="utf-8")
        with pytest.raises(UsageError, match=r"'ditch' is held out: .* must not be trained there"):
            refuse_reserved(load_config(None, [f"town.map={path}"]))
