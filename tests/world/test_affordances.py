"""The affordance manifest: what it compiles to, and what is refused."""

from __future__ import annotations

import pytest

from townlet.errors import ConfigError
from townlet.world.affordances import compile_affordances, load_affordances, parse_affordances
from townlet.world.names import (
    FLAG_IN_SHIFT,
    FLAG_OWN_BED,
    FLAG_POWER,
    FX_GROCERIES,
    FX_MEALS,
    FX_PRICE_GROCERIES,
    FX_STOCK,
    FX_WAGE,
    STOVE,
)


def manifest(entry):
    return f"schema: 1\naffordances:\n  - {entry}\n"


def test_the_core_set_in_order():
    sources = load_affordances("core")
    names = [source.id for source in sources]
    assert names == ["sleep", "shower", "cook", "eat", "buy_groceries", "buy_meal", "work", "rest"]
    table = compile_affordances(sources, where="core")
    assert table.of_kind[:, 0].tolist() == list(range(8))
    assert (table.of_kind[:, 1:] == -1).all()
    assert table.flags[0] == FLAG_OWN_BED
    assert table.flags[2] == FLAG_POWER
    assert table.flags[6] == FLAG_IN_SHIFT
    assert (table.at_end[2, FX_GROCERIES], table.at_end[2, FX_MEALS]) == (-1, 1)
    assert (table.at_end[4, FX_PRICE_GROCERIES], table.at_end[4, FX_STOCK]) == (-1, -1)
    assert table.each_tick[6, FX_WAGE] == 1
    assert table.sociable.tolist() == [False, False, False, True, False, False, False, True]


def test_two_affordances_of_one_kind_keep_their_order():
    text = (
        "schema: 1\naffordances:\n"
        "  - {id: roast, facility: stove, duration: 80, requires: ['groceries>=3']}\n"
        "  - {id: boil, facility: stove, duration: 20, requires: ['groceries>=1']}\n"
    )
    table = compile_affordances(parse_affordances(text, where="m"), where="m")
    assert table.of_kind[STOVE].tolist() == [0, 1, -1, -1]


def test_the_first_that_is_possible_is_done(stage, tmp_path):
    from townlet.config.town import OutsideConfig, TownConfig

    text = (
        "schema: 1\naffordances:\n"
        "  - {id: roast, facility: stove, duration: 80, requires: ['groceries>=3']}\n"
        "  - {id: boil, facility: stove, duration: 20, requires: ['groceries>=1']}\n"
    )
    path = tmp_path / "food.yaml"
    path.write_text(text)
    config = TownConfig(affordances=str(path), outside=OutsideConfig(enabled=False))
    story = stage(config=config).set("alice", groceries=3).put(alice="stove").do(alice="use")
    assert story.doing("alice") == "roast"
    story = stage(config=config).set("alice", groceries=1).put(alice="stove").do(alice="use")
    assert story.doing("alice") == "boil"


@pytest.mark.parametrize(
    ("entry", "message", "where"),
    [
        ("{id: x, facility: oven, duration: 5}", "wrong entries", "affordances.x.facility"),
        ("{id: x, facility: stove, duration: 0}", "wrong entries", "affordances.x.duration"),
        ("{id: X y, facility: stove, duration: 5}", "wrong entries", "id"),
        ("{id: x, facility: stove, duration: 5, colour: red}", "wrong entries", "affordances.x.colour"),
        ("{id: x, facility: stove, duration: 5, requires: [gas]}", "nothing can require 'gas'", "x.requires"),
        ("{id: x, facility: stove, duration: 5, requires: ['money<=5']}", "nothing can require", "x.requires"),
        ("{id: x, facility: stove, duration: 5, requires: ['energy>=0.5']}", "nothing can require", "x.requires"),
        ("{id: x, facility: stove, duration: 5, requires: ['meals>=1.5']}", "nothing can require", "x.requires"),
        ("{id: x, facility: stove, duration: 5, requires: ['money>=rent']}", "neither a number nor a price", "x.req"),
        (
            "{id: x, facility: stove, duration: 5, requires: ['__import__(\"os\")']}",
            "nothing can require",
            "x.requires",
        ),
        ("{id: x, facility: stove, duration: 5, effects: {end: {hunger: 3}}}", "needs are in 0 .. 1", "x.effects.end"),
        ("{id: x, facility: stove, duration: 5, effects: {end: {meals: 0.5}}}", "only whole ones", "x.effects.end"),
        ("{id: x, facility: stove, duration: 5, effects: {end: {joy: 1}}}", "wrong entries", "affordances.x.effects"),
        ("{id: x, facility: stove, duration: 5, effects: {end: {meals: [1, wage]}}}", "only money can", "x.effects"),
        ("{id: x, facility: stove, duration: 5, effects: {end: {groceries: -1}}}", "takes 1 of groceries", "x"),
        ("{id: x, facility: till, duration: 5, effects: {end: {money: [-1, price_meal]}}}", "of price_meal", "x"),
        ("{id: x, facility: stove, duration: 5, effects: {tick: {money: -1}}}", "not in each tick", "x"),
        ("{id: x, facility: stove, duration: 5, requires: ['stock>=1']}", "only tills and counters", "x"),
    ],
)
def test_impossible_affordances_are_refused_with_their_place(entry, message, where):
    with pytest.raises(ConfigError, match=message) as refused:
        parse_affordances(manifest(entry), where="m.yaml")
    assert where in str(refused.value)
    assert "m.yaml" in str(refused.value)


@pytest.mark.parametrize("text", ["a: [", "- 1", "schema: 2\naffordances: []", "schema: 1\naffordances: []"])
def test_what_is_no_manifest_is_refused(text):
    with pytest.raises(ConfigError):
        parse_affordances(text, where="m.yaml")


def test_two_of_one_name_are_refused():
    entry = "{id: x, facility: stove, duration: 5}"
    with pytest.raises(ConfigError, match="two affordances are called 'x'"):
        parse_affordances(f"schema: 1\naffordances: [{entry}, {entry}]", where="m")


def test_a_missing_manifest_is_refused():
    with pytest.raises(ConfigError, match="cannot be read"):
        load_affordances("nothing.yaml")
