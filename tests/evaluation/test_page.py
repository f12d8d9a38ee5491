from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from townlet.errors import UsageError
from townlet.evaluation.page import Page
from townlet.evaluation.plots import queue_lengths

VOID = {"meta", "br", "img", "path", "use", "rect", "circle", "line"}


class Balance(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        pass

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def page() -> Page:
    page = Page("A <town> & its people", "lead")
    page.heading("Heading")
    page.text("x < y")
    page.verdict("better")
    page.table(["a", "b"], [("1", "2"), ("3", "4")], marks=["better", None])
    page.figure("dots", queue_lengths(np.ones((2, 8), np.uint32), ["bed", "stove"]), 'a "picture"')
    return page


def test_the_page_is_balanced_and_everything_is_escaped() -> None:
    text = page().html()
    parser = Balance()
    parser.feed(text)
    assert parser.open == []
    assert "A &lt;town&gt; &amp; its people" in text
    assert "<town>" not in text
    assert 'aria-label="a &quot;picture&quot;"' in text


def test_nothing_is_fetched_from_elsewhere() -> None:
    links = re.findall(r'(?:src|href)\s*=\s*"([^"]*)"', page().html())
    assert all(link.startswith("#") for link in links), "only references inside the page's own pictures"
    assert "@import" not in page().html()


def test_marked_rows_carry_their_class() -> None:
    assert page().html().count('class="better"') == 2


def test_a_sentence_in_a_table_is_broken_and_a_number_is_not() -> None:
    page = Page("a page")
    page.table(["stage", "objections"], [["3", "loss rose by 395%; the limit is 10%; " * 3]], ["worse"])
    assert '<td class="worse">3</td><td class="worse words">loss rose' in page.html()


def test_the_page_is_written_with_its_folder(tmp_path: Path) -> None:
    path = page().write(tmp_path / "new" / "page.html")
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    with pytest.raises(UsageError, match="cannot be written"):
        page().write(path / "below-a-file.html")


@pytest.mark.parametrize("form", ["svg", "png", "html"])
def test_pictures_are_written_one_by_one(tmp_path: Path, form: str) -> None:
    (path,) = page().write_figures(tmp_path / "pictures", form)  # type: ignore[arg-type]
    assert path == tmp_path / "pictures" / f"dots.{form}"
    assert path.stat().st_size > 1000
