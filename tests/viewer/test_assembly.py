"""The page: one file, small, closed to the network, and nothing in a recording becomes markup."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from townlet.errors import UsageError
from townlet.viewer import Film, page_of
from townlet.viewer.assembly import live_page
from townlet.viewer.columns import pack

OWN_CODE = 150_000
EVIL = "</script><script>alert(1)</script><!--\"'&\u202e"


class Elements(HTMLParser):
    """Collects the start tags of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def empty(title: str = "a town") -> Film:
    return Film(
        title, {"name": title, "notes": [title], "minds": False}, {"frames": pack({"tick": np.zeros((1, 1), np.int32)})}
    )


def test_our_own_part_of_a_page_is_at_most_150_kilobytes() -> None:
    assert len(page_of([empty()]).text.encode()) < OWN_CODE


def test_so_is_that_of_a_living_town_and_neither_carries_the_code_of_the_other() -> None:
    live, kept = live_page("a town", 80).text, page_of([empty()]).text
    assert len(live.encode()) < OWN_CODE
    assert "class LiveLink" in live
    assert "class LiveLink" not in kept
    assert "class RecordedFilm" in kept
    assert "class RecordedFilm" not in live


def test_a_page_asks_the_network_for_nothing() -> None:
    text = page_of([empty()]).text
    assert re.findall(r"(?:https?:)?//[\w.]+\.\w+/", text) == []
    assert "default-src &#x27;none&#x27;" in text
    for tag, attributes in Elements(text).tags:
        assert "src" not in attributes, tag
        assert tag != "link" or str(attributes["href"]).startswith("data:"), "an icon in the page itself"
        assert not [name for name in attributes if name.startswith("on")], tag


def test_a_title_full_of_markup_changes_nothing_but_words() -> None:
    kind = [tag for tag, _ in Elements(page_of([empty()]).text).tags]
    assert [tag for tag, _ in Elements(page_of([empty(EVIL)]).text).tags] == kind


def test_a_mark_of_the_markup_inside_a_recording_is_left_alone() -> None:
    assert page_of([empty("{{script}}")]).text.count("class App") == 1


def test_the_same_film_makes_the_same_page() -> None:
    assert page_of([empty()]) == page_of([replace(empty())])


@pytest.mark.parametrize("number", [0, 3])
def test_a_page_shows_one_film_or_two(number: int) -> None:
    with pytest.raises(UsageError, match=f"one recording or two side by side, found {number}"):
        page_of([empty()] * number)


def test_a_page_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="the page cannot be written"):
        page_of([empty()]).write(tmp_path / "file" / "page.html")
