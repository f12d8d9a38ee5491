"""The scale that is shipped is that of the suite that is shipped; what was changed afterwards has none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from townlet.arena import Suite, load_suite
from townlet.arena.anchors import Anchors, people_of
from townlet.arena.interface import Interface
from townlet.arena.matches import Setting
from townlet.arena.measures import measured
from townlet.arena.naming import RANDOM
from townlet.play import MindSpec, play

SUITES = ("public", "held-out")


@pytest.mark.parametrize("name", SUITES)
def test_every_scenario_has_a_scale_and_rules_are_better_than_chance(name: str) -> None:
    suite = load_suite(name)
    anchors = Anchors.of(suite)
    assert anchors.warnings == ()
    assert list(anchors.anchors) == [scenario.name for scenario in suite.scenarios]
    for scenario, anchor in anchors.anchors.items():
        assert anchor.one > anchor.zero + 1.0, scenario
        assert anchor.trials >= 12, scenario
        assert anchor.rules is not None
        assert anchor.rules <= anchor.one, scenario
        assert (anchor.kind == "exploiter") == (anchor.checkpoint is not None) == (anchor.one > anchor.rules)
        assert (", a mind that learned, " in anchor.one_is) == (anchor.checkpoint is not None), scenario


@pytest.mark.parametrize("name", SUITES)
@pytest.mark.parametrize("preset", ["tuned", "classic"])
def test_no_preset_does_better_than_the_scale_says(name: str, preset: str) -> None:
    """Of the shortest scenario, for the sake of time."""
    suite = load_suite(name).lived_by(Interface(variant="compact"))
    setting = min((Setting.of(suite, one) for one in suite.scenarios), key=lambda one: one.ticks)
    outcome = play(setting.job(MindSpec(requested=preset, backend="scripted", options={"preset": preset})))
    anchor = Anchors.of(suite).of_scenario(setting.name)
    assert anchor is not None
    assert float(measured(outcome, outcome)["focal_return"].mean()) <= anchor.one + 1e-5


@pytest.mark.parametrize("name", SUITES)
def test_chance_still_gets_about_what_was_measured(name: str) -> None:
    """The rules of the town have not changed since; of the shortest scenario, for the sake of time."""
    suite = load_suite(name)
    setting = min((Setting.of(suite, one) for one in suite.scenarios), key=lambda one: one.ticks)
    outcome = play(setting.job(RANDOM))
    found = float(measured(outcome, outcome)["focal_return"].mean())
    anchor = Anchors.of(suite).of_scenario(setting.name)
    assert anchor is not None
    assert found == pytest.approx(anchor.zero, abs=0.03 * (anchor.one - anchor.zero))


def test_other_people_are_told() -> None:
    """Whoever lives there by other rules has another fingerprint."""
    suite = load_suite("public")
    anchors = Anchors.of(suite)
    outcome = play(replace(Setting.of(suite, suite.scenario("among-hosts")), seeds=(1,), ticks=1).baseline())
    kept = anchors.anchors["among-hosts"]
    same = replace(anchors, anchors={"among-hosts": kept.model_copy(update={"people": people_of(outcome)})})
    assert same.strangers({"among-hosts": outcome}) == ()
    other = replace(anchors, anchors={"among-hosts": kept.model_copy(update={"people": {"host": "0" * 64}})})
    (said,) = other.strangers({"among-hosts": outcome})
    assert said.startswith("the people of among-hosts act otherwise than when the anchors were measured")


def changed(suite: Suite, number: int, **fields: object) -> Suite:
    """The suite with one scenario that is otherwise."""
    scenarios = list(suite.scenarios)
    scenarios[number] = scenarios[number].model_copy(update=fields)
    return suite.model_copy(update={"scenarios": tuple(scenarios)})


@pytest.mark.parametrize(
    "fields",
    [{"focal": "25%"}, {"background": {"host": 1.0}}, {"config": {"town": {"map": "hamlet"}}}, {"days": (1, 2)}],
)
def test_a_scenario_that_was_changed_has_no_scale_and_the_others_keep_theirs(fields: dict) -> None:
    suite = load_suite("public")
    found = Anchors.of(changed(suite, 2, **fields))
    name = suite.scenarios[2].name
    assert found.of_scenario(name) is None
    assert len(found.anchors) == len(suite.scenarios) - 1
    assert found.warnings == (f"suite 'public': {name} was changed after the anchors were measured and has no score",)


def test_other_seeds_take_the_scale_from_all() -> None:
    suite = load_suite("public")
    moved = Anchors.of(suite.model_copy(update={"first_seed": 5}))
    assert moved.anchors == {}
    assert " and 24 more were changed" in moved.warnings[0]


def test_an_archetype_that_was_changed_takes_the_scale_from_those_who_live_with_it() -> None:
    suite = load_suite("public")
    pusher = suite.minds["pusher"].model_copy(update={"options": {"preset": "pusher", "patience": 9}})
    found = Anchors.of(suite.model_copy(update={"minds": {**suite.minds, "pusher": pusher}}))
    lost = {s.name for s in suite.scenarios} - set(found.anchors)
    assert lost == {s.name for s in suite.scenarios if "pusher" in s.background}
