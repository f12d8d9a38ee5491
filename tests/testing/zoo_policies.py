"""Policies that are wrong on purpose, each in one way, and the check that is meant for it."""

from __future__ import annotations

import ctypes
import os
import random
import time
from dataclasses import replace

import numpy as np
from townlet_conformance_zoo_good import SPEC, GoodPolicy

from townlet.api import ArrayState, Decision


class ChoosesMasked(GoodPolicy):
    def decide(self, observations, state, *, explore=False):
        decision = super().decide(observations, state, explore=explore)
        free = self.scores(observations, np.zeros_like(observations.features)).argmax(axis=1).astype(np.int64)
        return replace(decision, actions=np.where(observations.active, free, 0))


class ActsInEmptySlots(GoodPolicy):
    def decide(self, observations, state, *, explore=False):
        everything = replace(observations, action_mask=observations.action_mask | ~observations.active[:, None])
        decision = super().decide(everything, state, explore=explore)
        return replace(decision, actions=np.where(observations.active, decision.actions, 1))


class DependsOnRowOrder(GoodPolicy):
    def scores(self, observations, memory):
        place = np.arange(observations.rows, dtype=np.float32) % 7
        return super().scores(observations, memory) + place[:, None] * self.weights[0] * 3


class DependsOnTheOthers(GoodPolicy):
    def scores(self, observations, memory):
        crowd = np.float32(observations.rows)
        return super().scores(observations, memory) + crowd * self.weights[0]


class HiddenState(GoodPolicy):
    """Remembers in itself what it was asked last, and is bored by being asked it again."""

    def __init__(self, seed=0):
        super().__init__(seed)
        self.last = None

    def decide(self, observations, state, *, explore=False):
        question = observations.features.tobytes(), state
        bored = self.last is not None and self.last[0] == question[0] and self.last[1] is state
        self.last = question
        decision = super().decide(observations, state, explore=explore)
        return replace(decision, actions=np.zeros_like(decision.actions)) if bored else decision


class IgnoresBirths(GoodPolicy):
    def decide(self, observations, state, *, explore=False):
        lived = replace(observations, episode_start=np.zeros_like(observations.episode_start))
        return super().decide(lived, state, explore=explore)


class Unseeded(GoodPolicy):
    def __init__(self, seed=0):
        super().__init__(int(np.random.default_rng().integers(2**31)))

    def fingerprint(self):
        return "always-the-same"


class DrawsFromGlobalRandom(GoodPolicy):
    def decide(self, observations, state, *, explore=False):
        decision = super().decide(observations, state, explore=explore)
        random.random()
        return decision


class WritesIntoObservations(GoodPolicy):
    def decide(self, observations, state, *, explore=False):
        if observations.features.flags.writeable:
            observations.features[:] = np.clip(observations.features, -0.5, 0.5)
        return super().decide(observations, state, explore=explore)


class ChangesStateInPlace(GoodPolicy):
    def decide(self, observations, state, *, explore=False):
        decision = super().decide(observations, state, explore=explore)
        state.arrays()["memory"][:] = decision.state.arrays()["memory"]
        return decision


class ForgetsItsMemoryInArrays(GoodPolicy):
    """Keeps the memory in an attribute of its state that arrays() does not give."""

    class State:
        def __init__(self, values, memory):
            self.values, self.memory = values, memory

        def arrays(self):
            return self.values

        def with_arrays(self, arrays):
            return type(self)(dict(arrays), np.zeros((len(arrays["keys"]), SPEC.feature_count), np.float32))

    def initial_state(self, rows, seed):
        arrays = dict(super().initial_state(rows, seed).arrays())
        return self.State({k: arrays[k] for k in ("keys", "counters")}, arrays["memory"])

    def decide(self, observations, state, *, explore=False):
        memory = state.memory
        whole = ArrayState({**state.arrays(), "memory": memory})
        decision = super().decide(observations, whole, explore=explore)
        arrays = dict(decision.state.arrays())
        return replace(decision, state=self.State({k: arrays[k] for k in ("keys", "counters")}, arrays["memory"]))


SHARED = {"bias": np.zeros(SPEC.action_count, np.float32)}


class SharesState(GoodPolicy):
    """Two instances share a module-level array that the second kind of call writes into."""

    def __init__(self, seed=0):
        super().__init__(seed)
        SHARED["bias"] = self.weights[0] * 3

    def scores(self, observations, memory):
        return super().scores(observations, memory) + SHARED["bias"]


class WrongDtype(GoodPolicy):
    def decide(self, observations, state, *, explore=False):
        decision = super().decide(observations, state, explore=explore)
        return Decision(decision.actions.astype(np.int32), decision.state)  # refused at birth


class LeaksMemory(GoodPolicy):
    def __init__(self, seed=0):
        super().__init__(seed)
        self.kept = []

    def decide(self, observations, state, *, explore=False):
        decision = super().decide(observations, state, explore=explore)
        self.kept.append(observations.features.copy())
        return decision


class ClosesOnce(GoodPolicy):
    def close(self):
        del self.weights


class ChangingFingerprint(GoodPolicy):
    def fingerprint(self):
        return f"object-{id(self):020d}"


class StateOfAnotherSize(GoodPolicy):
    """Keeps one counter for all rows."""

    def initial_state(self, rows, seed):
        return ArrayState({**super().initial_state(rows, seed).arrays(), "asked": np.zeros(1)})


class PositiveLogProbs(GoodPolicy):
    """Gives probabilities where logarithms are asked for."""

    def decide(self, observations, state, *, explore=False):
        decision = super().decide(observations, state, explore=explore)
        return replace(decision, log_probs=np.exp(decision.log_probs))


class TakesAnyOption(GoodPolicy):
    @staticmethod
    def validate(options):
        return dict(options)


class NeedsSomebody(GoodPolicy):
    """Looks for the highest feature among those who live, and falls over where nobody does."""

    def scores(self, observations, memory):
        highest = observations.features[observations.active].max()
        assert np.isfinite(highest)
        return super().scores(observations, memory)


class DividesByAFeature(GoodPolicy):
    """Made-up features are never 0; those of a town are."""

    def scores(self, observations, memory):
        lived = observations.active
        with np.errstate(divide="raise"):
            assert np.isfinite(1 / observations.features[lived]).all()
        return super().scores(observations, memory)


class KeepsAView(GoodPolicy):
    """Remembers the observations themselves, which the town writes into next."""

    def decide(self, observations, state, *, explore=False):
        decision = super().decide(observations, state, explore=explore)
        return replace(decision, state=ArrayState({**decision.state.arrays(), "memory": observations.features}))


class Slow(GoodPolicy):
    def decide(self, observations, state, *, explore=False):
        if observations.rows == 64 and not explore:
            time.sleep(1.05)
        return super().decide(observations, state, explore=explore)


def _malloc():
    function = ctypes.CDLL(None if os.name != "nt" else "msvcrt").malloc
    function.restype, function.argtypes = ctypes.c_void_p, (ctypes.c_size_t,)
    return function


class LeaksNativeMemory(GoodPolicy):
    """Takes memory from C's allocator, as a native library does, and never gives it back."""

    def decide(self, observations, state, *, explore=False):
        if observations.rows == 64:
            size = 256 << 10  # beyond what a heap that has room would hide
            ctypes.memset(_malloc()(size), 1, size)
        return super().decide(observations, state, explore=explore)


class NoExplore(GoodPolicy):
    def decide(self, observations, state):
        return super().decide(observations, state)


POLICIES = {
    ChoosesMasked: "semantics.masked-actions-are-never-chosen",
    ActsInEmptySlots: "semantics.empty-rows-wait",
    DependsOnRowOrder: "semantics.row-order-does-not-matter",
    DependsOnTheOthers: "semantics.a-row-alone-chooses-the-same",
    HiddenState: "determinism.nothing-is-remembered-outside-the-state",
    IgnoresBirths: "semantics.births-void-memory",
    Unseeded: "determinism.same-seed-same-actions",
    DrawsFromGlobalRandom: "determinism.global-random-state-is-left-alone",
    WritesIntoObservations: "semantics.observations-are-not-written-into",
    ChangesStateInPlace: "determinism.the-state-is-not-changed-in-place",
    ForgetsItsMemoryInArrays: "determinism.resume-equals-uninterrupted",
    SharesState: "determinism.instances-share-nothing",
    WrongDtype: "protocol.decision-has-the-right-shape",
    LeaksMemory: "resources.memory-does-not-grow",
    ClosesOnce: "protocol.close-may-be-called-twice",
    ChangingFingerprint: "protocol.fingerprint-identifies-the-behaviour",
    NoExplore: "protocol.policy-has-the-methods",
    StateOfAnotherSize: "protocol.initial-state-is-row-by-row",
    PositiveLogProbs: "protocol.optional-answers-fit",
    TakesAnyOption: "protocol.unknown-options-are-refused",
    NeedsSomebody: "semantics.an-empty-town-is-answered",
    DividesByAFeature: "semantics.a-real-town-goes-on",
    KeepsAView: "semantics.observations-are-not-kept",
    Slow: "resources.latency-is-bounded",
    LeaksNativeMemory: "resources.resident-memory-does-not-grow",
}
