"""Suites are data that are what they say: read, hashed, and checked."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from townlet.arena import lint, load_suite, meet, suite_names
from townlet.arena.anchors import Anchors
from townlet.arena.naming import RANDOM
from townlet.arena.suites import Suite
from townlet.checkpoints import write_checkpoint
from townlet.config import load_config
from townlet.errors import ConfigError, UsageError
from townlet.observations import build_spec, town_facts
from townlet.play import MindSpec
from townlet.play.casting import stored_checkpoint

MINE = """
name: mine
title: Pushers
first_seed: 1000
seeds: 4
minds:
  pusher: {options: {preset: pusher}}
  default: {options: {}}
scenarios:
  - name: pushed
    title: Pushers in the hamlet
    axes: [minds, maps]
    config: {town: {map: hamlet}}
    focal: "25%"
    background: {pusher: 1.0}
    role: visitor
    days: [0.3, 0.5]
"""


def written(tmp_path: Path, text: str) -> Suite:
    file = tmp_path / "mine.yaml"
    file.write_text(textwrap.dedent(text), encoding="utf-8")
    return load_suite(file)


@pytest.mark.parametrize("name", ["public", "held-out"])
def test_a_shipped_suite_is_what_it_says(name: str) -> None:
    suite = load_suite(name)
    assert lint(suite) == []
    assert len(suite.scenarios) >= 24
    assert suite.seeds == 8
    assert all(2.0 <= suite.ticks_of(s, 1000) / 1000 <= 4.0 for s in suite.scenarios)


def test_the_two_suites_share_no_seed_no_map_and_no_archetype() -> None:
    public, held_out = load_suite("public"), load_suite("held-out")

    def seeds(suite: Suite) -> set[int]:
        return {seed for scenario in suite.scenarios for seed in suite.seeds_of(scenario)}

    def maps(suite: Suite) -> set[str]:
        return {s.config.get("town", {}).get("map", "riverside") for s in suite.scenarios} - {"riverside"}

    assert not seeds(public) & seeds(held_out)
    assert not maps(public) & maps(held_out)
    assert set(public.minds) & set(held_out.minds) == {"default"}
    assert len(maps(public)) >= 6
    assert len(set(public.minds) - {"default"}) >= 8
    assert suite_names() == ("held-out", "public")


def test_each_axis_is_played_alone_and_crossed() -> None:
    for name in suite_names():
        axes = {s.axes for s in load_suite(name).scenarios}
        assert {("minds",), ("maps",), ("rules",), ("minds", "maps"), ("minds", "maps", "rules")} <= axes


def test_the_digest_covers_the_scenarios_and_the_contents_of_maps(tmp_path: Path) -> None:
    suite = written(tmp_path, MINE)
    assert suite.digest == written(tmp_path, MINE + "\n# a comment").digest
    assert suite.digest != written(tmp_path, MINE.replace("0.5]", "0.6]")).digest
    import importlib.resources

    text = importlib.resources.files("townlet.world").joinpath("data", "maps", "hamlet.yaml").read_text("utf-8")
    copy = tmp_path / "copy.yaml"
    with_map = MINE.replace("map: hamlet", f"map: {copy}")
    copy.write_text(text, encoding="utf-8")
    before = written(tmp_path, with_map).digest
    copy.write_text(text.replace("#o.....,.,g#", "#o.......,g#"), encoding="utf-8")
    assert written(tmp_path, with_map).digest != before


def test_a_length_is_drawn_once_and_lies_in_the_interval(tmp_path: Path) -> None:
    suite = written(tmp_path, MINE)
    (scenario,) = suite.scenarios
    drawn = {suite.ticks_of(scenario.model_copy(update={"title": str(n)}), 1000) for n in range(50)}
    assert len(drawn) > 20
    assert all(300 <= ticks <= 500 for ticks in drawn)
    assert suite.ticks_of(scenario, 1000) == suite.ticks_of(scenario, 1000)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("axes: [minds, maps]", "axes: [minds]", "it does not say that it differs in maps, and it does"),
        ("axes: [minds, maps]", "axes: [minds, maps, rules]", "it says that it differs in rules, and it does not"),
        ("role: visitor", "role: resident", "a resident is the majority, here 1 of 4 people"),
        ('focal: "25%"', 'focal: "5%"', "the mind under test plays 0 of 4 people"),
        ('focal: "25%"', 'focal: "alice,bob,carol,dave"', "the mind under test plays 4 of 4 people"),
        ("{pusher: 1.0}", "{pusher: 0.9, default: 0.1}", "'default' plays nobody in any of its towns: 3 of 4 people"),
        ('focal: "25%"', "focal: zoe", "no agent in this town is called 'zoe'"),
        ("map: hamlet", "map: nowhere.yaml", "nowhere.yaml"),
        ("title: Pushers\n", "title: Pushers\nheld_out: true\n", "nothing of it is reserved"),
    ],
)
def test_a_scenario_that_is_not_what_it_says_is_found(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in MINE
    found = lint(written(tmp_path, MINE.replace(old, new)))
    assert any(told in line for line in found), found


def test_a_scenario_that_is_there_twice_is_found(tmp_path: Path) -> None:
    again = MINE[MINE.index("  - name") :].replace("name: pushed", "name: again")
    assert any("is the same as 'pushed'" in line for line in lint(written(tmp_path, MINE + again)))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("{pusher: 1.0}", "{pusher: 0.5}", "sum to 1"),
        ("{pusher: 1.0}", "{pushr: 1.0}", "pushr"),
        ('focal: "25%"', 'focal: "150%"', "at most 100 %"),
        ("days: [0.3, 0.5]", "days: [0.5, 0.3]", "the length is drawn from"),
        ("name: mine", "nme: mine", "nme"),
        ("seeds: 4", "seeds: 0", "seeds"),
    ],
)
def test_a_suite_that_cannot_be_is_refused_with_its_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    with pytest.raises(ConfigError, match=r"mine\.yaml") as caught:
        written(tmp_path, MINE.replace(old, new))
    assert told in str(caught.value)


def test_a_suite_that_is_not_there_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'public'"):
        load_suite("pubic")
    with pytest.raises(UsageError, match="did you mean 'among-hosts'"):
        load_suite("public").scenario("amon-hosts")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_suite("nowhere.yaml")


class TestTrainedBackground:
    @pytest.fixture
    def taught(self, tmp_path: Path):
        """``taught(name)``: a checkpoint of a toy, in a folder beside the suite."""

        def make(name: str, town: str = "hamlet") -> Path:
            config = load_config(None, [f"town.map={town}"])
            return write_checkpoint(
                tmp_path / name,
                lambda folder: (folder / "weights").write_bytes(name.encode()),
                backend="toy",
                spec=build_spec(config),
                facts=town_facts(config.town),
                config_digest="0" * 64,
            ).path

        return make

    def test_an_archetype_may_have_a_checkpoint_beside_the_suite(self, tmp_path: Path, taught) -> None:
        path = taught("mind")
        text = MINE.replace("pusher: {options: {preset: pusher}}", "pusher: {backend: toy, checkpoint: mind}")
        suite = written(tmp_path, text)
        mind = suite.minds["pusher"].mind("pusher")
        assert mind.checkpoint is not None
        assert mind.checkpoint.path == path
        assert mind.backend == "toy"
        before = suite.digest
        (tmp_path / "moved").mkdir()
        path.rename(tmp_path / "moved" / "mind")
        assert written(tmp_path / "moved", text).digest == before, "wherever it lies"
        taught("other").rename(tmp_path / "moved" / "theirs")
        other = written(tmp_path / "moved", text.replace("checkpoint: mind", "checkpoint: theirs"))
        assert other.digest != before

    def test_other_people_take_every_place_in_equal_shares(self, taught) -> None:
        suite = load_suite("public")
        stored = stored_checkpoint(taught("mind"), "toy")
        trained = MindSpec(requested="toy:mind", backend="toy", checkpoint=stored)
        rules = MindSpec(requested="rules", backend="scripted", options={"preset": "host"})
        other = suite.among([trained, rules])
        assert {tuple(s.background.items()) for s in other.scenarios} == {(("toy:mind", 0.5), ("rules", 0.5))}
        assert other.minds["toy:mind"].mind("toy:mind") == trained
        assert other.digest != suite.digest
        assert Anchors.of(other).anchors == {}
        with pytest.raises(UsageError, match="each once"):
            suite.among([rules, rules])

    def test_people_who_were_taught_on_what_is_held_out_are_refused(self, taught) -> None:
        stored = stored_checkpoint(taught("mind", "tower"), "toy")
        trained = MindSpec(requested="toy:mind", backend="toy", checkpoint=stored)
        with pytest.raises(UsageError, match="was taught where minds are tested"):
            meet([RANDOM], load_suite("held-out").among([trained]), scenarios=["canal"])
