"""Allow and deny lists: read when asked, spelt as one likes, refused when misspelt."""

from __future__ import annotations

from typing import Any

import pytest

from townlet.errors import BackendBlockedError, ConfigError, UsageError
from townlet.plugins import Selection, State, scan
from townlet.plugins.choosing import choose
from townlet.plugins.selection import apply_selection


def states(selection: Selection) -> dict[str, State]:
    return {row.name: row.state for row in apply_selection(scan(), selection)}


@pytest.fixture
def two(site: Any) -> Any:
    site.add("foo", aliases=("f",))
    site.add("bar")
    return site


@pytest.mark.parametrize("entry", ["foo", "FOO", "f", "acme-foo", "Acme_Foo", "acme-foo:foo"])
def test_ways_to_say_it(two: Any, entry: str) -> None:
    denied, allowed = Selection(disabled=frozenset({entry})), Selection(only=frozenset({entry}))
    for selection in (denied, allowed):
        selection.check(scan())
    assert states(denied) == {"foo": State.BLOCKED, "bar": State.PRESENT}
    assert states(allowed) == {"foo": State.PRESENT, "bar": State.BLOCKED}


def test_nothing_is_blocked_by_default(two: Any) -> None:
    assert set(states(Selection()).values()) == {State.PRESENT}


def test_environment_is_read_when_asked(two: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose("foo") is not None
    monkeypatch.setenv("TOWNLET_DISABLE_BACKENDS", "foo bar")
    for name in ("foo", "bar"):
        with pytest.raises(BackendBlockedError):
            choose(name)


def test_flags_add_to_the_environment(two: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOWNLET_DISABLE_BACKENDS", "foo")
    selection = Selection.from_environment(["bar"])
    assert set(states(selection).values()) == {State.BLOCKED}
    assert selection.settings() == {"--disable-backend": "bar", "TOWNLET_DISABLE_BACKENDS": "foo"}
    assert [row.why for row in apply_selection(scan(), selection)] == [
        "switched off by --disable-backend",
        "switched off by TOWNLET_DISABLE_BACKENDS",
    ]


def test_both_lists(two: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOWNLET_ONLY_BACKENDS", "foo,bar")
    monkeypatch.setenv("TOWNLET_DISABLE_BACKENDS", "foo")
    assert states(Selection.from_environment()) == {"foo": State.BLOCKED, "bar": State.PRESENT}


@pytest.mark.parametrize("text", ["", "  ", ",", " , "])
def test_an_empty_list_is_no_list(two: Any, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("TOWNLET_ONLY_BACKENDS", text)
    monkeypatch.setenv("TOWNLET_DISABLE_BACKENDS", text)
    assert choose("foo") is not None


@pytest.mark.parametrize("variable", ["TOWNLET_ONLY_BACKENDS", "TOWNLET_DISABLE_BACKENDS"])
def test_a_misspelt_entry_is_refused(two: Any, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "foo,scriptd")
    with pytest.raises(ConfigError) as caught:
        choose("foo")
    assert caught.value.summary == f"{variable} names an unknown policy backend: 'scriptd'"
    assert caught.value.details[0] == "did you mean 'scripted'?"


def test_a_misspelt_flag_is_refused(two: Any) -> None:
    with pytest.raises(UsageError, match="--disable-backend names an unknown policy backend: 'fooo'"):
        choose("bar", None, Selection.from_environment(["fooo"]))


@pytest.mark.parametrize("entry", ["pytorch", "torch", "townlet-backend-pytorch", "stub"])
def test_known_but_not_installed_may_be_listed(two: Any, entry: str) -> None:
    assert choose("foo", None, Selection(disabled=frozenset({entry}))) is not None


def test_the_stub_can_be_denied_but_not_forgotten(two: Any) -> None:
    with pytest.raises(BackendBlockedError):
        choose("stub", None, Selection(disabled=frozenset({"stub"})))
    assert choose("stub", None, Selection(only=frozenset({"foo"}))) is None
