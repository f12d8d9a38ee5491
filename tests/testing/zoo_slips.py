"""Learners that reckon wrongly in one place: advantages, ratios, masks, means, units, maps, memory, numbers told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from townlet_conformance_zoo_good import SPEC
from townlet_conformance_zoo_learner import GoodLearner, RecurrentLearner
from townlet_conformance_zoo_minds import log_softmax

_FORMULA, _FIRST = "learning.advantages-follow-the-formula", "learning.the-first-step-has-ratio-one"
_CHOICE, _PADDING = "learning.where-nothing-can-be-chosen-nothing-is-learned", "learning.padding-is-in-no-mean"
_NUMBERS, _UNITS = "learning.metrics-are-what-they-are-called", "learning.values-are-clipped-in-the-critics-units"
_MAP, _SHOWN = "learning.the-map-teaches", "learning.the-map-can-be-cloned-from"


class ReadsAnotherRollout(GoodLearner):
    """Learns from the rollout as ``read`` makes it."""

    def read(self, rollout):
        raise NotImplementedError

    def update(self, rollout, settings):
        return super().update(self.read(rollout), settings)


class Slips(GoodLearner):
    """The right sum, but for one place, ``slip``."""

    slip = ""

    def advantages(self, rollout, gamma, decay):
        found, running, following = (np.zeros(s) for s in (rollout.rewards.shape, rollout.rows, rollout.rows))
        known = np.zeros(rollout.rows, np.bool_)
        for t in range(rollout.ticks - 1, -1, -1):
            asked, ended, cut = rollout.asked[t], rollout.terminated[t], rollout.truncated[t] | ~known
            discount = gamma ** rollout.duration[t].astype(np.float64)
            later = discount * rollout.bootstrap[t]
            if self.slip == "bare":
                later = rollout.bootstrap[t]
            elif self.slip == "tail":
                later = np.where(rollout.truncated[t], later, 0.0)
            goes_on = discount * (rollout.values[t] if self.slip == "own" else following)
            delta = rollout.rewards[t] + np.where(ended, 0.0, np.where(cut, later, goes_on)) - rollout.values[t]
            stops = ended if self.slip == "sum" else ended | cut
            fades = gamma if self.slip == "tick" else discount
            advantage = delta + np.where(stops, 0.0, fades * decay * running)
            found[t] = np.where(asked, advantage, 0.0)
            running, following = np.where(asked, advantage, running), np.where(asked, rollout.values[t], following)
            known = (known | asked) & ~rollout.episode_start[t]
        return found


class FollowsAValueByItself(Slips):
    """Off by one."""

    slip = "own"


class RunsOnIntoTheNextLife(Slips):
    """The sum does not stop where an episode was cut."""

    slip = "sum"


class ForgetsWhatFollowsARollout(Slips):
    slip = "tail"


class DiscountsSumsByTheDecision(Slips):
    slip = "tick"


class DoesNotDiscountItsBootstrap(Slips):
    slip = "bare"


class EndsATickLate(ReadsAnotherRollout):
    def read(self, rollout):
        ends, cuts = (np.concatenate([a[:1], a[:-1]]) for a in (rollout.terminated, rollout.truncated))
        return replace(rollout, terminated=ends, truncated=cuts)


class EndsATickSoon(ReadsAnotherRollout):
    def read(self, rollout):
        ends, cuts = (np.concatenate([a[1:], a[-1:]]) for a in (rollout.terminated, rollout.truncated))
        return replace(rollout, terminated=ends, truncated=cuts)


class PaysForTheNextTick(ReadsAnotherRollout):
    def read(self, rollout):
        return replace(rollout, rewards=np.concatenate([rollout.rewards[1:], rollout.rewards[-1:]]))


class MixesRowsOfOtherAges(ReadsAnotherRollout):
    """Takes all rows to be as old as the first one."""

    def read(self, rollout):
        same = {name: np.repeat(getattr(rollout, name)[:, :1], rollout.rows, 1) for name in ("terminated", "truncated")}
        return replace(rollout, **same)


class LeavesMasksOutOfItsRatios(GoodLearner):
    def log_probs(self, logits, mask):
        return log_softmax(logits, np.ones_like(mask))


class WantsEntropyOfMaskedActionsToo(GoodLearner):
    def entropy(self, logits, log_p, mask):
        every = np.ones_like(mask)
        return super().entropy(logits, log_softmax(logits, every), every)


class NormalisesOverPadding(GoodLearner):
    def normalised(self, advantages, asked, settings):
        return super().normalised(advantages, np.ones_like(asked), settings)


class ClipsValuesInReward(GoodLearner):
    def value_clip(self, settings):
        return settings.value_clip_range / self._policy.scale


class ReadsTheMapSigned(ReadsAnotherRollout):
    """Codes beyond 127 become others, in updates alone."""

    def read(self, rollout):
        return replace(rollout, map=np.minimum(rollout.map, 127))


class ReadsTheMapOfItsNeighbour(ReadsAnotherRollout):
    def read(self, rollout):
        return replace(rollout, map=np.roll(rollout.map, 1, axis=1))


class TurnsTheMapAround(ReadsAnotherRollout):
    """Rows for columns."""

    def read(self, rollout):
        return replace(rollout, map=np.ascontiguousarray(rollout.map.swapaxes(3, 4)))


class LearnsNothingFromTheMap(GoodLearner):
    """Looks at it when it acts, but no gradient reaches what it looks with."""

    def gradients(self, *given):
        gradients, found = super().gradients(*given)
        for g in gradients.values():
            g[SPEC.feature_count + 5 :] = 0.0
        return gradients, found


class ClonesNothingFromTheMap(GoodLearner):
    def clone_behaviour(self, demonstrations, settings, report):
        before = self._policy.weights["policy"][SPEC.feature_count + 5 :].copy()
        metrics = super().clone_behaviour(demonstrations, settings, report)
        after = self._policy.weights["policy"].copy()
        after[SPEC.feature_count + 5 :] = before
        self._policy.weights = {**self._policy.weights, "policy": after}
        return metrics


class BeginsWithoutMemory(RecurrentLearner):
    """Learns as if each rollout began with a birth."""

    def update(self, rollout, settings):
        return super().update(replace(rollout, state=None), settings)


class CarriesMemoryOverBirths(RecurrentLearner):
    def update(self, rollout, settings):
        nobody = np.zeros_like(rollout.episode_start)
        nobody[0] = rollout.episode_start[0]
        return super().update(replace(rollout, episode_start=nobody), settings)


class LearnsNothingFromItsMemory(RecurrentLearner):
    """Remembers when it acts, but no gradient reaches what it remembers with."""

    def gradients(self, *given):
        gradients, found = super().gradients(*given)
        for name in ("policy", "value"):
            if name in gradients:
                gradients[name][-self.mind.width :] = 0.0
        return {name: g for name, g in gradients.items() if name not in ("into", "again")}, found


class TellsWrongNumbers(GoodLearner):
    """``tell`` makes other numbers of the right ones."""

    def tell(self, metrics):
        raise NotImplementedError

    def metrics(self, *given):
        right = super().metrics(*given)
        return right.model_copy(update=self.tell(right))


class TellsEntropyInBits(TellsWrongNumbers):
    def tell(self, metrics):
        return {"entropy": metrics.entropy / np.log(2) if metrics.entropy else None}


class CountsEverybody(TellsWrongNumbers):
    def tell(self, metrics):
        return {"samples": 96}


class TellsEpochsThatItWasAsked(TellsWrongNumbers):
    def tell(self, metrics):
        return {"epochs_done": 4.0}


class TellsAdvantagesAfterNormalising(TellsWrongNumbers):
    def tell(self, metrics):
        return {"advantage_mean": 0.0, "advantage_std": 1.0}


class TellsTheShareThatIsNotExplained(TellsWrongNumbers):
    def tell(self, metrics):
        return {"explained_variance": 1 - metrics.explained_variance}


class TurnsTheKLAround(GoodLearner):
    """KL(reference || policy)."""

    def kl(self, log_p, p, some, memory, joined, found):
        slopes = super().kl(log_p, p, some, memory, joined, found)
        then = log_softmax(some["seen"] @ self.reference["policy"], some["mask"])
        apart = np.where(some["mask"], then - log_p, 0.0)
        found["reference_kl"] = (np.exp(then) * apart).sum(axis=2)[some["asked"]].mean()
        return slopes


class AnswersUpdatesWithNothing(GoodLearner):
    def update(self, rollout, settings):
        super().update(rollout, settings)


SLIPS = {
    FollowsAValueByItself: (_FORMULA, "as if an entry were followed by its own value"),
    RunsOnIntoTheNextLife: (_FORMULA, "as if the sum of advantages ran on over the end of an episode that was cut"),
    ForgetsWhatFollowsARollout: (_FORMULA, "as if nothing followed at the end of a rollout"),
    DiscountsSumsByTheDecision: (_FORMULA, "however long a decision lasted"),
    DoesNotDiscountItsBootstrap: ("learning.a-decision-is-discounted-by-its-duration", "a decision of 12 ticks"),
    MixesRowsOfOtherAges: (_FORMULA, "moved the policy and values elsewhere"),
    EndsATickLate: ("learning.cut-episodes-are-bootstrapped", "where a life ended"),
    EndsATickSoon: ("learning.cut-episodes-are-bootstrapped", "where a life ended"),
    PaysForTheNextTick: ("learning.who-is-not-asked-teaches-nothing", "learn from RolloutBatch.asked"),
    LeavesMasksOutOfItsRatios: (_CHOICE, "masked actions leak into the ratio"),
    WantsEntropyOfMaskedActionsToo: (_CHOICE, "masked actions leak into the entropy"),
    NormalisesOverPadding: (_PADDING, "run over entries that are not asked"),
    ClipsValuesInReward: (_UNITS, "in deviations of the returns, not in reward"),
    ReadsTheMapSigned: (_FIRST, "are masks, map,"),
    ReadsTheMapOfItsNeighbour: (_FIRST, "are masks, map,"),
    TurnsTheMapAround: (_FIRST, "are masks, map,"),
    LearnsNothingFromTheMap: (_MAP, "the policy looks at the map, but learns nothing from it"),
    ClonesNothingFromTheMap: (_SHOWN, "who looks at nothing but the map"),
    BeginsWithoutMemory: (_FIRST, "what was remembered (RolloutBatch.state, episode_start)"),
    CarriesMemoryOverBirths: (_FIRST, "what was remembered (RolloutBatch.state, episode_start)"),
    LearnsNothingFromItsMemory: ("learning.what-is-remembered-teaches", "what it is to remember is not learned"),
    TellsEntropyInBits: (_NUMBERS, "entropy is"),
    CountsEverybody: (_NUMBERS, "samples is 96"),
    TellsEpochsThatItWasAsked: (_NUMBERS, "epochs_done is 4"),
    TellsAdvantagesAfterNormalising: (_NUMBERS, "advantage_mean is 0"),
    TellsTheShareThatIsNotExplained: (_NUMBERS, "explained_variance is"),
    TurnsTheKLAround: (_NUMBERS, "reference_kl is"),
    AnswersUpdatesWithNothing: (_NUMBERS, "update gave a NoneType, not PPOMetrics"),
}
"""Each with the check that catches it, and what that says."""
