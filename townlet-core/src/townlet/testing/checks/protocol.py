"""Level 2: the policy has the methods of the protocol and answers in the right shapes."""

from __future__ import annotations

import numpy as np

from townlet.api import Decision, ObservationBatch, PolicyState
from townlet.errors import ConfigError
from townlet.plugins.structure import learner_faults, policy_faults
from townlet.testing.check import Check, CheckFailure, CheckSkip, collect, expect
from townlet.testing.observations import draw_batch
from townlet.testing.subject import Subject

__all__ = ["CHECKS"]

CHECKS: list[Check] = []
check = collect(2, "protocol", CHECKS)

ROWS = (1, 7, 64)
LOADS = ("packaging.our-contract-is-served", "hygiene.the-plugin-imports")
"""Without these nothing can be created, and an import that crashes would take the kit with it."""


@check("A policy has initial_state, decide, fingerprint and close, with the contract's parameters.", after=LOADS)
def policy_has_the_methods(subject: Subject) -> None:
    faults = policy_faults(subject.policy())
    expect(not faults, "; ".join(faults))


@check("A learner has policy, clone_behaviour, update, save and load.", needs=("learn",), after=LOADS)
def learner_has_the_methods(subject: Subject) -> None:
    faults = learner_faults(subject.learner())
    expect(not faults, "; ".join(faults))


@check(
    "initial_state(rows, seed) gives a PolicyState whose arrays have one entry per row.",
    after=("protocol.policy-has-the-methods",),
)
def initial_state_is_row_by_row(subject: Subject) -> None:
    policy = subject.policy()
    for rows in ROWS:
        state = policy.initial_state(rows, 0)
        expect(isinstance(state, PolicyState), f"initial_state gave a {type(state).__name__}, not a PolicyState")
        for name, array in state.arrays().items():
            expect(
                isinstance(array, np.ndarray) and array.ndim > 0 and len(array) == rows,
                f"state[{name!r}] must have {rows} entries on its first axis, found shape {np.shape(array)}",
            )
        again = state.with_arrays(state.arrays())
        expect(type(again) is type(state), "with_arrays must give a state of the same kind")


@check(
    "decide answers with a Decision of int64 actions, one a row, and a state.",
    after=("protocol.initial-state-is-row-by-row",),
)
def decision_has_the_right_shape(subject: Subject) -> None:
    policy = subject.policy()
    for rows in ROWS:
        for explore in (False, True):
            decision = policy.decide(_start(subject, rows), policy.initial_state(rows, 1), explore=explore)
            expect(isinstance(decision, Decision), f"decide gave a {type(decision).__name__}, not a Decision")
            found = (decision.actions.dtype.name, decision.actions.shape)
            expect(found == ("int64", (rows,)), f"actions must be int64 [{rows}], found {found[0]} {list(found[1])}")
            inside = (decision.actions >= 0) & (decision.actions < subject.spec.action_count)
            expect(bool(inside.all()), f"actions must be in 0..{subject.spec.action_count - 1}")


@check(
    "What the decision adds (log_probs, values, logits) is finite and fits.",
    after=("protocol.decision-has-the-right-shape",),
)
def optional_answers_fit(subject: Subject) -> None:
    policy, batch = subject.policy(), _start(subject, 16)
    decision = policy.decide(batch, policy.initial_state(16, 1), explore=True)
    for name in ("log_probs", "values", "logits"):
        array = getattr(decision, name)
        if array is not None:
            expect(bool(np.isfinite(array[batch.active]).all()), f"{name} holds numbers that are not finite")
    if decision.log_probs is not None:
        expect(bool((decision.log_probs <= 1e-5).all()), "log_probs above 0 cannot be logarithms of probabilities")
    if decision.logits is not None:
        expect(decision.logits.shape[1] == subject.spec.action_count, "logits must have one column per action")


@check(
    "A learner's policy gives log_probs and values, without which PPO cannot learn.",
    needs=("learn.ppo",),
    after=(
        "protocol.decision-has-the-right-shape",
        "protocol.learner-has-the-methods",
    ),
)
def learner_policy_gives_log_probs_and_values(subject: Subject) -> None:
    policy = subject.learner().policy
    decision = policy.decide(_start(subject, 8), policy.initial_state(8, 0), explore=True)
    expect(decision.log_probs is not None, "decide(explore=True) gave no log_probs")
    expect(decision.values is not None, "decide(explore=True) gave no values")


@check("Options that do not exist are refused with a ConfigError that names them.", after=LOADS)
def unknown_options_are_refused(subject: Subject) -> None:
    if subject.validate is None:
        raise CheckSkip("this subject has no options model")
    try:
        subject.validate({"no_such_option_anywhere": 1})
    except ConfigError as error:
        expect("no_such_option_anywhere" in str(error), f"the error does not name the option: {error}")
        return
    raise CheckFailure("no_such_option_anywhere: 1 was accepted in policy.options")


@check(
    "fingerprint is a text that does not change between calls and is equal for equal policies.",
    after=("protocol.decision-has-the-right-shape",),
)
def fingerprint_identifies_the_behaviour(subject: Subject) -> None:
    policy = subject.policy(seed=3)
    first = policy.fingerprint()
    expect(isinstance(first, str) and bool(first.strip()), f"fingerprint gave {first!r}, which identifies nothing")
    policy.decide(_start(subject, 4), policy.initial_state(4, 0), explore=True)
    expect(policy.fingerprint() == first, "fingerprint changed after a decision, though nothing was learned")
    expect(subject.policy(seed=3).fingerprint() == first, "two policies made alike have different fingerprints")


@check("close may be called twice.", after=("protocol.policy-has-the-methods",))
def close_may_be_called_twice(subject: Subject) -> None:
    policy = subject.policy()
    policy.close()
    policy.close()


def _start(subject: Subject, rows: int) -> ObservationBatch:
    return draw_batch(subject.spec, rows, seed=rows, starts=1.0)
