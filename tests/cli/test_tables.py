"""The printer of tables: what it lines up, what it wraps, what it never does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from townlet.cli import tables
from townlet.cli.tables import Styled, emit_facts, emit_table, verdict

WORDS = ("self-sufficient", "mean need", "attendance", "wages", "queue conflicts")
ROWS = [("day 0", "97%", "0.71", "100%", "31.4", "0.02"), ("day 1, begun", "8%", "0.07", "-", "2,131.4", "0.00")]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch):
    """Makes stdout a terminal of so many columns, without colours."""

    def _terminal(columns: int, *, colours: bool = False) -> None:
        monkeypatch.setattr(tables, "window", lambda: columns)
        if colours:
            monkeypatch.setenv("FORCE_COLOR", "1")
            monkeypatch.delenv("NO_COLOR", raising=False)
            monkeypatch.setenv("TERM", "xterm-256color")

    return _terminal


def printed(capsys: pytest.CaptureFixture[str], header, rows, **more) -> list[str]:
    capsys.readouterr()
    emit_table(header, rows, **more)
    return capsys.readouterr().out.splitlines()


def test_numbers_stand_on_the_right_and_words_on_the_left(capsys) -> None:
    lines = printed(capsys, ("name", "towns", "verdict"), [("a", "1", "better"), ("bcd", "1,000", "worse")])
    assert lines == [
        "name  towns  verdict",
        "────────────────────",
        "a         1  better",
        "bcd   1,000  worse",
    ]


@pytest.mark.parametrize(
    "number", ["7", "-0.5", "+1.2e-05", "1,024", "97%", "12.5 %", "1.2 MB", "0.1 to 0.7", "-1 to +2", "3 of 16", "-"]
)
def test_what_a_number_is(capsys, number: str) -> None:
    lines = printed(capsys, ("x",), [(number,), ("1,000,000,000,000",)])
    assert lines[2] == number.rjust(17)


def test_what_is_not_known_is_a_dash(capsys) -> None:
    assert printed(capsys, ("x", "why"), [("1", "so"), ("", "")])[2:] == ["1  so", "-"]


@pytest.mark.parametrize("columns", [50, 60, 80, 120, 200])
def test_every_number_is_whole_and_under_its_heading_in_any_window(capsys, terminal, columns: int) -> None:
    terminal(columns)
    lines = printed(capsys, ("", *WORDS), ROWS)
    assert max(map(len, lines)) <= columns
    words = " ".join(lines).split()
    for cell in (c for row in ROWS for c in row[1:] if c != "-"):
        assert cell in words
    for heading in " ".join(WORDS).split():
        assert heading in words, "a word of a heading was broken"
    blocks = "\n".join(lines).split("\n\n")
    assert all("day 1, begun" in block for block in blocks), "a block does not say what its rows are"


def test_a_wide_table_is_dealt_out_to_blocks(capsys, terminal) -> None:
    terminal(40)
    assert printed(capsys, ("", *WORDS), ROWS) == [
        "              self-sufficient  mean need",
        "────────────────────────────────────────",
        "day 0                     97%       0.71",
        "day 1, begun               8%       0.07",
        "",
        "              attendance    wages",
        "─────────────────────────────────",
        "day 0               100%     31.4",
        "day 1, begun           -  2,131.4",
        "",
        "              queue conflicts",
        "─────────────────────────────",
        "day 0                    0.02",
        "day 1, begun             0.00",
    ]


def test_columns_move_closer_where_that_makes_a_table_fit(capsys, terminal) -> None:
    terminal(10)
    assert printed(capsys, ("name", "towns"), [("a", "1")]) == ["name towns", "──────────", "a        1"]


def test_a_heading_of_two_words_takes_two_lines_before_anything_else_gives_way(capsys, terminal) -> None:
    terminal(34)
    assert printed(capsys, ("", "attendance", "lives ended"), [("day 1, begun", "97%", "0.71")]) == [
        "                          lives",
        "              attendance  ended",
        "───────────────────────────────",
        "day 1, begun         97%   0.71",
    ]


def test_prose_wraps_between_words(capsys, terminal) -> None:
    terminal(40)
    why = "the requirement torch>=2.4 is not installed here"
    lines = printed(capsys, ("name", "why"), [("pytorch", why), ("b", "-")])
    assert max(map(len, lines)) <= 40
    assert " ".join(line[9:] for line in lines[2:-1]) == why


def test_a_path_is_never_broken(capsys, terminal) -> None:
    terminal(30)
    path = "/a/very/long/path/that/is/wider/than/the/window"
    lines = printed(capsys, ("run", "folder"), [("first", path)])
    assert any(path in line for line in lines)


def test_piped_each_row_is_one_line(capsys) -> None:
    assert len(printed(capsys, ("a", "why"), [("x", "word " * 60), ("y", "z")])) == 4


def test_a_rule_stands_above_the_rows_that_ask_for_it(capsys) -> None:
    lines = printed(capsys, ("a",), [("1",), ("2",), ("3",)], rules=(2,))
    assert lines == ["a", "─", "1", "2", "─", "3"]


def test_facts_hang_under_each_other(capsys, terminal) -> None:
    terminal(30)
    emit_facts([("name", "pytorch"), ("summary", "a network that learns, on the CPU or a GPU")])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "name     pytorch"
    assert lines[1].startswith("summary  a network")
    assert all(line.startswith("         ") for line in lines[2:])


def test_verdicts_have_colours_on_a_terminal_only(capsys, terminal, monkeypatch) -> None:
    rows = [("a", verdict("better")), ("b", verdict("worse"))]
    assert "\x1b" not in "".join(printed(capsys, ("x", "verdict"), rows))
    terminal(80, colours=True)
    lines = printed(capsys, ("x", "verdict"), rows)
    assert "\x1b[32mbetter" in lines[2]
    assert "\x1b[31mworse" in lines[3]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in "".join(printed(capsys, ("x", "verdict"), rows))


def test_a_name_moves_no_cursor(capsys, terminal) -> None:
    terminal(80)
    lines = printed(capsys, ("name", "n"), [("\x1b[2Jé\n", "1"), (Styled("\x1b]0;x", "red"), "2")])
    assert "\x1b[2J" not in "".join(lines)
    assert "\\u001b[2Jé\\u000a" in lines[2]


def test_without_unicode_the_rule_is_ascii(capsys, monkeypatch) -> None:
    monkeypatch.setattr(tables, "_rule", lambda: "-")
    monkeypatch.setattr(tables, "_is_plain", lambda *_, **__: False)
    assert printed(capsys, ("a", "b"), [("x", "1")]) == ["a  b", "----", "x  1"]


cell = st.text("ab1 .-+%,", max_size=8).map(str.strip)


@given(st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(cell, min_size=n, max_size=n), min_size=1, max_size=4)))
def test_with_and_without_rich_a_table_is_the_same(rows: list[list[str]]) -> None:
    header, rest = rows[0], rows[1:]
    columns = [tables._column(h, [Styled(row[c], "") for row in rest]) for c, h in enumerate(header)]
    if rest and sum(column.natural for column in columns):
        plain = tables._plain_lines(columns, (1,), headed=True)
        assert plain == tables._rich_lines(columns, (1,), headed=True)


def test_a_plain_table_does_without_rich(python) -> None:
    code = "import sys; from townlet.cli.tables import emit_table; emit_table(('a',), [('1',)])"
    code += "; print('rich' in sys.modules)"
    assert python("-c", code).out.split()[-1] == "False"
