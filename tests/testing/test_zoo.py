"""The kit is held against backends that are wrong on purpose: each is caught by exactly the check meant for it."""

from __future__ import annotations

import ctypes
import os
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from townlet.plugins import StubPolicy
from townlet.testing import ALL_CHECKS, imports, run_checks
from townlet.testing.installed import installed_subject
from townlet.testing.site import isolated_site

LEARNING = ("act", "learn.bc", "learn.ppo", "checkpoint")


def failed(report) -> set[str]:
    return {result.name for result in report.results if result.outcome == "failed"}


def needed(name: str) -> set[str]:
    """A check, and all that it builds on."""
    by_name = {check.name: check for check in ALL_CHECKS}
    found, todo = set[str](), [name]
    while todo:
        found.add(todo.pop())
        todo += [other for one in found for other in by_name[one].after if other not in found]
    return found


def test_every_check_has_somebody_whom_it_catches(zoo) -> None:
    caught = {*zoo.POLICIES.values(), *(check for check, _ in zoo.wrong_learners.values())}
    caught |= {animal.check for animal in zoo.distributions.DISTRIBUTIONS.values()}
    assert caught == {check.name for check in ALL_CHECKS if check.level < 7}  # those of slow minds: test_slow_zoo


def test_a_good_policy_conforms(subject_of) -> None:
    report = run_checks(subject_of())
    assert failed(report) == set(), [r.message for r in report.results if r.outcome == "failed"]
    assert report.conforms
    assert [count.ran for count in report.levels] == [0, 0, 7, 9, 7, 0, 3, 0]


def test_a_good_learner_conforms(subject_of, zoo) -> None:
    report = run_checks(subject_of(learner=zoo.GoodLearner, capabilities=LEARNING))
    assert failed(report) == set(), [r.message for r in report.results if r.outcome == "failed"]
    assert report.conforms
    assert [count.ran for count in report.levels] == [count.applicable for count in report.levels]
    assert report.levels[5].ran >= 34


def test_a_good_learner_with_memory_of_its_own_conforms_and_was_asked_about_it(subject_of, zoo) -> None:
    report = run_checks(subject_of(learner=zoo.GoodRememberer, capabilities=set(LEARNING) - {"learn.bc"}))
    assert failed(report) == set(), [r.message for r in report.results if r.outcome == "failed"]
    (asked,) = [r for r in report.results if r.name == "learning.rollouts-in-its-own-memory-teach-the-same"]
    assert asked.message == "3 rollouts, 6 ticks of 16 rows"


@pytest.fixture
def cage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a learner that writes anywhere does no harm."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_each_wrong_policy_is_caught_by_the_check_meant_for_it(subject_of, wrong_policy) -> None:
    policy, check = wrong_policy
    report = run_checks(subject_of(policy=policy))
    assert failed(report) == {check}
    assert not report.conforms


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is known of what an allocator keeps")
def test_a_leak_is_seen_where_much_memory_was_freed_before(subject_of, zoo) -> None:
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]
    libc.free(libc.malloc(16 << 20))  # from now on the heap serves all that is smaller
    taken = [libc.malloc(256 << 10) for _ in range(600)]
    for place in taken:
        ctypes.memset(place, 1, 256 << 10)
    *freed, last = taken
    for place in freed:
        libc.free(place)
    try:
        check = "resources.resident-memory-does-not-grow"
        checks = [one for one in ALL_CHECKS if one.name in needed(check)]
        assert failed(run_checks(subject_of(policy=zoo.LeaksNativeMemory), checks=checks)) == {check}
    finally:
        libc.free(last)


def caught(subject_of, learner, checks) -> dict[str, str]:
    """The checks that a learner fails, with what they say; where it may leave what it likes behind."""
    environment, errors = dict(os.environ), np.geterr()
    try:
        report = run_checks(subject_of(learner=learner, capabilities=LEARNING), checks=checks)
    finally:
        np.seterr(**errors)
        os.environ.clear()
        os.environ.update(environment)
    assert not report.conforms
    return {result.name: result.message for result in report.results if result.outcome == "failed"}


def test_each_wrong_learner_is_caught_by_the_check_meant_for_it(subject_of, wrong_learner, cage: Path) -> None:
    learner, (check, says) = wrong_learner
    names = needed(check)
    found = caught(subject_of, learner, [each for each in ALL_CHECKS if each.name in names])
    assert list(found) == [check]
    assert says in found[check]


@pytest.mark.slow
def test_each_wrong_learner_is_caught_by_no_other_check(subject_of, wrong_learner, cage: Path) -> None:
    learner, (check, _) = wrong_learner
    assert list(caught(subject_of, learner, ALL_CHECKS)) == [check]


def test_each_wrong_memory_is_caught_for_what_is_wrong_with_it(subject_of, wrong_memory) -> None:
    learner, says = wrong_memory
    (check,) = [check for check in ALL_CHECKS if check.name == "learning.rollouts-in-its-own-memory-teach-the-same"]
    report = run_checks(subject_of(learner=learner, capabilities=LEARNING), checks=[check])
    assert failed(report) == {check.name}
    assert says in report.results[0].message


def test_each_wrong_distribution_is_caught_by_the_check_meant_for_it(
    zoo, wrong_distribution, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    animal = wrong_distribution
    unimported = SimpleNamespace(mind=StubPolicy())  # what it does on import, it is to do in a child process only
    monkeypatch.setattr("townlet.testing.installed.resolve_mind", lambda *args, **kwargs: unimported)
    first = [check for check in ALL_CHECKS if check.level < 2]
    with isolated_site(tmp_path / "site") as site:
        site.add_metadata(*zoo.distributions.FOOD)
        (site.folder / "zoo_food.py").touch()
        site.add_backend("wild", **animal.arguments)
        name = "wild"
        if animal.contested:
            site.add_metadata("townlet-backend-pretender", "1.0", {"townlet.backends": {"wild": "elsewhere.plugin"}})
            name = "townlet-backend-wild:wild"
        if animal.stale:
            site.add_metadata("townlet-backend-wild", "0.9", {"townlet.backends": {"wild": "elsewhere.plugin"}})
        if "within" in animal.says:
            real = imports.import_outcome
            for module in ("installed", "checks.hygiene"):
                monkeypatch.setattr(f"townlet.testing.{module}.import_outcome", lambda row: real(row, 2.0))
        report = run_checks(installed_subject(name), checks=first)
    assert failed(report) == {animal.check}
    (message,) = [result.message for result in report.results if result.outcome == "failed"]
    assert animal.says in message
    assert not report.conforms


def test_the_stub_in_a_distribution_of_its_own_has_nothing_wrong_with_it(tmp_path: Path) -> None:
    with isolated_site(tmp_path) as site:
        site.add_backend("tame")
        report = run_checks(installed_subject("tame"), checks=[check for check in ALL_CHECKS if check.level < 3])
    assert failed(report) == set()
    assert report.conforms
