"""Level 5, what an update tells of itself: each number that it gives is the one that the contract names so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from townlet.api import BoolArray, LearnerProtocol, ObservationBatch, PPOMetrics, PPOSettings, RolloutBatch
from townlet.testing.check import Check, CheckFailure, collect, expect
from townlet.testing.formula import advantages
from townlet.testing.lessons import TeacherDemonstrations, practise
from townlet.testing.lived import ONE_STEP, ROWS, TICKS, lived_rollout, log_softmax
from townlet.testing.subject import Subject

__all__ = ["CHECKS"]

CHECKS: list[Check] = []
check = collect(5, "learning", CHECKS)

NEAR = 0.02


@check(
    "The metrics of an update are what the contract says of them; what is not known is None.",
    needs=("learn.ppo",),
    after=(
        "determinism.the-same-update-twice-gives-the-same",
        "learning.advantages-follow-the-formula",
        "learning.padding-is-in-no-mean",
        "learning.the-reference-has-effect",
        "learning.the-cloning-term-has-effect",
    ),
)
def metrics_are_what_they_are_called(subject: Subject) -> str:
    learner = subject.learner(seed=1)
    settings = ONE_STEP.model_copy(update={"normalise_advantages": not subject.honours("ppo", "normalise_advantages")})
    rollout = _partly_asked(lived_rollout(learner, subject.spec))
    known = _worked_out(subject, learner, rollout, settings)
    told = [_compared(learner.update(rollout, settings), known)]
    terms = [c for c in ("kl_coefficient", "bc_coefficient") if subject.honours("ppo", c)]
    if terms:
        told.append(_with_terms(subject, terms))
    return f"compared: {', '.join(name for names in told for name in names)}"


def _partly_asked(rollout: RolloutBatch) -> RolloutBatch:
    active = rollout.active.copy()
    active[:, ::5] = False
    return replace(rollout, active=active, asked=active)


def _worked_out(
    subject: Subject, learner: LearnerProtocol, rollout: RolloutBatch, settings: PPOSettings
) -> dict[str, float]:
    """What the numbers of an update of one step must be, as far as that can be known from outside."""
    asked = rollout.asked
    known = {"samples": float(asked.sum()), "approx_kl": 0.0, "clip_fraction": 0.0}
    if subject.honours("ppo", "learning_rate"):
        known["learning_rate"] = settings.learning_rate
    if subject.honours("ppo", "epochs") and subject.honours("ppo", "minibatches"):
        known["epochs_done"] = 1.0
    if subject.honours("ppo", "gamma") and subject.honours("ppo", "gae_lambda"):
        found = advantages(rollout, settings.gamma, settings.gae_lambda)[asked]
        returns = found + rollout.values[asked]
        known["advantage_mean"], known["advantage_std"] = float(found.mean()), float(found.std())
        known["explained_variance"] = 1 - float(np.var(found) / np.var(returns))
        if not settings.normalise_advantages:
            known["policy_loss"] = -known["advantage_mean"]
    entropy = _entropy(learner, rollout, asked)
    if entropy is not None:
        known["entropy"] = entropy
    return known


def _seen(rollout: RolloutBatch, asked: BoolArray) -> ObservationBatch:
    """The asked entries of a rollout as rows."""
    names = ("map", "features", "action_mask", "active", "episode_start")
    return ObservationBatch(*(getattr(rollout, name)[asked] for name in names))


def _log_p(learner: LearnerProtocol, seen: ObservationBatch) -> np.ndarray | None:
    """Logarithms of all probabilities, float64 ``[N, K]``; None without logits, or with a memory of earlier ticks."""
    policy = learner.policy
    state = policy.initial_state(seen.rows, 0)
    if set(state.arrays()) - {"keys", "counters"}:
        return None
    logits = policy.decide(seen, state).logits
    return None if logits is None else log_softmax(logits, seen.action_mask)


def _entropy(learner: LearnerProtocol, rollout: RolloutBatch, asked: BoolArray) -> float | None:
    log_p = _log_p(learner, _seen(rollout, asked))
    mask = rollout.action_mask[asked]
    return None if log_p is None else float(-(np.where(mask, np.exp(log_p) * log_p, 0.0)).sum(axis=1).mean())


def _with_terms(subject: Subject, terms: list[str]) -> list[str]:
    """The reference's KL and the cloning loss, each at the start of an update."""
    learner = subject.learner(seed=1)
    shown = next(TeacherDemonstrations(subject.spec, size=64).batches("train", 64, seed=0))
    everybody = np.ones((TICKS, ROWS), np.bool_)
    known: dict[str, float] = {}
    seen = _seen(lived_rollout(learner, subject.spec, 1), everybody)
    held = _log_p(learner, seen)
    if "kl_coefficient" in terms:
        learner.hold_reference()  # type: ignore[attr-defined]
    practise(learner, subject.spec, updates=4)  # far away: near it, both directions of the KL are alike
    rollout = lived_rollout(learner, subject.spec, 1)
    now, taught = _log_p(learner, seen), _log_p(learner, shown.observations)
    if now is None or held is None or taught is None:
        return []
    if "kl_coefficient" in terms:
        known["reference_kl"] = float((np.where(seen.action_mask, np.exp(now) * (now - held), 0.0)).sum(axis=1).mean())
    if "bc_coefficient" in terms:
        known["bc_loss"] = -float(taught[np.arange(len(taught)), shown.actions].mean())
    settings = ONE_STEP.model_copy(update=dict.fromkeys(terms, 0.5))
    return _compared(learner.update(replace(rollout, demonstrations=shown), settings), known)


def _compared(found: object, known: dict[str, float]) -> list[str]:
    """Names of the numbers that were there to be compared. Raises CheckFailure for one that is another."""
    if not isinstance(found, PPOMetrics):
        raise CheckFailure(f"update gave a {type(found).__name__}, not PPOMetrics")
    metrics = PPOMetrics.model_validate(found.model_dump())
    given = {name: getattr(metrics, name) for name in known if getattr(metrics, name) is not None}
    for name, value in given.items():
        description = PPOMetrics.model_fields[name].description
        expect(
            abs(value - known[name]) <= NEAR * max(abs(known[name]), 0.05),
            f"{name} is {value:.5g}, but should be {known[name]:.5g}: {description}",
        )
    return sorted(given)
