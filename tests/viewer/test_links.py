"""Pages that link into the page of a town."""

from __future__ import annotations

from pathlib import Path

from townlet.data import Dataset
from townlet.evaluation.moments import moment_link
from townlet.viewer import watch_page


def test_a_moment_is_named_by_tick_and_agent() -> None:
    assert moment_link("a.html") == "a.html#t=0"
    assert moment_link("a.html", tick=412, agent="a&b #\u202e<") == "a.html#t=412&agent=a%26b+%23%E2%80%AE%3C"


def test_a_link_is_relative_to_the_page_that_holds_it_and_quoted(recording: Dataset, tmp_path: Path) -> None:
    target = tmp_path / "pages of #1" / "a b.html"
    assert watch_page(recording, target, linked_from=tmp_path / "index.html") == "pages%20of%20%231/a%20b.html"
    assert target.is_file()
    assert watch_page(recording, target, linked_from=tmp_path / "other" / "index.html").startswith("../pages%20of")
