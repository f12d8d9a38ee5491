"""A suite may be lived by another interface, by everybody alike; whom it does not suit is refused at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from townlet.arena import ArenaResult, Setting, Suite, load_suite, meet
from townlet.arena.anchors import Anchors
from townlet.arena.crossing import crossings
from townlet.arena.interface import Interface
from townlet.arena.naming import RANDOM
from townlet.checkpoints import write_checkpoint
from townlet.cli.app import townlet
from townlet.config import load_config
from townlet.errors import CheckpointError
from townlet.executors import InProcess
from townlet.observations import build_spec, town_facts
from townlet.play import MindSpec
from townlet.play.stored import Stored

GOALS = ("town.actions=goals", "town.ask_every=15", "observation.variant=compact")
RULES = MindSpec(requested="rules", backend="scripted", options={})
WORDS = ("--set", GOALS[0], "--set", GOALS[1], "--set", GOALS[2])


@pytest.fixture
def taught(tmp_path: Path):
    """``taught(*overrides)``: a mind of a toy that was taught in a town with these."""

    def make(*overrides: str) -> MindSpec:
        config = load_config(None, overrides)
        wrote = write_checkpoint(
            tmp_path / "taught",
            lambda folder: (folder / "weights").write_bytes(b"w"),
            backend="toy",
            spec=build_spec(config),
            facts=town_facts(config.town),
            config_digest="0" * 64,
        )
        return MindSpec(requested="toy:taught", backend="toy", checkpoint=Stored(wrote.digest, wrote.path))

    return make


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        ((), {}),
        (("town.ask_every=15",), {}),
        (("town.actions=goals",), {"town.actions": "goals"}),
        (GOALS, {"town.actions": "goals", "town.ask_every": 15, "observation.variant": "compact"}),
        (("observation.window=7",), {"observation.window": 7}),
        (("observation.last_goal=false",), {}),
        (
            ("town.actions=goals", "observation.last_goal=false"),
            {"town.actions": "goals", "observation.last_goal": False},
        ),
        (("observation.variant=compact", "observation.window=7"), {"observation.variant": "compact"}),
    ],
)
def test_what_is_not_the_default_is_told(overrides: tuple[str, ...], told: dict) -> None:
    found = Interface.of(load_config(None, overrides))
    assert found.settings() == told
    assert found.plain == (not told)


def test_everybody_lives_by_it_and_the_scenario_is_otherwise_the_same(suite: Suite) -> None:
    other = suite.lived_by(Interface.of(load_config(None, GOALS)))
    for scenario in suite.scenarios:
        mine, plain = Setting.of(other, scenario), Setting.of(suite, scenario)
        assert mine.config.town.actions == "goals"
        assert mine.config.town.map == "hamlet"
        assert (mine.seeds, mine.ticks, mine.focal, mine.background) == (
            plain.seeds,
            plain.ticks,
            plain.focal,
            plain.background,
        )
    assert other.digest != suite.digest
    assert suite.lived_by(Interface()).digest == suite.digest


def test_the_matrix_is_lived_by_it_too(suite: Suite) -> None:
    other = suite.lived_by(Interface.of(load_config(None, GOALS)))
    found = crossings(other, [RULES, RANDOM])
    assert len(found) == 8, "two with themselves, and two pairs in three shares"
    assert {setting.config.town.actions for setting, _ in found} == {"goals"}
    assert {setting.config.town.actions for setting, _ in crossings(suite, [RULES])} == {"primitive"}


def test_scores_say_what_their_scale_was_measured_in() -> None:
    suite = load_suite("public").lived_by(Interface.of(load_config(None, GOALS)))
    assert len(Anchors.of(suite).anchors) == len(suite.scenarios), "the scale is one of returns in the same towns"
    (told,) = suite.interface.warnings()
    assert "the scale of the scores was measured in 'primitive'" in told
    assert Interface(variant="compact").warnings() == ()


def test_who_was_taught_otherwise_is_refused_before_anything_is_played(suite: Suite, taught) -> None:
    mind = taught(*GOALS[:2], "observation.window=7")

    class Never(InProcess):
        def map(self, *_, **__):
            raise AssertionError("nothing may be played")

    with pytest.raises(CheckpointError, match="'toy:taught' cannot act in these towns") as caught:
        meet([RULES, mind], suite, executor=Never())
    assert "the map's height is 11 here and 7 there" in str(caught.value)
    assert caught.value.details[-1].endswith("by what it knows:  --set observation.window=7"), "it can be led"
    with pytest.raises(CheckpointError, match="cannot act in these towns"):
        meet([RULES], suite.among([mind]), executor=Never())


def test_who_does_not_see_its_last_goal_is_told_how_it_may_play(suite: Suite, taught) -> None:
    mind, goals = taught(*GOALS, "observation.last_goal=false"), suite.lived_by(Interface.of(load_config(None, GOALS)))
    with pytest.raises(CheckpointError, match="cannot act in these towns") as caught:
        meet([mind], goals, matrix=False)
    assert caught.value.details[-1].endswith("--set observation.last_goal=false --set observation.variant=compact")
    unseeing = suite.lived_by(Interface.of(load_config(None, (*GOALS, "observation.last_goal=false"))))
    with pytest.raises(Exception, match="toy") as caught:  # it gets as far as its backend
        meet([mind], unseeing, scenarios=["crowd"], matrix=False)
    assert "cannot act in these towns" not in str(caught.value)


@pytest.mark.parametrize("interface", [GOALS, ("observation.variant=compact",), ()])
def test_who_was_taught_like_that_may_play_and_who_chooses_goals_is_led(suite: Suite, taught, interface) -> None:
    other = suite.lived_by(Interface.of(load_config(None, interface)))
    setting, mind = Setting.of(other, other.scenario("crowd")), taught(*GOALS)
    assert setting.cast(mind).led == (interface != GOALS), "in a town of goals everybody chooses"
    with pytest.raises(Exception, match="toy") as caught:  # it gets as far as its backend, which is not installed
        meet([mind], other, scenarios=["crowd"], matrix=False)
    assert "cannot act in these towns" not in str(caught.value)


def test_the_command_takes_it_from_the_config(suite: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["arena", "scripted", "--suite", "mine.yaml", "--scenario", "crowd"]
    done = CliRunner().invoke(townlet, [*words, *WORDS, "--json"])
    assert done.exit_code == 0, done.output
    found = ArenaResult.model_validate_json(done.stdout)
    assert found.interface["town.actions"] == "goals"
    plain = ArenaResult.model_validate_json(CliRunner().invoke(townlet, [*words, "--json"]).stdout)
    assert plain.interface == {}
    assert found.totals != plain.totals
    page = CliRunner().invoke(townlet, [*words, *WORDS, "--watch", "none", "--report", "a.html"])
    assert page.exit_code == 0, page.output
    text = (tmp_path / "a.html").read_text("utf-8")
    assert "Everybody decides and sees by town.actions=goals, town.ask_every=15, observation.variant=compact." in text


def test_a_suite_may_say_it_of_itself(tmp_path: Path, suite: Suite) -> None:
    mine = (tmp_path / "mine.yaml").read_text("utf-8")
    file = tmp_path / "own.yaml"
    file.write_text(mine + "interface: {actions: goals, variant: compact}\n", encoding="utf-8")
    own = load_suite(file)
    assert own.digest != suite.digest
    assert Setting.of(own, own.scenarios[0]).config.town.actions == "goals"
