"""What a conformance check is, and how it says what it found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from townlet.testing.subject import Subject

__all__ = ["LEVELS", "Check", "CheckFailure", "CheckSkip", "collect", "expect"]

LEVELS: tuple[str, ...] = (
    "packaging",
    "import hygiene",
    "protocol",
    "semantics",
    "determinism and state",
    "learning",
    "resources",
    "slow minds",
)
"""Names of the levels; a check's level is an index into them."""


class CheckFailure(AssertionError):  # noqa: N818 - what a check found, not what went wrong in it
    """The backend does not do what the check asks; the text says what was expected and what was found."""


class CheckSkip(Exception):  # noqa: N818 - says that a check does not apply, which is not an error
    """The check has nothing to look at here, and says why. Skips are counted and bounded by the floor."""


@dataclass(frozen=True, slots=True)
class Check:
    """One question put to a backend.

    Attributes:
        name: ``"level.words-with-hyphens"``; unique; the name that files of expected failures use.
        level: index into :data:`LEVELS`.
        rule: the rule in one sentence, shown when it is broken.
        run: asks the question; raises CheckFailure or CheckSkip; may return a measurement to show.
        needs: capabilities without which the check does not apply.
        installed: whether it needs an installed distribution rather than a policy object alone.
        after: names of checks without which this one says nothing; where one failed it is not asked, so that
            one fault shows as one failure.
    """

    name: str
    level: int
    rule: str
    run: Callable[[Subject], str | None]
    needs: frozenset[str] = frozenset()
    installed: bool = False
    after: tuple[str, ...] = ()


def collect(
    level: int, prefix: str, registered: list[Check]
) -> Callable[..., Callable[[Callable[[Subject], str | None]], Callable[[Subject], str | None]]]:
    """A decorator that turns functions into checks of one level and appends them to ``registered``."""

    def register(
        rule: str, *, needs: Iterable[str] = (), installed: bool = False, after: Iterable[str] = ()
    ) -> Callable[[Callable[[Subject], str | None]], Callable[[Subject], str | None]]:
        def decorate(function: Callable[[Subject], str | None]) -> Callable[[Subject], str | None]:
            name = f"{prefix}.{function.__name__.replace('_', '-')}"
            registered.append(Check(name, level, rule, function, frozenset(needs), installed, tuple(after)))
            return function

        return decorate

    return register


def expect(condition: bool, message: str) -> None:
    """Raise CheckFailure with ``message`` unless ``condition`` holds."""
    if not condition:
        raise CheckFailure(message)
