from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from townlet.api import Action, Affordance, Code, Feature, MapChannel, ObservationSpec, Transform
from townlet.errors import ContractError


@pytest.fixture
def meant() -> ObservationSpec:
    """A spec in which everything that can have a meaning has one."""
    return ObservationSpec(
        variant="meant",
        channels=(
            MapChannel("wall", codes=(Code(0, "open"), Code(255, "wall"))),
            MapChannel("path", unit="steps", transform=Transform("closeness", 8)),
        ),
        map_height=3,
        map_width=5,
        features=(
            Feature("wallet", unit="coins", transform=Transform("saturating", 50), description="Money."),
            Feature("dx", low=-1, unit="tiles", transform=Transform("scaled", 16)),
            Feature("time_sin", low=-1, unit="ticks", transform=Transform("sine", 500)),
            Feature("time_cos", low=-1, unit="ticks", transform=Transform("cosine", 500)),
        ),
        actions=(Action("wait", "do nothing"), Action("use")),
        facility_kinds=("bed", "stove"),
        affordances=(Affordance("sleep", "bed"), Affordance("cook", "stove")),
        day_ticks=500,
    )


def test_counts_follow_the_entries(spec: ObservationSpec) -> None:
    assert spec.map_shape == (2, 3, 5)
    assert (spec.feature_count, spec.action_count) == (2, 3)
    assert spec.feature_index("energy") == 1
    assert spec.action_index("use") == 2
    assert spec.channel_index("agent") == 1
    assert spec.feature("energy").name == "energy"
    assert spec.channel_names == ("wall", "agent")


@pytest.mark.parametrize("look_up", ["feature", "feature_index", "action_index", "channel_index"])
def test_a_name_that_is_not_there_is_refused_by_name(spec: ObservationSpec, look_up: str) -> None:
    with pytest.raises(ContractError, match="'thirst'"):
        getattr(spec, look_up)("thirst")


def test_is_frozen(spec: ObservationSpec) -> None:
    with pytest.raises(FrozenInstanceError):
        spec.variant = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"features": (Feature("a"), Feature("a"))}, "repeats 'a'"),
        ({"features": (Feature(""),)}, "not empty"),
        ({"features": ("hunger",)}, "a tuple of Feature"),
        ({"features": [Feature("hunger")]}, "tuple"),
        ({"actions": ()}, "at least one action"),
        ({"map_height": 0}, "a map needs"),
        ({"channels": ()}, "a map needs"),
        ({"map_width": -1}, "must not be negative"),
        ({"action_space": "wishes"}, "'primitive', 'goals', found 'wishes'"),
        ({"day_ticks": 0}, "1 or more, found 0"),
        ({"affordances": (Affordance("fly", "roof"),)}, "'fly' needs 'roof'"),
        ({"facility_kinds": ("bed", "bed")}, "repeats 'bed'"),
    ],
)
def test_bad_specs_are_refused_at_birth(spec: ObservationSpec, change: dict[str, object], message: str) -> None:
    with pytest.raises(ContractError, match=message):
        replace(spec, **change)  # type: ignore[arg-type]


CHANGES: dict[str, tuple[dict[str, object], str]] = {
    "another variant": ({"variant": "compact"}, "the observation variant is 'meant' here and 'compact' there"),
    "another day": ({"day_ticks": 1000}, "the length of a day in ticks is 500 here and 1000 there"),
    "another action space": ({"action_space": "goals"}, "the action space is 'primitive' here and 'goals' there"),
    "another size": ({"map_width": 7}, "the map's width is 5 here and 7 there"),
    "another affordance": (
        {"affordances": (Affordance("sleep", "bed"), Affordance("nap", "bed"))},
        "affordance 'cook' is missing there",
    ),
    "an affordance elsewhere": (
        {"affordances": (Affordance("sleep", "stove"), Affordance("cook", "stove"))},
        "affordance 'sleep' belongs to the bed here and to the stove there",
    ),
    "another order of kinds": ({"facility_kinds": ("stove", "bed")}, "facility kind 0 is 'bed' here and 'stove' there"),
    "another action": ({"actions": (Action("wait"), Action("use"), Action("chat"))}, "action 'chat' is missing here"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_another_meaning_is_another_spec_and_the_difference_is_told_in_words(meant: ObservationSpec, name: str) -> None:
    change, words = CHANGES[name]
    other = replace(meant, **change)  # type: ignore[arg-type]
    assert other.fingerprint() != meant.fingerprint()
    assert meant.first_difference(other) == words


@pytest.mark.parametrize(
    ("feature", "words"),
    [
        (
            Feature("wallet", unit="coins", transform=Transform("saturating", 40)),
            "feature 'wallet' is x / (x + 50) of coins here and x / (x + 40) of coins there",
        ),
        (
            Feature("wallet", unit="cents", transform=Transform("saturating", 50)),
            "feature 'wallet' is x / (x + 50) of coins here and x / (x + 50) of cents there",
        ),
        (
            Feature("wallet", high=2, unit="coins", transform=Transform("saturating", 50)),
            "feature 'wallet' goes from 0 to 1 here and from 0 to 2 there",
        ),
        (
            Feature("wallet", unit="coins", transform=Transform("saturating", 50), codes=(Code(1, "rich"),)),
            "feature 'wallet' has 1 for 'nothing' here and 'rich' there",
        ),
    ],
)
def test_another_scale_range_or_unit_is_another_spec(meant: ObservationSpec, feature: Feature, words: str) -> None:
    other = replace(meant, features=(feature, *meant.features[1:]))
    assert other.fingerprint() != meant.fingerprint()
    assert meant.first_difference(other) == words


def test_another_code_is_another_spec(meant: ObservationSpec) -> None:
    wall = MapChannel("wall", codes=(Code(0, "open"), Code(255, "water")))
    other = replace(meant, channels=(wall, meant.channels[1]))
    assert other.fingerprint() != meant.fingerprint()
    assert meant.first_difference(other) == "map channel 'wall' has 255 for 'wall' here and 'water' there"


def test_order_counts(spec: ObservationSpec) -> None:
    other = replace(spec, features=tuple(reversed(spec.features)))
    assert other.fingerprint() != spec.fingerprint()
    assert spec.first_difference(other) == "feature 0 is 'hunger' here and 'energy' there"


def test_descriptions_are_for_people_and_change_nothing(meant: ObservationSpec) -> None:
    other = replace(
        meant,
        features=tuple(replace(feature, description="other words") for feature in meant.features),
        actions=tuple(replace(action, description="other words") for action in meant.actions),
    )
    assert other.fingerprint() == meant.fingerprint()
    assert other == meant
    assert meant.first_difference(other) is None


def test_all_differences_are_told(meant: ObservationSpec) -> None:
    other = replace(meant, day_ticks=1000, features=meant.features[1:])
    assert meant.differences(other) == (
        "the length of a day in ticks is 500 here and 1000 there",
        "feature 'wallet' is missing there",
    )


def test_many_missing_names_are_counted_not_listed(spec: ObservationSpec) -> None:
    longer = replace(spec, features=tuple(Feature(f"f{i}") for i in range(9)))
    assert spec.differences(longer)[1] == "feature 'f0', 'f1', 'f2', 'f3', 'f4' and 4 more is missing here"


def test_json_round_trip_keeps_every_meaning(meant: ObservationSpec) -> None:
    again = ObservationSpec.from_json(json.loads(json.dumps(meant.to_json())))
    assert again == meant
    assert again.features[0].description == "Money."
    assert again.fingerprint() == meant.fingerprint()


def test_whole_numbers_and_floats_are_the_same_numbers(meant: ObservationSpec) -> None:
    whole = replace(meant, features=(Feature("a", low=0, high=1),))
    other = replace(meant, features=(Feature("a", low=0.0, high=1.0),))
    assert whole.fingerprint() == other.fingerprint()


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"variant": "x"},
        {"variant": "x", "channels": 3},
        {"variant": "x", "channels": [{"name": "wall"}]},
    ],
)
def test_json_that_is_no_spec_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(ContractError, match="not an observation spec"):
        ObservationSpec.from_json(data)


def test_a_spec_of_names_alone_is_refused_as_what_it_is() -> None:
    old = {
        "variant": "tiny",
        "map_channels": [],
        "map_height": 0,
        "map_width": 0,
        "feature_names": ["need"],
        "action_names": ["wait"],
    }
    with pytest.raises(ContractError, match="one of names alone"):
        ObservationSpec.from_json(old)


def test_any_field_with_a_foreign_key_is_refused(meant: ObservationSpec) -> None:
    data = meant.to_json()
    data["features"][0]["colour"] = "green"
    with pytest.raises(ContractError, match="colour"):
        ObservationSpec.from_json(data)


def test_the_tick_of_the_day_is_read_off_sine_and_cosine(meant: ObservationSpec) -> None:
    ticks = np.arange(500)
    rows = np.zeros((500, 4), np.float32)
    for name in ("time_sin", "time_cos"):
        rows[:, meant.feature_index(name)] = meant.feature(name).encode(ticks)
    np.testing.assert_array_equal(meant.tick_of_day(rows), ticks)


def test_what_can_be_done_at_a_facility(meant: ObservationSpec) -> None:
    assert meant.affordances_of("bed") == ("sleep",)
    assert meant.affordances_of("desk") == ()
