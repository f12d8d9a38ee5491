"""The tables of answers: each name once, each condition about something that is known by then."""

from __future__ import annotations

import pytest

from townlet_backend_scripted.rules import RULES, Rule
from townlet_backend_scripted.situation import CONCLUSIONS, NAMES, bit, pattern


def test_every_answer_has_a_bit_of_its_own():
    assert len(set(NAMES)) == len(NAMES) <= 64


@pytest.mark.parametrize("number", range(len(CONCLUSIONS)), ids=[c.name for c in CONCLUSIONS])
def test_a_conclusion_rests_on_what_stands_before_it(number):
    drawn = CONCLUSIONS[number]
    before = NAMES[: NAMES.index(drawn.name)]
    assert {condition.removeprefix("not ") for case in drawn.cases for condition in case} <= set(before)


def test_a_condition_asks_about_one_bit():
    assert pattern(("busy", "not poor")) == (bit("busy") | bit("poor"), bit("busy"))
    assert pattern(()) == (0, 0)


def test_an_unknown_condition_is_refused():
    with pytest.raises(ValueError, match="sleppy"):
        Rule("go to bed", "bed", "sleppy")


def test_the_last_rule_always_holds():
    assert (RULES[-1].asked, RULES[-1].so) == (0, 0)
