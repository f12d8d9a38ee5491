"""Subjects made of the zoo."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from townlet.testing.subject import Subject


def _zoo() -> ModuleType:
    if "townlet_conformance_zoo" in sys.modules:
        return sys.modules["townlet_conformance_zoo"]
    spec = importlib.util.spec_from_file_location("townlet_conformance_zoo", Path(__file__).with_name("zoo.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["townlet_conformance_zoo"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def zoo() -> ModuleType:
    return _zoo()


@pytest.fixture(scope="session")
def subject_of(zoo: ModuleType):
    """Makes a Subject of a policy class, or of a learner class with what it claims to learn."""

    def make(policy=None, learner=None, capabilities=("act",)) -> Subject:
        policy_class = policy or zoo.GoodPolicy

        def make_policy(*, seed=0, checkpoint=None):
            if learner is None:
                return policy_class(seed)
            made = zoo.GoodLearner(seed)
            if checkpoint is not None:
                made.load(checkpoint)
            return made.policy

        def make_learner(*, seed=0):
            return learner(seed)

        return Subject(
            name="zoo",
            spec=zoo.SPEC,
            policy=make_policy,
            learner=make_learner,
            capabilities=frozenset(capabilities),
        )

    return make
