"""Numbers on the command line: within bounds, and what is expected where somebody typed something else."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from townlet.cli.app import townlet
from townlet.cli.ranges import DAYS, FiniteRange, WholeRange


def said(numbers: click.ParamType, typed: str) -> str:
    with pytest.raises(click.BadParameter) as refused:
        numbers.convert(typed, None, None)
    return refused.value.message


@pytest.mark.parametrize(
    ("numbers", "typed", "message"),
    [
        (WholeRange(1, 64), "two", "'two' is not a whole number; expected one from 1 up to 64."),
        (WholeRange(1, 100_000), "1.5", "'1.5' is not a whole number; expected one from 1 up to 100,000."),
        (WholeRange(min=1), "", "'' is not a whole number; expected one from 1 on."),
        (FiniteRange(min=0), "fast", "'fast' is not a number; expected one from 0 on."),
        (FiniteRange(0, 1, min_open=True, max_open=True), "x", "'x' is not a number; expected one above 0 below 1."),
        (DAYS, "a week", "'a week' is not a number; expected one above 0 up to 1e+06."),
        (DAYS, "nan", "nan is not a finite number; expected one above 0 up to 1e+06."),
    ],
)
def test_what_is_none_is_told_what_is_expected(numbers: click.ParamType, typed: str, message: str) -> None:
    assert said(numbers, typed) == message


def test_further_than_a_database_counts() -> None:
    assert said(WholeRange(min=1), "9" * 30) == f"{'9' * 30} is too large; expected at most {2**62}."


def test_out_of_bounds() -> None:
    assert "1<=x<=64" in said(WholeRange(1, 64), "65")
    assert "x>=0" in said(FiniteRange(min=0), "-0.5")


def test_a_number_is_one() -> None:
    assert (WholeRange(1, 64).convert("64", None, None), DAYS.convert("0.5", None, None)) == (64, 0.5)


def parameters(command: click.Command, name: str) -> Iterator[tuple[str, click.Parameter]]:
    yield from ((name, parameter) for parameter in command.params)
    if isinstance(command, click.Group):
        context = click.Context(command)
        for below in command.list_commands(context):
            other = command.get_command(context, below)
            assert other is not None
            yield from parameters(other, f"{name} {below}")


def test_no_command_leaves_the_words_to_click() -> None:
    numbers = [
        (f"{where} {parameter.opts[0]}", parameter.type)
        for where, parameter in parameters(townlet, "townlet")
        if isinstance(parameter.type, click.IntRange | click.FloatRange)
    ]
    assert len(numbers) > 20
    plain = {name for name, kind in numbers if not isinstance(kind, WholeRange | FiniteRange)}
    assert plain <= {"townlet backends doctor --timeout"}
