"""Words around numbers."""

from __future__ import annotations

import pytest

from townlet.cli.output import counted


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "0 days"), (1, "1 day"), (1.0, "1 day"), (0.5, "0.5 days"), (2, "2 days"), (12_345, "12,345 days")],
)
def test_a_number_of_things(number: float, words: str) -> None:
    assert counted(number, "day") == words


def test_a_plural_of_its_own() -> None:
    assert (counted(1, "pass", "passes"), counted(3, "pass", "passes")) == ("1 pass", "3 passes")
