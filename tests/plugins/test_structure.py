"""The structure check sees what a runtime protocol check does not: signatures."""

from __future__ import annotations

from typing import Any

import pytest

from townlet.api import PolicyBackendProtocol
from townlet.plugins import StubPolicy
from townlet.plugins.structure import learner_faults, policy_faults


class Learner:
    policy: Any = StubPolicy()

    def clone_behaviour(self, demonstrations: Any, settings: Any, report: Any) -> None: ...
    def update(self, rollout: Any, settings: Any) -> None: ...
    def save(self, directory: Any) -> None: ...
    def load(self, directory: Any) -> None: ...


def changed(name: str, method: Any, base: type = StubPolicy) -> Any:
    return type("Changed", (base,), {name: method})()


def test_good() -> None:
    assert policy_faults(StubPolicy()) == []
    assert learner_faults(Learner()) == []


def test_catch_all_signatures_are_good() -> None:
    assert policy_faults(changed("decide", lambda *args, **kwargs: None)) == []
    extra = changed("initial_state", lambda self, rows, seed, flavour="mild": None)
    assert policy_faults(extra) == []


@pytest.mark.parametrize(
    ("name", "method", "fault"),
    [
        ("initial_state", lambda self, rows: None, "initial_state(rows) cannot be called as initial_state(rows, seed)"),
        (
            "initial_state",
            lambda self, n, seed: None,
            "initial_state(n, seed) cannot be called as initial_state(rows, seed)",
        ),
        (
            "decide",
            lambda self, observations, state: None,
            "decide(observations, state) cannot be called as decide(observations, state, *, explore=False)",
        ),
        ("close", lambda self, force: None, "close(force) cannot be called as close()"),
        ("fingerprint", "abc", "'fingerprint' is not a method but str; wanted fingerprint()"),
    ],
)
def test_wrong(name: str, method: Any, fault: str) -> None:
    policy = changed(name, method)
    assert isinstance(policy, PolicyBackendProtocol)  # names alone are right
    (found,) = policy_faults(policy)
    assert found.startswith(fault)


def test_async() -> None:
    async def decide(self: Any, observations: Any, state: Any, *, explore: bool = False) -> None: ...

    (found,) = policy_faults(changed("decide", decide))
    assert found == "decide is async; wanted decide(observations, state, *, explore=False)"


def test_missing() -> None:
    assert policy_faults(object()) == [
        "it has no method initial_state(rows, seed)",
        "it has no method decide(observations, state, *, explore=False)",
        "it has no method fingerprint()",
        "it has no method close()",
    ]


def test_a_class_is_not_an_instance() -> None:
    assert policy_faults(StubPolicy) == ["it is the class StubPolicy, not an instance of it"]


def test_learner_without_policy() -> None:
    class Headless(Learner):
        @property
        def policy(self) -> Any:
            raise AttributeError("policy")

    assert learner_faults(Headless()) == ["it has no 'policy'"]


def test_learner_whose_policy_is_wrong() -> None:
    learner = changed("policy", changed("close", lambda self, force: None), Learner)
    (found,) = learner_faults(learner)
    assert found.startswith("policy: close(force) cannot be called as close()")
