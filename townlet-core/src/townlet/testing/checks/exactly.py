"""Level 5, what exactly an update makes of a rollout: advantages, ratios, masks, padding, units, and what it tells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np

from townlet.api import LearnerProtocol, PPOSettings, RolloutBatch
from townlet.testing.check import Check, CheckFailure, collect, expect
from townlet.testing.formula import SLIPS, already_told
from townlet.testing.lessons import practise
from townlet.testing.lived import ONE_STEP, Told, apart, lived_rollout, told
from townlet.testing.subject import Subject

__all__ = ["CHECKS", "FIRST"]

FIRST: list[Check] = []
first = collect(5, "learning", FIRST)
CHECKS: list[Check] = []
check = collect(5, "learning", CHECKS)

NEAR = 0.05
"""Share of an update's way by which two may differ and still be the same: sums are rounded, and Adam enlarges that."""
_TWICE = "determinism.the-same-update-twice-gives-the-same"
_EFFECT = "learning.honoured-settings-have-effect"
_NO_CHOICE = "learning.where-nothing-can-be-chosen-nothing-is-learned"


def _after(
    subject: Subject,
    change: Callable[[RolloutBatch], RolloutBatch],
    settings: PPOSettings = ONE_STEP,
    before: Callable[[LearnerProtocol], object] = id,
) -> Told:
    """What a fresh learner's policy says after one update with a lived rollout."""
    learner = subject.learner(seed=1)
    before(learner)
    learner.update(change(lived_rollout(learner, subject.spec)), settings)
    return told(learner.policy, subject.spec)


def _differ(one: Told, other: Told, way: tuple[float, float]) -> str:
    """What differs by more than rounding: ``"policy"``, ``"values"``, both, or nothing."""
    pairs = zip(("policy", "values"), apart(one, other), way, strict=True)
    return " and ".join(name for name, found, moved in pairs if found > NEAR * moved + 1e-6)


def _way(subject: Subject, after: Told) -> tuple[float, float]:
    return apart(told(subject.learner(seed=1).policy, subject.spec), after)


def _with_spans(rollout: RolloutBatch) -> RolloutBatch:
    """Decisions of several ticks, values that differ from tick to tick, and garbage between decisions."""
    asked, duration = rollout.active.copy(), np.ones(rollout.actions.shape, np.int32)
    drawn = np.random.Generator(np.random.PCG64(3)).normal(1.0, 2.0, asked.shape).astype(np.float32)
    asked[1::2, ::4] = False
    asked |= rollout.terminated | rollout.truncated | rollout.episode_start
    duration[:, ::2] = 3
    duration[~asked] = 1
    rewards, values = rollout.rewards.copy(), drawn
    rewards[~asked] = -7.0
    values[~asked] = 9.0
    return replace(rollout, asked=asked, duration=duration, rewards=rewards, values=values)


@first(
    "Where only one action is possible the policy learns nothing: masked actions count neither in ratio nor entropy.",
    needs=("learn.ppo",),
    after=(_TWICE, "learning.solves-a-bandit-town"),
)
def where_nothing_can_be_chosen_nothing_is_learned(subject: Subject) -> str | None:
    if not subject.honours("ppo", "value_coefficient"):
        return "value_coefficient is not honoured, not asked"

    def only_wait(rollout: RolloutBatch) -> RolloutBatch:
        mask = np.zeros_like(rollout.action_mask)
        mask[:, :, 0] = True
        nothing = np.zeros_like(rollout.actions)
        return replace(rollout, action_mask=mask, actions=nothing, log_probs=np.zeros_like(rollout.log_probs))

    def unpaid(rollout: RolloutBatch) -> RolloutBatch:
        ends = np.ones_like(rollout.terminated)
        return replace(
            only_wait(rollout), rewards=rollout.values.copy(), terminated=ends, truncated=np.zeros_like(ends)
        )

    def ready(learner: LearnerProtocol) -> None:
        practise(learner, subject.spec, updates=2)  # away from even scores, where an entropy has no slope

    still, busy = (
        ONE_STEP.model_copy(update={"value_coefficient": 0.0, "entropy_coefficient": weight}) for weight in (0.0, 0.5)
    )
    nothing, paid, uneven = (
        _after(subject, change, settings, ready)
        for change, settings in ((unpaid, still), (only_wait, still), (only_wait, busy))
    )
    way = apart(nothing, _after(subject, lambda rollout: rollout, busy, ready))[0]
    for found, what in ((paid, "the ratio"), (uneven, "the entropy")):
        expect(
            apart(nothing, found)[0] <= NEAR * way,
            f"rows in which only one action is possible moved the policy: masked actions leak into {what}",
        )
    return None


def _takes_more_than_one_step(subject: Subject, one: Told) -> bool:
    """Whether an update goes as far with other epochs or minibatches: it then never was a single step."""
    others = ({"epochs": 3}, {"minibatches": 3})
    return any(
        apart(one, _after(subject, lambda rollout: rollout, ONE_STEP.model_copy(update={"clip_range": 0.5, **other})))
        == (0.0, 0.0)
        for other in others
    )


@first(
    "The first gradient step finds the policy as it acted: each ratio is 1, and no clipping range reaches it.",
    needs=("learn.ppo",),
    after=(_TWICE, _NO_CHOICE),
)
def the_first_step_has_ratio_one(subject: Subject) -> str | None:
    if not subject.honours("ppo", "clip_range"):
        return "clip_range is not honoured, not asked"
    wide, narrow = (
        _after(subject, lambda rollout: rollout, ONE_STEP.model_copy(update={"clip_range": most}))
        for most in (0.5, 1e-3)
    )
    differ = _differ(wide, narrow, _way(subject, wide))
    if differ and _takes_more_than_one_step(subject, wide):
        return "another number of epochs or minibatches changes nothing, so there are more steps: not asked"
    expect(
        not differ,
        "another clip_range changes the very first step, so its log-probabilities are not those of acting: are masks, "
        "map, and what was remembered (RolloutBatch.state, episode_start) the same in decide and in update?",
    )
    return None


@check(
    "Advantages and returns are those of the contract's formula, whatever ends, is cut, lasts or goes on.",
    needs=("learn.ppo",),
    after=(
        "learning.cut-episodes-are-bootstrapped",
        "learning.who-is-not-asked-teaches-nothing",
        "learning.a-decision-is-discounted-by-its-duration",
        _EFFECT,
        "determinism.rollouts-are-not-written-into",
    ),
)
def advantages_follow_the_formula(subject: Subject) -> str | None:
    if not (subject.honours("ppo", "gamma") and subject.honours("ppo", "gae_lambda")):
        return "gamma or gae_lambda is not honoured, not asked"

    def worth(slip: str) -> Callable[[RolloutBatch], RolloutBatch]:
        def change(rollout: RolloutBatch) -> RolloutBatch:
            return already_told(_with_spans(rollout), ONE_STEP.gamma, ONE_STEP.gae_lambda, slip)

        return change

    found, wanted = _after(subject, _with_spans), _after(subject, worth(""))
    way = _way(subject, wanted)
    wrong = _differ(found, wanted, way)
    if not wrong:
        return f"{way[0]:.3f} nats and {way[1]:.3f} of value moved, both as the formula says"
    near = {slip: apart(found, _after(subject, worth(slip))) for slip in SLIPS}
    scaled = {slip: max(a / (w + 1e-9) for a, w in zip(said, way, strict=True)) for slip, said in near.items()}
    best = min(scaled, key=lambda slip: scaled[slip])
    likely = f": it learned as if {SLIPS[best]}" if scaled[best] < NEAR else ""
    raise CheckFailure(
        f"an update on lives of several ticks moved the {wrong} elsewhere than the same advantages paid out at once"
        f"{likely}; see RolloutBatch in the contract"
    )


@check(
    "Entries that do not count are in no mean: an update is the same with and without them.",
    needs=("learn.ppo",),
    after=("learning.inactive-rows-teach-nothing", "learning.advantages-follow-the-formula"),
)
def padding_is_in_no_mean(subject: Subject) -> None:
    def paid_more(rollout: RolloutBatch) -> RolloutBatch:
        return replace(rollout, rewards=rollout.rewards + np.float32(5), bootstrap=rollout.bootstrap * np.float32(2))

    def half(rollout: RolloutBatch) -> RolloutBatch:
        some = paid_more(rollout)
        active = some.active.copy()
        active[:, 1::2] = False
        return replace(some, active=active, asked=active)

    def only(rollout: RolloutBatch) -> RolloutBatch:
        some = half(rollout)
        state = {name: array[::2] for name, array in (some.state or {}).items()}
        columns: dict[str, Any] = {
            field.name: np.ascontiguousarray(value[:, ::2])
            for field in fields(some)
            if isinstance(value := getattr(some, field.name), np.ndarray)
        }
        return replace(some, **columns, state=state)

    padded, bare = _after(subject, half), _after(subject, only)
    wrong = _differ(padded, bare, _way(subject, bare))
    expect(
        not wrong,
        f"with as many rows again that are not active, an update moved the {wrong} elsewhere: do means, deviations "
        "(of advantages, returns) or losses run over entries that are not asked?",
    )


@check(
    "Values are clipped in the units that the critic learns in.",
    needs=("learn.ppo",),
    after=(_EFFECT,),
)
def values_are_clipped_in_the_critics_units(subject: Subject) -> str | None:
    if not (subject.honours("ppo", "value_clip_range") and subject.honours("ppo", "normalise_values")):
        return "value_clip_range or normalise_values is not honoured, not asked"
    most = 5.0
    base = ONE_STEP.model_copy(update={"epochs": 4, "minibatches": 2, "learning_rate": 1e-3})

    def rich(rollout: RolloutBatch) -> RolloutBatch:
        return replace(
            rollout, rewards=rollout.rewards * np.float32(1e4), bootstrap=rollout.bootstrap * np.float32(1e4)
        )

    def learned(clip: float | None) -> tuple[Told, Told]:
        learner = subject.learner(seed=1)
        learner.update(rich(lived_rollout(learner, subject.spec)), base)
        between = told(learner.policy, subject.spec)
        second = rich(lived_rollout(learner, subject.spec, 1))
        learner.update(second, base.model_copy(update={"value_clip_range": clip}))
        return between, told(learner.policy, subject.spec)

    (before, bound), (_, free) = learned(most), learned(None)
    moved = apart(before, free)[1]
    expect(
        apart(bound, free)[1] <= NEAR * moved,
        f"values moved by {moved:.0f}, far less than the deviation of the returns, but a value_clip_range of {most:g} "
        "held them: with normalise_values it is in deviations of the returns, not in reward",
    )
    return None
