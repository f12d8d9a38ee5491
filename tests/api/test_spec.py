from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, replace

import pytest

from townlet.api import ObservationSpec
from townlet.errors import ContractError


def test_sizes_follow_the_names(spec: ObservationSpec) -> None:
    assert spec.map_shape == (2, 3, 5)
    assert (spec.features, spec.actions) == (2, 3)
    assert spec.feature("energy") == 1
    assert spec.action("use") == 2


@pytest.mark.parametrize("look_up", ["feature", "action"])
def test_a_name_that_is_not_there_is_refused_by_name(spec: ObservationSpec, look_up: str) -> None:
    with pytest.raises(ContractError, match="'thirst'"):
        getattr(spec, look_up)("thirst")


def test_is_frozen(spec: ObservationSpec) -> None:
    with pytest.raises(FrozenInstanceError):
        spec.variant = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"feature_names": ("a", "a")}, "repeats 'a'"),
        ({"feature_names": ("",)}, "not empty"),
        ({"action_names": ()}, "at least one action"),
        ({"map_height": 0}, "a map needs"),
        ({"map_channels": ()}, "a map needs"),
        ({"map_width": -1}, "must not be negative"),
        ({"feature_names": ["hunger"]}, "tuple"),
    ],
)
def test_bad_specs_are_refused_at_birth(spec: ObservationSpec, change: dict[str, object], message: str) -> None:
    with pytest.raises(ContractError, match=message):
        replace(spec, **change)  # type: ignore[arg-type]


def test_fingerprint_notices_names_order_and_sizes(spec: ObservationSpec) -> None:
    others = [
        replace(spec, feature_names=("energy", "hunger")),
        replace(spec, action_names=("wait", "north", "yield")),
        replace(spec, map_channels=("agent", "wall")),
        replace(spec, map_width=7),
        replace(spec, variant="compact"),
    ]
    prints = {s.fingerprint() for s in [spec, *others]}
    assert len(prints) == 6
    assert replace(spec).fingerprint() == spec.fingerprint()


def test_json_round_trip(spec: ObservationSpec) -> None:
    again = ObservationSpec.from_json(json.loads(json.dumps(spec.to_json())))
    assert again == spec
    assert again.fingerprint() == spec.fingerprint()


@pytest.mark.parametrize("data", [{}, {"variant": "x"}, {"variant": "x", "map_channels": 3}])
def test_json_that_is_no_spec_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(ContractError, match="not an observation spec"):
        ObservationSpec.from_json(data)


def test_first_difference_names_what_differs_first(spec: ObservationSpec) -> None:
    assert spec.first_difference(replace(spec)) is None
    renamed = replace(spec, feature_names=("hunger", "sleep"))
    assert spec.first_difference(renamed) == "feature_names[1] is 'energy' here and 'sleep' there"
    longer = replace(spec, action_names=("wait", "north", "use", "chat"))
    assert spec.first_difference(longer) == "action_names has 3 names here and 4 there"
