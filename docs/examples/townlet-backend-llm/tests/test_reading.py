"""Answers are read however they are written, and never more is read than is possible."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("httpx")
pytest.importorskip("jinja2")

from hypothesis import given
from hypothesis import strategies as st
from townlet.api import ObservationBatch, Question
from townlet.config import load_config
from townlet.play.stage import town_spec

from townlet_backend_llm.reading import Unreadable, read_plan
from townlet_backend_llm.service import _count

NAMES = ("wait", "north", "use")


@pytest.fixture(scope="module")
def question() -> Question:
    seen = ObservationBatch.empty(town_spec(load_config(None, ["town.map=hamlet"])), 1)
    return Question(agent="a", tick=0, observation=seen, words="", menu=("0 wait", "1 north"), choices=(0, 1))


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ('{"steps": [{"action": "north", "ticks": 4}, {"action": "use", "ticks": 2}]}', [(1, 4), (2, 2)]),
        ('{"action": "NORTH"}', [(1, 1)]),
        ('{"steps": ["north", "wait"]}', [(1, 1), (0, 1)]),
        ('{"steps": {"action": "1 north", "ticks": "7"}}', [(1, 7)]),
        ('{"steps": [{"action": 1, "ticks": 1e9}, {"action": "fly"}, {"action": "use"}]}', [(1, 200)]),
        ('thinking {not json} {"a": 1} {"steps": [{"action": "0", "ticks": -3}]}', [(0, 1)]),
        ('{"steps": [{"action": "north", "ticks": NaN}]}', [(1, 1)]),
    ],
)
def test_an_answer_is_read_however_it_is_written(text: str, steps, question) -> None:
    plan = read_plan(text, question, NAMES, ("hunger",), 3)
    assert [(step.action, step.ticks) for step in plan.steps] == steps


@pytest.mark.parametrize(
    "text", ["", "north", "{}", '{"steps": []}', '{"steps": ["use"]}', '{"action": true}', "{" * 5000]
)
def test_what_holds_no_possible_action_is_unreadable(text: str, question) -> None:
    with pytest.raises(Unreadable):
        read_plan(text, question, NAMES, (), 3)


_KEYS = ["steps", "action", "ticks", "until", "feature", "below", "reasons", "x"]
_LEAF = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["north", "hunger", "wait"])
)
_DEEPER = _LEAF | st.lists(_LEAF, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), _LEAF, max_size=4)
_JSON = st.dictionaries(st.sampled_from(_KEYS), _DEEPER | st.lists(_DEEPER, max_size=4), max_size=5)


@given(st.one_of(st.text(), _JSON.map(json.dumps)))
def test_whatever_is_written_gives_a_possible_plan_or_is_unreadable(question, text: str) -> None:
    try:
        plan = read_plan(text, question, NAMES, ("hunger",), 3)
    except Unreadable:
        return
    assert plan.steps[0].action in question.choices
    assert len(plan.steps) <= 3
    assert all(step.action < 3 and 1 <= step.ticks <= 200 for step in plan.steps)
    assert all(0 <= condition.limit <= 1 for condition in plan.until)


@pytest.mark.parametrize("said", [-1, 1.5, "7", None, True, 10**30])
def test_what_a_service_cannot_have_used_is_not_counted(said) -> None:
    assert _count(said) == 0
    assert _count(12) == 12
