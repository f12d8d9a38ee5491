"""Observations in words: golden texts of hand-made situations, and the rules they keep."""

from __future__ import annotations

import numpy as np
import pytest

from townlet.api import (
    Action,
    Code,
    Feature,
    MapChannel,
    ObservationBatch,
    ObservationSpec,
    Transform,
    Words,
)
from townlet.config.root import TownletConfig
from townlet.errors import ContractError
from townlet.observations import build_spec

SPEC = build_spec(TownletConfig.model_validate({"observation": {"window": 5}}))

MORNING = {
    "need_hunger": 0.45,
    "need_energy": 0.801,
    "need_hygiene": 0.62,
    "wallet": 30.0,
    "groceries": 2,
    "meals": 1,
    "time_sin": 150,
    "time_cos": 150,
    "has_job": 1,
    "to_shift_start": 30,
    "doing_none": 1,
    "last_north": 1,
    "last_ok": 1,
    "power": 1,
    "water": 1,
    "price_groceries": 1.0,
    "price_meal": 1.0,
    "bed_distance": 0,
    "bed_here": 1,
    "bed_usable": 1,
    "stove_distance": 3,
    "stove_north": 1,
    "stove_east": 0.5,
    "stove_queue": 2,
    "shower_distance": np.inf,
    "desk_distance": 12,
    "desk_south": 1,
    "friend1_trust": 0.4,
    "friend1_familiarity": 0.25,
    "friend1_dy": -3,
    "friend1_dx": 2,
    "rival1_rivalry": 0.5,
    "extroversion": -0.73,
    "forgiveness": 0.21,
    "ambition": 0.0,
}


def situation(spec: ObservationSpec = SPEC, mask: str = "wait north use", **changes: float) -> ObservationBatch:
    """One row of the town's own numbers."""
    batch = ObservationBatch.empty(spec, 1)
    batch.active[:] = True
    for name, number in {**MORNING, **changes}.items():
        if np.isinf(number):
            batch.features[0, spec.feature_index(name)] = 1.0
        elif name in spec.feature_names:
            batch.features[0, spec.feature_index(name)] = spec.feature(name).encode(number)
    batch.action_mask[0] = [name in mask.split() for name in spec.action_names]
    return batch


def test_a_morning_in_short() -> None:
    assert Words(SPEC).short(situation()) == (
        "It is tick 150 of a day of 1000.\n"
        "Needs, 100 satisfied, 0 unbearable: hunger 45, energy 80, hygiene 62.\n"
        "You have 30 coins, 2 groceries and 1 meal.\n"
        "Your shift begins in 30 ticks; you are not at your place of work.\n"
        "You are free. Your last action was north, with effect.\n"
        "Nearest facilities:\n"
        "- your bed: here, usable\n"
        "- shower: out of reach\n"
        "- stove: 3 steps north or east, 2 there\n"
        "- table: 0 steps\n"
        "- till: 0 steps\n"
        "- counter: 0 steps\n"
        "- your desk: 12 steps south\n"
        "- bench: 0 steps\n"
        "Your best friend (trust 40, familiarity 25) is 3 north 2 east. "
        "Your worst rival (rivalry 50) is not around.\n"
        "Your nature, -100 to 100: extroversion -73, forgiveness 21, ambition 0."
    )


def test_the_choices_are_told_with_their_index() -> None:
    assert Words(SPEC).choices(situation()) == (
        "0 wait: do nothing, or continue what is under way",
        "1 north: take a step north",
        "5 use: use the facility here or beside you: start, join its queue, or push in",
    )


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"context_reset": 1}, "You have just moved in. It is tick 150 of a day of 1000."),
        ({"power": 0}, "It is tick 150 of a day of 1000. There is no power."),
        ({"price_meal": 1.5}, "It is tick 150 of a day of 1000. Meals cost 1.50 times the usual."),
        ({"groceries": 7, "meals": 0}, "You have 30 coins, at least 5 groceries and 0 meals."),
        ({"rent_unpaid": 0.5}, "Rent is unpaid for 50 % of the time after which you are evicted."),
        ({"has_job": 0}, "You have no job."),
        (
            {"in_shift": 1, "to_shift_start": 0, "to_shift_end": 280, "on_site": 1},
            "Your shift is on for 280 ticks more",
        ),
        ({"lateness": 12}, "You came 12 ticks late."),
        ({"doing_none": 0, "doing_cook": 1, "activity_left": 0.5}, "You are busy at the stove: cook, 50 % of it left."),
        ({"doing_none": 0, "in_queue": 1, "queue_place": 2, "queue_length": 3}, "You stand in a queue, place 2 of 3."),
        ({"last_ok": 0}, "Your last action was north, in vain."),
        ({"blocked": 0.5}, "Somebody blocks your way."),
        ({"has_job": 0}, "- desk: 12 steps south"),
    ],
)
def test_what_is_so_is_said(changes: dict[str, float], line: str) -> None:
    assert line in Words(SPEC).short(situation(**changes))
    assert line not in Words(SPEC).short(situation())


def test_who_is_in_sight_is_told_nearest_first() -> None:
    batch = situation()
    people = SPEC.channel_index("agents")
    batch.map[0, people, 0, 2], batch.map[0, people, 2, 3], batch.map[0, people, 4, 0] = 160, 80, 240
    assert "In sight: somebody 1 east, a friend 2 north, a rival 2 south 2 west." in Words(SPEC).short(batch)


def test_the_long_form_adds_the_map_and_every_feature() -> None:
    batch = situation()
    batch.map[0, SPEC.channel_index("wall"), 2, 1] = 255
    batch.map[0, SPEC.channel_index("facility"), 1, 2] = 60
    batch.map[0, SPEC.channel_index("queue_or_occupied"), 1, 2] = 80
    short, long = Words(SPEC).short(batch), Words(SPEC).long(batch)
    assert long.startswith(short)
    assert "wall: wall, or outside the map 1 west\n" in long
    assert "facility: stove 1 north\n" in long
    assert "queue_or_occupied: free, 2 waiting 1 north\n" in long
    assert "wallet: 30 coins (Money in the wallet.)" in long
    assert "stove_east: yes, but somebody stands there (" in long
    assert [name for name in SPEC.feature_names if f"\n{name}: " not in long] == []


def test_goals_are_choices_and_what_one_was_after() -> None:
    spec = build_spec(TownletConfig.model_validate({"town": {"actions": "goals"}}))
    words = Words(spec)
    batch = situation(spec, mask="stay bed talk", goal_stove=1)
    assert "Your last goal was stove." in words.short(batch)
    assert words.choices(batch)[1] == "1 bed: go to your own bed and use it"


def test_towns_of_other_people_are_told_too() -> None:
    """A spec that shares no name with ours: nothing is left out, nothing is made up."""
    spec = ObservationSpec(
        variant="shop",
        channels=(MapChannel("floor", codes=(Code(0, "free"), Code(7, "a crate"))),),
        map_height=3,
        map_width=3,
        features=(
            Feature("stock", unit="crates", transform=Transform("scaled", 20), description="Crates on the shelf."),
            Feature("open", codes=(Code(0, "closed"), Code(1, "open")), description="The door."),
        ),
        actions=(Action("rest"), Action("lift", "lift a crate")),
        day_ticks=10,
    )
    batch = ObservationBatch.empty(spec, 1)
    batch.features[0] = [0.25, 1]
    batch.map[0, 0, 0, 1] = 7
    batch.action_mask[0] = True
    words = Words(spec)
    assert words.short(batch) == ""
    assert words.choices(batch) == ("0 rest", "1 lift: lift a crate")
    assert words.long(batch) == (
        "Around:\nfloor: a crate 1 north\nEverything known:\n"
        "stock: 5 crates (Crates on the shelf.)\nopen: open (The door.)"
    )


def test_the_same_numbers_give_the_same_words_and_rows_do_not_mix() -> None:
    two = ObservationBatch.concatenate([situation(), situation(wallet=80)])
    words = Words(SPEC)
    assert words.short(two, 0) == words.short(situation())
    assert words.short(two, 1) == words.short(situation(wallet=80))
    assert "80 coins" in words.short(two, 1)


@pytest.mark.parametrize("row", [-1, 1])
def test_a_row_that_is_not_there_is_refused(row: int) -> None:
    with pytest.raises(ContractError, match=f"no row {row} among 1"):
        Words(SPEC).short(situation(), row)


def test_observations_of_another_spec_are_refused() -> None:
    other = build_spec(TownletConfig.model_validate({"town": {"actions": "goals"}}))
    with pytest.raises(ContractError, match="143 features, the spec 133"):
        Words(SPEC).short(situation(other))
