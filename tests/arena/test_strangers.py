"""The people of the suites who learned: they fit the towns of today, and are met without PyTorch."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from townlet.arena import Setting, lint, load_suite, meet, suite_names
from townlet.arena.naming import mind_under_test, refuse_taught
from townlet.checkpoints import read_checkpoint
from townlet.config import load_config
from townlet.observations import build_spec, spec_in_goals, spec_without_map
from townlet.play import Casting, MindSpec

LEARNED = {"public": ("cloned-11", "learned-11"), "held-out": ("cloned-12", "learned-12")}
ANEW = (
    "what people see or choose has changed, so the minds that are shipped with the suites are useless: make them anew "
    "with  python benchmarks/arena/strangers.py  and then the anchors of their scenarios"
)
BOTH = [(suite, name) for suite, names in LEARNED.items() for name in names]


def mind(suite: str, name: str) -> MindSpec:
    return load_suite(suite).minds[name].mind(name)


def folder(suite: str, name: str) -> Path:
    checkpoint = mind(suite, name).checkpoint
    assert checkpoint is not None
    return checkpoint.path


@pytest.mark.parametrize(("suite", "name"), BOTH)
def test_the_minds_that_are_shipped_see_what_towns_show(suite: str, name: str) -> None:
    here = spec_in_goals(spec_without_map(build_spec(load_config())))
    difference = here.first_difference(read_checkpoint(folder(suite, name)).manifest.spec())
    assert difference is None, f"{name}: {difference}; {ANEW}"


def test_nobody_else_is_shipped() -> None:
    there = files("townlet.arena").joinpath("data", "minds").iterdir()
    assert sorted(each.name for each in there) == sorted(name for _, name in BOTH)


def test_they_are_small() -> None:
    size = sum(file.stat().st_size for suite, name in BOTH for file in folder(suite, name).iterdir())
    assert size < 1_250_000, "a map costs 2.3 MB"


@pytest.mark.parametrize("suite", suite_names())
def test_each_lives_in_two_scenarios_at_least_alone_and_beside_another(suite: str) -> None:
    found = [scenario for scenario in load_suite(suite).scenarios if set(scenario.background) & set(LEARNED[suite])]
    for name in LEARNED[suite]:
        mine = [scenario for scenario in found if name in scenario.background]
        assert {len(scenario.background) for scenario in mine} == {1, 2}
    assert any(len(scenario.axes) > 1 for scenario in found), "crossed with a map or a rule"
    assert [one.name for one in load_suite(suite).scenarios[-len(found) :]] == [one.name for one in found], (
        "seeds go by place: at the end no other scenario loses its own"
    )


@pytest.mark.parametrize(("suite", "name"), BOTH)
def test_they_were_taught_where_everybody_may_be_taught(suite: str, name: str) -> None:
    refuse_taught(mind(suite, name))
    facts = read_checkpoint(folder(suite, name)).manifest.facts
    assert facts is not None
    assert facts["map"] == "riverside"


def test_they_are_minds_by_their_names() -> None:
    casting = Casting.of(load_config())
    public = load_suite("public")
    assert mind_under_test("learned-11", public, casting) == mind("public", "learned-11")
    assert mind_under_test("learned-12", load_suite("held-out"), casting) == mind("held-out", "learned-12")


@pytest.mark.parametrize("suite", suite_names())
def test_the_digest_of_a_suite_covers_their_weights(suite: str) -> None:
    whole = load_suite(suite)
    one, other = LEARNED[suite]
    swapped = whole.model_copy(update={"minds": {**whole.minds, one: whole.minds[other]}})
    assert swapped.digest != whole.digest
    (scenario, *_) = (each for each in whole.scenarios if one in each.background)
    assert swapped.digest_of(scenario) != whole.digest_of(scenario)
    assert swapped.digest_of(whole.scenarios[0]) == whole.digest_of(whole.scenarios[0])


def test_where_the_spec_is_another_one_the_linter_says_who_cannot_live_there() -> None:
    suite = load_suite("public")
    unseeing = suite.interface.model_copy(update={"actions": "goals", "last_goal": False})
    told = lint(suite.lived_by(unseeing))
    assert len(told) == 3
    assert all("-11' cannot act in these towns" in line for line in told), told


@pytest.mark.parametrize("suite", suite_names())
def test_towns_with_them_can_be_played_and_they_are_led(suite: str) -> None:
    whole = load_suite(suite)
    scenario = next(each for each in whole.scenarios if set(each.background) == set(LEARNED[suite]))
    short = whole.model_copy(update={"scenarios": (scenario.model_copy(update={"days": (0.05, 0.06)}),), "seeds": 2})
    setting = Setting.of(short, short.scenarios[0])
    assert setting.cast(MindSpec(requested="rules", backend="scripted")).led
    rules = MindSpec(requested="rules", backend="scripted")
    result = meet([rules, setting.background[0][0]], short, matrix=False)
    assert [standing.mind for standing in result.scenarios[0].standings] == ["rules", LEARNED[suite][0]]
