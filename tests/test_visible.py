"""Text of files and people, before a terminal sees it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from townlet.errors import TownletError
from townlet.visible import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "\\u001b[2J"),
        ("\x1b]8;;http://x\x07here", "\\u001b]8;;http://x\\u0007here"),
        ("\x9b31m", "\\u009b31m"),
        ("a\rb\bc\x7f", "a\\u000db\\u0008c\\u007f"),
        ("a\nb\tc", "a\\u000ab\\u0009c"),
        ("\u202egnp.exe\u2066", "\\u202egnp.exe\\u2066"),
        ("a\u2028b", "a\\u2028b"),
        ("\udc80", "\\udc80"),
    ],
)
def test_what_a_terminal_would_obey_is_spelled_out(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    "text", ["", "Zoë", "東京", "שלום", "مرحبا", "می‌خواهم", "👩‍🌾", "naïve – “quoted”", "a\u00a0b"]
)
def test_writing_of_people_stays(text: str) -> None:
    assert visible(text) == text


def test_lines_stay_where_they_are_wanted() -> None:
    assert visible("a\n\tb\r\x1b", lines=True) == "a\n\tb\\u000d\\u001b"


@given(st.text(st.characters()))
def test_what_is_shown_is_shown_again_as_it_is(text: str) -> None:
    once = visible(text)
    assert visible(once) == once
    assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in once)
    once.encode()


@given(st.text(st.characters()))
def test_a_json_document_says_the_same(text: str) -> None:
    assert json.loads(visible(json.dumps([text], ensure_ascii=False), lines=True)) == [text]


class TestErrors:
    def test_no_part_of_an_error_is_obeyed(self) -> None:
        told = str(TownletError("bad\x1b[2J", where="a\nb\u202e", details=("found \x07",)))
        assert told == "bad\\u001b[2J  (a\\u000ab\\u202e)\n  found \\u0007"

    def test_a_line_from_a_file_cannot_pass_for_ours(self) -> None:
        told = str(TownletError("it says x\nerror: pay", details=("y\nerror: now",)))
        assert told == "it says x\n  error: pay\n  y\n  error: now"
