"""The affordance manifest: what it compiles to, and what is refused."""

from __future__ import annotations

import pytest

from townlet.config.source import dotted
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
    table = compile_affordances(sources, where=dotted)
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
    table = compile_affordances(parse_affordances(text, where="m"), where=dotted)
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
    ("entry", "message", "key"),
    [
        ("{id: x, facility: oven, duration: 5}", "found 'oven'; did you mean 'stove'", ".facility"),
        ("{id: x, facility: stove, duration: 0}", "must be at least 1, found 0", ".duration"),
        ("{id: x, facility: stove, duration: '5'}", "must be a whole number, found '5'", ".duration"),
        ("{id: X y, facility: stove, duration: 5}", "must match the pattern", ".id"),
        ("{id: x, facility: stove, duration: 5, colour: red}", "unknown key 'colour'; known here: id", ".colour"),
        ("{id: x, facility: stove, duration: 5, require: []}", "did you mean 'requires'", ".require"),
        ("{id: x, facility: stove, duration: 5, id: y}", "the key appears twice, first on line 3", ".id"),
        ("{id: x, facility: stove, duration: 5, requires: [gas]}", "nothing can require 'gas'", ".requires[0]"),
        (
            "{id: x, facility: stove, duration: 5, requires: [power, 'money<=5']}",
            "nothing can require",
            ".requires[1]",
        ),
        ("{id: x, facility: stove, duration: 5, requires: ['energy>=0.5']}", "nothing can require", ".requires[0]"),
        ("{id: x, facility: stove, duration: 5, requires: ['meals>=1.5']}", "nothing can require", ".requires[0]"),
        ("{id: x, facility: stove, duration: 5, requires: ['money>=rent']}", "neither a number nor", ".requires[0]"),
        (
            "{id: x, facility: stove, duration: 5, requires: ['__import__(\"os\")']}",
            "nothing can require",
            ".requires[0]",
        ),
        (
            "{id: x, facility: stove, duration: 5, effects: {end: {hunger: 3}}}",
            "needs are in 0 .. 1",
            ".effects.end.hunger",
        ),
        (
            "{id: x, facility: stove, duration: 5, effects: {end: {meals: 0.5}}}",
            "only whole ones",
            ".effects.end.meals",
        ),
        (
            "{id: x, facility: stove, duration: 5, effects: {end: {joy: 1}}}",
            "must be 'hunger', .*, found 'joy'",
            ".effects.end.joy",
        ),
        (
            "{id: x, facility: stove, duration: 5, effects: {end: {meals: [1, wage]}}}",
            "only money can",
            ".effects.end.meals",
        ),
        ("{id: x, facility: stove, duration: 5, effects: {end: {groceries: -1}}}", "takes 1 of groceries", ""),
        ("{id: x, facility: till, duration: 5, effects: {end: {money: [-1, price_meal]}}}", "of price_meal", ""),
        ("{id: x, facility: stove, duration: 5, effects: {tick: {money: -1}}}", "not in each tick", ""),
        ("{id: x, facility: stove, duration: 5, requires: ['stock>=1']}", "only tills and counters", ""),
    ],
)
def test_impossible_affordances_are_refused_with_their_place(entry, message, key):
    with pytest.raises(ConfigError, match=message) as refused:
        parse_affordances(manifest(entry), where="m.yaml")
    assert refused.value.where == f"m.yaml:3, affordances[0]{key}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: [", r"not valid YAML: .*\(m.yaml:2\)"),
        ("- 1", r"a mapping of keys to values is expected, found a list  \(m.yaml:1\)"),
        ("schema: 2\naffordances: [{id: x, facility: bed, duration: 1}]", r"must be 1, found 2  \(m.yaml:1, schema\)"),
        ("schema: 1\naffordances: []", r"must have at least 1 entries, found 0  \(m.yaml:2, affordances\)"),
        ("schema: 1\n---\nschema: 1", r"a manifest is one document"),
        ("", r"the file is empty  \(m.yaml\)"),
    ],
)
def test_what_is_no_manifest_is_refused(text, message):
    with pytest.raises(ConfigError, match=message):
        parse_affordances(text, where="m.yaml")


def test_a_place_is_that_of_the_line_it_stands_on():
    text = "schema: 1\naffordances:\n  - id: x\n    facility: stove\n    duration: 5\n    requires:\n      - gas\n"
    with pytest.raises(ConfigError) as refused:
        parse_affordances(text, where="m.yaml")
    assert refused.value.where == "m.yaml:7, affordances[0].requires[0]"


def test_two_of_one_name_are_refused():
    entry = "{id: x, facility: stove, duration: 5}"
    with pytest.raises(ConfigError, match="two affordances are called 'x'") as refused:
        parse_affordances(f"schema: 1\naffordances:\n- {entry}\n- {entry}", where="m")
    assert refused.value.where == "m:4, affordances[1].id"


def test_more_than_a_facility_can_have_are_refused():
    entries = "".join(f"\n- {{id: x{number}, facility: stove, duration: 5}}" for number in range(5))
    with pytest.raises(ConfigError, match="at most 4 affordances") as refused:
        parse_affordances(f"schema: 1\naffordances:{entries}", where="m")
    assert refused.value.where == "m:7, affordances[4]"


def test_a_missing_manifest_is_refused():
    with pytest.raises(ConfigError, match="cannot be read") as refused:
        load_affordances("nothing.yaml")
    assert "found: there is no such file" in refused.value.details
