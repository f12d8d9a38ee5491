"""The sums of the page on scaling are those of its numbers."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def sums():
    """The script that works them out."""
    spec = importlib.util.spec_from_file_location("scaling", ROOT / "benchmarks/executors/scaling.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def page(sums) -> str:
    return sums.PAGE.read_text(encoding="utf-8")


def test_every_table_is_worked_out_from_the_numbers_of_the_page(sums, page):
    assert sums.worked_out(page) == page, "python benchmarks/executors/scaling.py writes them"
    assert set(re.findall("<!-- worked out: (.*) -->", page)) == set(sums.TABLES)


@pytest.mark.parametrize("name", ["e", "r", "b", "g", "p", "w", "m", "c", "n", "lc", "lg"])
def test_each_number_counts(sums, page, name):
    (row,) = [line for line in page.splitlines() if f"(`{name}`) |" in line]
    other = row.replace("| ", "| 9", 2).replace("| 9", "| ", 1)
    assert sums.worked_out(page.replace(row, other)) != page.replace(row, other)


def test_each_number_says_whether_it_was_measured(sums, page):
    rows = [line for line in page.splitlines() if re.search(r"\(`\w+`\) \|", line)]
    assert len(rows) == len(sums.numbers(page))
    assert all(re.search(r"\| (measured|assumed|a file)[^|]* \|$", row) for row in rows)


def test_numbers_are_short(sums):
    assert [sums.short(value) for value in (0.0443, 4.4, 13, 369_230, 99_600, 1)] == [
        "0.044", "4.4", "13", "370,000", "100,000", "1.0",
    ]  # fmt: skip
