from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from townlet.errors import BackendError, ConfigError, UsageError
from townlet.tuning import Dimension, space_of


def keys(space):
    return [dimension.key.removeprefix("policy.options.") for dimension in space.dimensions]


def test_without_a_search_every_option_with_a_range_varies(small):
    space = space_of(small(), {})
    assert "eat_below" in keys(space)
    assert "talk_first" in keys(space)
    assert not {"preset", "day_ticks"} & set(keys(space))
    assert not space.trains
    assert space.start()["policy.options.eat_below"] == 0.48


def test_ranges_can_be_given(small):
    search = {
        "eat_below": "0.2:0.9",
        "policy.options.patience": [0, 3, 6],
        "training.ppo.learning_rate.start": "1e-5:1e-2:log",
        "training.ppo.data": ["rollout", "mixed"],
    }
    space = space_of(small(), search)
    eat, patience, rate, data = space.dimensions
    assert (eat.kind, eat.low, eat.high) == ("float", 0.2, 0.9)
    assert (patience.kind, patience.choices) == ("choice", (0, 3, 6))
    assert (rate.log, rate.at(0.5)) == (True, pytest.approx(10**-3.5, rel=1e-4))
    assert data.choices == ("rollout", "mixed")
    assert space.trains


@pytest.mark.parametrize(
    ("search", "message"),
    [
        ({"eat_bellow": "auto"}, "'eat_bellow' is neither an option(.|\n)*did you mean 'eat_below'"),
        ({"town.map": ["a", "b"]}, "neither an option of policy 'scripted' nor a setting of training"),
        ({"training.ppo.max_seconds": "auto"}, "has no range of its own(.|\n)*LOW:HIGH"),
        ({"training.ppo.initial": "auto"}, "cannot vary"),
        ({"training.ppo.initial": "1:2"}, "is not a number; list its choices"),
        ({"eat_below": "0.9:0.2"}, "must go up"),
        ({"eat_below": "0.5:0.5"}, "must go up"),
        ({"eat_below": "0:nan"}, "must go up"),
        ({"eat_below": "0.5"}, "is written LOW:HIGH"),
        ({"eat_below": "0.2:0.9:exp"}, "is written LOW:HIGH"),
        ({"eat_below": "0:0.9:log"}, "must start above 0"),
        ({"eat_below": "0.2:1.5"}, "range of 'eat_below' is refused: .*less than or equal to 1"),
        ({"patience": "0.5:3"}, "range of 'patience' is refused"),
        ({"patience": [3]}, "at least two different choices"),
        ({"patience": [3, 3]}, "at least two different choices"),
        ({"patience": [3, 7]}, "'patience' cannot be 7"),
    ],
)
def test_what_cannot_vary_is_refused(small, search, message):
    with pytest.raises(UsageError, match=message):
        space_of(small(), search)


def test_a_policy_without_options_is_refused(small):
    with pytest.raises(UsageError, match="has no option with a range"):
        space_of(small("policy.options={}", "policy.backend=stub"), {})


def test_options_that_are_wrong_already_are_the_configs_fault(small):
    with pytest.raises(ConfigError, match="eat_below"):
        space_of(small("policy.options.eat_below=2"), {})


def test_a_backend_that_is_not_there_is_named(small):
    with pytest.raises(BackendError, match="nobody-has-this"):
        space_of(small("policy.options={}", "policy.backend=nobody-has-this"), {})


DIMENSIONS = (
    Dimension("a", "float", 0.1, 0.9, 0.5),
    Dimension("b", "int", 1, 6, 3),
    Dimension("c", "choice", 0, 2, "y", choices=("x", "y", "z")),
    Dimension("d", "float", 1e-5, 1e-2, 1e-3, log=True),
)


@given(share=st.floats(-1, 2), index=st.integers(0, 3))
def test_every_share_is_a_value_of_the_range_and_back(share, index):
    dimension = DIMENSIONS[index]
    value = dimension.at(share)
    assert dimension.holds(value)
    assert dimension.at(dimension.share(value)) == pytest.approx(value) if index != 2 else value


def test_a_value_outside_lies_at_the_nearer_end():
    assert DIMENSIONS[0].share(7.0) == 1.0
    assert not DIMENSIONS[0].holds(7.0)
    assert DIMENSIONS[2].share("w") == 0.0
