"""A learner that hands out memory for rollouts, and some that do so wrongly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from townlet_conformance_zoo_good import SPEC
from townlet_conformance_zoo_learner import GoodLearner

from townlet.api import RolloutArrays


class Memory:
    def __init__(self, spec, ticks, rows, spans):
        self.arrays = RolloutArrays.empty(spec, ticks, rows, spans=spans)

    def slot(self, tick, rows):
        return self.arrays.slot(tick).take(rows)


class GoodRememberer(GoodLearner):
    def rollout_memory(self, ticks, rows, *, spans):
        return Memory(SPEC, ticks, rows, spans)


class HandsOutTooFewTicks(GoodRememberer):
    def rollout_memory(self, ticks, rows, *, spans):
        return super().rollout_memory(ticks - 1, rows, spans=spans)


class HandsOutOtherFeatures(GoodRememberer):
    def rollout_memory(self, ticks, rows, *, spans):
        memory = super().rollout_memory(ticks, rows, spans=spans)
        memory.arrays = replace(memory.arrays, features=np.zeros((ticks + 1, rows, SPEC.feature_count + 1), np.float32))
        return memory


class NeverHasSpans(GoodRememberer):
    def rollout_memory(self, ticks, rows, *, spans):
        return super().rollout_memory(ticks, rows, spans=False)


class SharesRoom(GoodRememberer):
    """Saves memory at the wrong end: what was said and what came of it lie in one array."""

    def rollout_memory(self, ticks, rows, *, spans):
        memory = super().rollout_memory(ticks, rows, spans=spans)
        memory.arrays = replace(memory.arrays, bootstrap=memory.arrays.values)
        return memory


class HandsOutOthersEachTime(GoodRememberer):
    def rollout_memory(self, ticks, rows, *, spans):
        class Another(Memory):
            arrays = property(
                lambda self: RolloutArrays.empty(SPEC, ticks, rows, spans=spans), lambda self, arrays: None
            )

        return Another(SPEC, ticks, rows, spans)


class SlotsAreCopies(GoodRememberer):
    def rollout_memory(self, ticks, rows, *, spans):
        class Copies(Memory):
            def slot(self, tick, rows):
                return super().slot(tick, rows).copy()

        return Copies(SPEC, ticks, rows, spans)


class SlotsOfTheFirstGroup(GoodRememberer):
    """Takes every group of towns for one that begins with row 0."""

    def rollout_memory(self, ticks, rows, *, spans):
        class First(Memory):
            def slot(self, tick, rows):
                return super().slot(tick, slice(0, rows.stop - rows.start))

        return First(SPEC, ticks, rows, spans)


class LearnsFromItsFirstRollout(GoodRememberer):
    """Copies the experience out of its memory once, and takes it for what comes later as well."""

    first = None

    def update(self, rollout, settings):
        if rollout.memory is not None:
            self.first = self.first or replace(rollout, actions=rollout.actions.copy(), rewards=rollout.rewards.copy())
            rollout = replace(rollout, actions=self.first.actions, rewards=self.first.rewards)
        return super().update(rollout, settings)


class LearnsFromWhatOthersPlay(GoodRememberer):
    """Reads who was active from its memory; the batch leaves out those whom somebody else plays."""

    def update(self, rollout, settings):
        if rollout.memory is not None:
            active = rollout.memory.arrays.active[: rollout.ticks]
            rollout = replace(rollout, active=active, asked=active)
        return super().update(rollout, settings)


MEMORIES = dict.fromkeys(
    (LearnsFromItsFirstRollout, LearnsFromWhatOthersPlay), "learning.rollouts-in-its-own-memory-teach-the-same"
)
HANDED_OUT = {
    HandsOutTooFewTicks: "arrays.map must have shape [7, 16,",
    HandsOutOtherFeatures: "arrays.features must have shape [7, 16,",
    NeverHasSpans: "with spans=True 'asked' must be an array of its own",
    SharesRoom: "what is written into arrays.values appears in arrays.bootstrap as well",
    HandsOutOthersEachTime: "is another array each time",
    SlotsAreCopies: "is not a view of arrays.map[0, 0:6]",
    SlotsOfTheFirstGroup: "is not a view of arrays.map[0, 6:16]",
}
"""What no other check looks at: that one is asked alone, and says this."""
