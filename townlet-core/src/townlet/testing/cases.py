"""The checks of one backend as cases for pytest."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from townlet.testing.check import Check
from townlet.testing.checks import ALL_CHECKS
from townlet.testing.installed import installed_subject
from townlet.testing.report import CheckResult
from townlet.testing.runner import applies, read_expected_failures, run_check
from townlet.testing.subject import Subject

__all__ = ["Case", "cases_of"]


@dataclass(frozen=True, slots=True)
class Case:
    """One check of one backend; ``failed`` is shared by the cases of a run."""

    check: Check
    subject: Subject
    expected: str | None
    failed: set[str] = field(default_factory=set)

    def run(self) -> CheckResult:
        """Ask the question, unless one that it builds on has failed."""
        return run_check(self.check, self.subject, self.expected, self.failed)


def cases_of(name: str, expected_failures: str | None = None) -> list[Case]:
    """The checks that apply to the installed backend ``name``, in order.

    Raises:
        ConfigError, BackendError: if the backend or the file of expected failures cannot be used.
    """
    expected = read_expected_failures(Path(expected_failures)) if expected_failures else {}
    subject = installed_subject(name)
    failed: set[str] = set()
    return [Case(c, subject, expected.get(c.name), failed) for c in ALL_CHECKS if applies(c, subject)]
