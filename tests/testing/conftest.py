"""Subjects made of the zoo."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from townlet.testing.fixtures import *  # noqa: F403 - as the conftest of a backend's repository would
from townlet.testing.subject import Subject


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"townlet_conformance_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_NAMES = ("good", "adam", "minds", "cloning", "learner", "policies", "learners", "deaf", "slips", "conduct", "memory")
MODULES = {name: _load(f"zoo_{name}") for name in (*_NAMES, "distributions")}
GOOD, LEARNER, POLICIES, MEMORIES = (MODULES[name] for name in ("good", "learner", "policies", "memory"))
DISTRIBUTIONS = MODULES["distributions"]
WRONG_LEARNERS = {
    **{learner: (check, "") for learner, check in MODULES["learners"].LEARNERS.items()},
    **{learner: (check, "") for learner, check in MEMORIES.MEMORIES.items()},
    **MODULES["deaf"].DEAF,
    **MODULES["slips"].SLIPS,
    **MODULES["conduct"].CONDUCT,
}
"""Each with the check that catches it, and what that says."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test of each animal."""
    for fixture, table in (
        ("wrong_policy", POLICIES.POLICIES),
        ("wrong_learner", WRONG_LEARNERS),
        ("wrong_memory", MEMORIES.HANDED_OUT),
    ):
        if fixture in metafunc.fixturenames:
            metafunc.parametrize(fixture, list(table.items()), ids=[animal.__name__ for animal in table])
    if "wrong_distribution" in metafunc.fixturenames:
        animals = DISTRIBUTIONS.DISTRIBUTIONS
        metafunc.parametrize("wrong_distribution", list(animals.values()), ids=list(animals))


class Zoo:
    """Everything in the zoo, by name."""

    good, policies, memories, distributions = GOOD, POLICIES, MEMORIES, DISTRIBUTIONS
    wrong_learners = WRONG_LEARNERS

    def __getattr__(self, name: str) -> object:
        for module in MODULES.values():
            if hasattr(module, name):
                return getattr(module, name)
        raise AttributeError(name)


@pytest.fixture(scope="session")
def zoo() -> Zoo:
    return Zoo()


@pytest.fixture(scope="session")
def subject_of():
    """Makes a Subject of a policy class, or of a learner class with what it claims to learn."""

    def make(policy=None, learner=None, capabilities=("act",)) -> Subject:
        policy_class = policy or GOOD.GoodPolicy

        def make_policy(*, seed=0, checkpoint=None):
            if learner is None:
                return policy_class(seed)
            made = learner(seed)
            if checkpoint is not None:
                getattr(made, "act_from", made.load)(checkpoint)
            return made.policy

        def make_learner(*, seed=0):
            return learner(seed)

        return Subject(
            name="zoo",
            spec=GOOD.SPEC,
            policy=make_policy,
            learner=make_learner,
            capabilities=frozenset(capabilities),
            learner_for=None if learner is None else lambda spec: learner(0, spec),
            left_out=lambda kind: frozenset(getattr(learner(0), "unhonoured", lambda kind: ())(kind)),
            honoured=None if learner is None else LEARNER.HONOURED,
            validate=getattr(policy_class, "validate", GOOD.validate),
            town=GOOD.town,
        )

    return make
