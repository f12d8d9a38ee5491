from __future__ import annotations

import json
from dataclasses import replace

import pytest

from townlet.api import TownFacts
from townlet.errors import ContractError

FACTS = TownFacts(
    map="riverside",
    map_digest="a" * 64,
    agents=8,
    height=48,
    width=40,
    facilities={"stove": 2, "bed": 8},
    rules={"economy.rent": 11.0, "outside.enabled": True},
)


def test_json_round_trip() -> None:
    again = TownFacts.from_json(json.loads(json.dumps(FACTS.to_json())))
    assert again == FACTS
    assert again.digest() == FACTS.digest()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"map_digest": "b" * 64}, "the map is another 'riverside'"),
        ({"map_digest": "b" * 64, "map": "hamlet"}, "the map is 'riverside' here and 'hamlet' there"),
        ({"agents": 4}, "agents: 8 here and 4 there"),
        ({"rules": {"economy.rent": 12.0, "outside.enabled": True}}, "economy.rent: 11.0 here and 12.0 there"),
        ({"rules": {"economy.rent": 11.0}}, "outside.enabled: True here and nothing there"),
        ({"facilities": {"stove": 1, "bed": 8}}, "number of stove: 2 here and 1 there"),
    ],
)
def test_every_difference_is_told_and_changes_the_digest(change: dict[str, object], words: str) -> None:
    other = replace(FACTS, **change)  # type: ignore[arg-type]
    assert FACTS.differences(other) == (words,)
    assert other.digest() != FACTS.digest()


def test_the_name_of_a_map_alone_changes_nothing() -> None:
    other = replace(FACTS, map="a copy of it")
    assert FACTS.differences(other) == ()
    assert other.digest() == FACTS.digest()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"map_digest": "short"}, "SHA-256"),
        ({"agents": -1}, "agents must not be below 0"),
        ({"facilities": {"bed": -2}}, "bed must not be below 0"),
        ({"rules": {"x": float("nan")}}, "x is nan"),
        ({"rules": {"x": [1]}}, "neither text nor a finite number"),
    ],
)
def test_bad_facts_are_refused_at_birth(change: dict[str, object], message: str) -> None:
    with pytest.raises(ContractError, match=message):
        replace(FACTS, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize("data", [{}, {"map": "x"}, {**FACTS.to_json(), "facilities": 3}])
def test_json_that_is_no_facts_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(ContractError, match="not the facts of a town"):
        TownFacts.from_json(data)
