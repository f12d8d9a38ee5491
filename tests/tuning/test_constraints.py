from __future__ import annotations

import pytest

from townlet.errors import UsageError
from townlet.tuning.constraints import Constraint, check_objective, parse_constraints, shortfall


def test_a_constraint_is_a_figure_a_sense_and_a_number():
    assert parse_constraints(["self_sufficiency >= 0.99", " wages<=30 "]) == (
        Constraint("self_sufficiency", True, 0.99),
        Constraint("wages", False, 30.0),
    )
    assert str(Constraint("self_sufficiency", True, 0.99)) == "self_sufficiency >= 0.99"


def test_the_shortfall_is_what_is_missing_and_nothing_where_bounds_are_kept():
    constraints = parse_constraints(["attendance >= 0.9", "starvations <= 0.05"])
    assert shortfall(constraints, {"attendance": 0.9, "starvations": 0.05}) == 0
    assert shortfall(constraints, {"attendance": 0.8, "starvations": 0.06}) == pytest.approx(0.11)


def test_a_figure_that_nothing_was_counted_of_binds_nothing():
    assert shortfall(parse_constraints(["attendance >= 0.9"]), {"reward": 1.0}) == 0


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["self_sufficiency > 0.99"], "is not a constraint"),
        (["0.99"], "is not a constraint"),
        (["self_sufficiency >= much"], "'much' in .* is not a number"),
        (["self_sufficiency >= nan"], "'nan' in .* is not a number"),
        (["self_suficiency >= 0.9"], "there is no key figure(.|\n)*did you mean 'self_sufficiency'"),
        (["self_sufficiency >= 1.5"], "no town can meet .*between 0 and 1"),
        (["attendance <= -0.1"], "no town can meet"),
        (["reward >= 1", "reward <= 0.5"], "'reward >= 1' and 'reward <= 0.5' cannot both hold"),
    ],
)
def test_what_makes_no_sense_is_refused(texts, message):
    with pytest.raises(UsageError, match=message):
        parse_constraints(texts)


def test_two_bounds_that_meet_can_be_kept():
    assert len(parse_constraints(["reward >= 0.5", "reward <= 0.5"])) == 2


def test_the_objective_is_a_key_figure():
    assert check_objective("wages") == "wages"
    with pytest.raises(UsageError, match="did you mean 'wages'"):
        check_objective("wage")
