"""One spelling for each name, and the parts of a qualified one."""

from __future__ import annotations

import pytest

from townlet.plugins.names import canonical, split_qualified


@pytest.mark.parametrize(
    ("typed", "name"),
    [("PyTorch", "pytorch"), (" my_backend ", "my-backend"), ("My.Back__End", "my-back-end"), ("a-_-b", "a-b")],
)
def test_canonical(typed: str, name: str) -> None:
    assert canonical(typed) == name


@pytest.mark.parametrize(
    ("typed", "parts"),
    [
        ("scripted", (None, "scripted")),
        ("Acme_Minds:Scripted", ("acme-minds", "scripted")),
        (":scripted", ("", "scripted")),
    ],
)
def test_split_qualified(typed: str, parts: tuple[str | None, str]) -> None:
    assert split_qualified(typed) == parts
