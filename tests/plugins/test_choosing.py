"""Which backend a name stands for, and in which order the steps refuse it."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from townlet.errors import (
    BackendBlockedError,
    BackendConflictError,
    BackendDependencyError,
    BackendIncompatibleError,
    BackendNotInstalledError,
    ConfigError,
    TownletError,
    UsageError,
)
from townlet.plugins import Selection
from townlet.plugins.choosing import choose

ALL = Selection()


@pytest.mark.parametrize(
    "typed",
    ["my-mind", "My_Mind", " MY.MIND ", "mm", "MM", "acme-minds", "Acme_Minds", "acme-minds:my-mind", "acme_minds:mm"],
)
def test_ways_to_say_it(site: Any, typed: str) -> None:
    site.add("my-mind", distribution="acme-minds", aliases=("mm",))
    row = choose(typed, None, ALL)
    assert row is not None
    assert row.qualified == "acme-minds:my-mind"


@pytest.mark.parametrize("typed", ["stub", "STUB", "townlet-core:stub"])
def test_stub(site: Any, typed: str) -> None:
    assert choose(typed, None, ALL) is None


def test_nobody_can_claim_the_stub(site: Any) -> None:
    site.add("stub")
    assert choose("stub", None, ALL) is None


def test_qualified_settles_a_conflict(site: Any) -> None:
    site.add("foo", distribution="one")
    site.add("foo", distribution="two")
    row = choose("two:foo", None, ALL)
    assert row is not None
    assert row.distribution == "two"


def test_blocking_one_settles_a_conflict(site: Any) -> None:
    site.add("foo", distribution="one")
    site.add("foo", distribution="two")
    row = choose("foo", None, Selection(disabled=frozenset({"one"})))
    assert row is not None
    assert row.distribution == "two"


def test_qualified_takes_a_reserved_name(site: Any) -> None:
    site.add("pytorch", distribution="impostor")
    row = choose("impostor:pytorch", None, ALL)
    assert row is not None
    assert row.distribution == "impostor"


def test_an_alias_of_two_backends_stands_for_neither(site: Any) -> None:
    site.add("foo", aliases=("shared",))
    site.add("bar", aliases=("shared",))
    with pytest.raises(BackendConflictError) as caught:
        choose("shared", None, ALL)
    assert caught.value.details[0] == "acme-bar 1.0: say 'acme-bar:bar'"


def test_a_distribution_of_two_backends_does_not_name_one(site: Any) -> None:
    site.metadata("acme-two", "1", "[townlet.backends]\none = acme_two.one\nother = acme_two.other\n")
    with pytest.raises(BackendNotInstalledError):
        choose("acme-two", None, ALL)


def test_another_distribution_of_that_name(site: Any) -> None:
    site.add("foo", distribution="one")
    with pytest.raises(BackendNotInstalledError, match="'elsewhere:foo' is not installed"):
        choose("elsewhere:foo", None, ALL)


@pytest.mark.parametrize("typed", ["", ":", "foo:", "\x00", "a" * 10_000, "../../etc", "stub:stub:stub"])
def test_nonsense(site: Any, typed: str) -> None:
    site.add("foo")
    with pytest.raises((BackendNotInstalledError, ConfigError)):
        choose(typed, None, ALL)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(typed=st.text(max_size=40))
def test_any_name_is_answered(site: Any, typed: str) -> None:
    with contextlib.suppress(TownletError):
        choose(typed, None, Selection(disabled=frozenset({"pytorch"})))


class TestOrder:
    """The first failing step decides; each row adds the cure of the one before."""

    def test_steps(self, site: Any) -> None:
        everything_wrong: dict[str, Any] = {"api": ">=9", "requires": ("lib>=1",), "plugin": "raise ValueError"}
        site.add("foo", distribution="one", **everything_wrong)
        site.add("foo", distribution="two", **everything_wrong)
        both = Selection(disabled=frozenset({"foo"}))
        with pytest.raises(UsageError):  # the lists themselves
            choose("foo", None, Selection(disabled=frozenset({"nobody-knows"})))
        with pytest.raises(BackendBlockedError):  # step 2
            choose("one:foo", None, both)
        with pytest.raises(BackendConflictError):  # step 4
            choose("foo", None, ALL)
        with pytest.raises(BackendIncompatibleError):  # step 5
            choose("one:foo", None, ALL)
        site.add("foo", distribution="one", requires=("lib>=1",))
        with pytest.raises(BackendDependencyError):  # step 6
            choose("one:foo", None, ALL)
        assert choose("one:foo", None, ALL, requirements=False) is not None
        site.metadata("lib", "1.0")
        site.add("foo", distribution="one", requires=("lib>=1",))
        assert choose("one:foo", None, ALL) is not None
