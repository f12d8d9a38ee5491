"""Runs the checks that apply to a backend and counts what came of them."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Callable, Iterable, Mapping
from math import ceil
from pathlib import Path

from townlet.api import API_VERSION
from townlet.errors import ConfigError
from townlet.testing.check import LEVELS, Check, CheckSkip
from townlet.testing.checks import ALL_CHECKS
from townlet.testing.report import CheckOutcome, CheckResult, ConformanceReport, LevelCount
from townlet.testing.subject import Subject

__all__ = ["applies", "read_expected_failures", "run_check", "run_checks"]

SKIPS_ALLOWED = 1
"""How many checks of a level may find nothing to look at before the level says nothing."""
LEAST_SHARE = 0.5
"""Share of a level that must run however many build on a check that is expected to fail."""


def applies(check: Check, subject: Subject) -> bool:
    """Whether the subject claims what the check asks about. ``learn`` stands for any learning capability."""
    if check.installed and not subject.installed:
        return False
    claimed = set(subject.capabilities)
    if any(capability.startswith("learn.") for capability in claimed):
        claimed.add("learn")
    return check.needs <= claimed


def run_checks(
    subject: Subject,
    *,
    expected: Mapping[str, str] | None = None,
    checks: Iterable[Check] = ALL_CHECKS,
    progress: Callable[[CheckResult], None] | None = None,
) -> ConformanceReport:
    """Run every check that applies.

    Args:
        subject: the backend under test.
        expected: name of a check to the reason why it is known to fail. Strict: if it passes, that is a failure.
        checks: which checks to choose from.
        progress: called after each check.
    """
    started = time.perf_counter()
    chosen = [check for check in checks if applies(check, subject)]
    results = []
    failed: set[str] = set()
    for check in chosen:
        result = run_check(check, subject, (expected or {}).get(check.name), failed)
        results.append(result)
        if progress is not None:
            progress(result)
    return ConformanceReport(
        backend=subject.name,
        distribution=subject.distribution,
        api_version=API_VERSION,
        capabilities=tuple(sorted(subject.capabilities)),
        levels=tuple(_count(level, name, results) for level, name in enumerate(LEVELS)),
        results=tuple(results),
        seconds=time.perf_counter() - started,
    )


def run_check(check: Check, subject: Subject, reason: str | None, failed: set[str]) -> CheckResult:
    """Ask one question. Whatever the backend raises is its failure, but for a person's interrupt.

    Args:
        check: the question.
        subject: whom to ask.
        reason: why it is expected to fail, or None.
        failed: names of the checks that have failed or were not asked for that; this one is added if it joins them.
    """
    broken = [name for name in check.after if name in failed]
    result = _not_asked(check, broken[0]) if broken else _ask(check, subject, reason)
    if broken or result.outcome in ("failed", "expected-failure"):
        failed.add(check.name)
    return result


def _ask(check: Check, subject: Subject, reason: str | None) -> CheckResult:
    started = time.perf_counter()
    outcome: CheckOutcome
    try:
        message = check.run(subject) or ""
        outcome = "passed" if reason is None else "unexpected-pass"
        if reason is not None:
            message = f"expected to fail ({reason}), but passed: take it off the list"
    except CheckSkip as skip:
        outcome, message = "skipped", str(skip)
    except Exception as error:  # noqa: BLE001 - a backend under test may raise anything
        text = str(error) or type(error).__name__
        text = text if isinstance(error, AssertionError) else f"{type(error).__name__}: {text}"
        outcome = "failed" if reason is None else "expected-failure"
        message = text if reason is None else f"{reason} ({text.splitlines()[0]})"
    return CheckResult(
        name=check.name,
        level=check.level,
        outcome=outcome,
        rule=check.rule,
        message=message,
        seconds=time.perf_counter() - started,
    )


def read_expected_failures(path: Path) -> dict[str, str]:
    """Read a TOML file with a table ``[expected]`` of check name to reason.

    Raises:
        ConfigError: for a file that cannot be read, a name that no check has, or a reason that says nothing.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"the file of expected failures cannot be read: {error}", where=str(path)) from error
    table = data.get("expected", {})
    names = {check.name for check in ALL_CHECKS}
    for name, reason in table.items() if isinstance(table, dict) else [("expected", None)]:
        if not isinstance(reason, str) or not reason.strip():
            raise ConfigError(f"{name!r} needs a reason in words", where=f"{path}, expected")
        if name not in names:
            raise ConfigError(
                f"no check is named {name!r}",
                where=f"{path}, expected",
                details=("see: townlet backends check --list",),
            )
    return dict(table)


def _not_asked(check: Check, broken: str) -> CheckResult:
    return CheckResult(
        name=check.name,
        level=check.level,
        outcome="not-asked",
        rule=check.rule,
        message=f"{broken} failed, without which this says nothing",
        seconds=0.0,
    )


def _count(level: int, name: str, results: list[CheckResult]) -> LevelCount:
    mine = [result for result in results if result.level == level]
    outcomes = [result.outcome for result in mine]
    skipped, not_asked = outcomes.count("skipped"), outcomes.count("not-asked")
    return LevelCount(
        level=level,
        name=name,
        applicable=len(mine),
        ran=len(mine) - skipped - not_asked,
        passed=outcomes.count("passed"),
        failed=outcomes.count("failed") + outcomes.count("unexpected-pass"),
        expected_failed=outcomes.count("expected-failure"),
        skipped=skipped,
        not_asked=not_asked,
        floor=max(len(mine) - SKIPS_ALLOWED - not_asked, ceil(len(mine) * LEAST_SHARE) if len(mine) > 1 else 0),
    )
