"""The kit is held against backends that are wrong on purpose: each is caught by exactly the check meant for it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from townlet.testing.runner import run_checks

_spec = importlib.util.spec_from_file_location("townlet_conformance_zoo", Path(__file__).with_name("zoo.py"))
assert _spec is not None
assert _spec.loader is not None
zoo_module = sys.modules.setdefault("townlet_conformance_zoo", importlib.util.module_from_spec(_spec))
if not hasattr(zoo_module, "SPEC"):
    _spec.loader.exec_module(zoo_module)

LEARNING = ("act", "learn.bc", "learn.ppo", "checkpoint")


def failed(report) -> set[str]:
    return {result.name for result in report.results if result.outcome == "failed"}


def test_a_good_policy_conforms(subject_of) -> None:
    report = run_checks(subject_of())
    assert failed(report) == set(), [r.message for r in report.results if r.outcome == "failed"]
    assert report.conforms
    assert [count.ran for count in report.levels[2:]] == [6, 7, 6, 0, 2]


def test_a_good_learner_conforms(subject_of, zoo) -> None:
    report = run_checks(subject_of(learner=zoo.GoodLearner, capabilities=LEARNING))
    assert failed(report) == set(), [r.message for r in report.results if r.outcome == "failed"]
    assert report.conforms
    assert [count.ran for count in report.levels[2:]] == [8, 7, 8, 4, 2]


@pytest.mark.parametrize("policy", list(zoo_module.POLICIES), ids=lambda c: c.__name__)
def test_each_wrong_policy_is_caught_by_the_check_meant_for_it(subject_of, policy) -> None:
    report = run_checks(subject_of(policy=policy))
    assert failed(report) == {zoo_module.POLICIES[policy]}
    assert not report.conforms


@pytest.mark.parametrize("learner", list(zoo_module.LEARNERS), ids=lambda c: c.__name__)
def test_each_wrong_learner_is_caught_by_the_check_meant_for_it(subject_of, learner) -> None:
    capabilities = set(LEARNING) - {"learn.bc"}
    report = run_checks(subject_of(learner=learner, capabilities=capabilities))
    assert failed(report) == {zoo_module.LEARNERS[learner]}
    assert not report.conforms
