"""What differs from town to town behind one interface is told, and nothing of the machine it was read on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from townlet.config.root import TownletConfig
from townlet.config.town import TownConfig
from townlet.envs import TownEngine
from townlet.observations import town_facts
from townlet.world.names import FACILITY_KINDS

HAMLET = {"map": "hamlet"}


def facts(**town: object):
    return town_facts(TownConfig.model_validate({**HAMLET, **town}))


def test_they_agree_with_the_compiled_town() -> None:
    engine = TownEngine(TownletConfig.model_validate({"town": HAMLET}), [1])
    found = facts()
    ground = engine.tables.map
    assert (found.height, found.width) == ground.walkable.shape
    assert found.agents == engine.agents
    counted = {kind: int((ground.object_kind == k).sum()) for k, kind in enumerate(FACILITY_KINDS)}
    assert found.facilities == counted
    assert found.rules["economy.rent"] == engine.tables.rules.rent
    assert found.rules["affordances.cook.duration"] == 40


@pytest.mark.parametrize(
    ("town", "words"),
    [
        ({"map": "riverside"}, "the map is 'hamlet' here and 'riverside' there"),
        ({"economy": {"rent": 12.0}}, "economy.rent: 11.0 here and 12.0 there"),
        ({"outside": {"enabled": False}}, "outside.enabled: True here and False there"),
        ({"needs": {"hunger_decay": 0.003}}, "needs.hunger_decay: 0.002 here and 0.003 there"),
    ],
)
def test_another_town_has_other_facts_said_in_words(town: dict[str, object], words: str) -> None:
    other = facts(**town)
    assert facts().differences(other)[0] == words
    assert other.digest() != facts().digest()


def test_the_length_of_the_day_is_no_fact_but_part_of_the_interface() -> None:
    assert "time.day_ticks" not in facts().rules
    assert "time.hour_ticks" in facts().rules


def test_a_copy_of_a_map_under_another_name_is_the_same_town(tmp_path: Path) -> None:
    from importlib.resources import files

    copy = tmp_path / "mine.yaml"
    copy.write_text((files("townlet.world") / "data" / "maps" / "hamlet.yaml").read_text())
    found = facts(map=str(copy))
    assert found.digest() == facts().digest()
    assert str(tmp_path) not in json.dumps(found.to_json())


def test_what_an_affordance_does_is_a_fact(tmp_path: Path) -> None:
    from importlib.resources import files

    text = (files("townlet.world") / "data" / "affordances" / "core.yaml").read_text()
    slow = tmp_path / "slow.yaml"
    slow.write_text(text.replace("duration: 40", "duration: 50"))
    assert facts().differences(facts(affordances=str(slow))) == ("affordances.cook.duration: 40 here and 50 there",)


def test_a_generated_town_is_told_apart_by_its_map_not_by_its_seed() -> None:
    one, two = (facts(map="generated", generator={"agents": 16, "seed": seed}) for seed in (1, 2))
    assert one.differences(two)
    assert not any("seed" in words for words in one.differences(two))
