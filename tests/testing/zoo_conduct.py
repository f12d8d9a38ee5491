"""Learners that reckon rightly and behave badly: towards the process, the disc, the clock, the rollout, each other."""

from __future__ import annotations

import copy
import os
import time
from pathlib import Path
from typing import ClassVar

import numpy as np
from safetensors.numpy import load_file
from townlet_conformance_zoo_adam import Trainer
from townlet_conformance_zoo_learner import GoodLearner
from townlet_conformance_zoo_minds import LinearMind

from townlet.errors import CheckpointError, TrainingError

_PROCESS, _CLOCK = "determinism.learning-leaves-the-process-alone", "determinism.learning-does-not-read-the-clock"
_ALIKE, _KEPT = "learning.the-same-cloning-twice-gives-the-same", "determinism.rollouts-are-not-kept"
_FAILED, _OUTSIDE = "learning.a-failed-update-changes-nothing", "learning.saving-writes-into-its-folder"
_BROKEN, _TOLD = "learning.a-broken-checkpoint-is-refused", "learning.metrics-of-cloning-are-what-they-are-called"


class DrawsFromNumPysGlobalStream(GoodLearner):
    """In an order that does not matter to it."""

    def update(self, rollout, settings):
        np.random.permutation(4)
        return super().update(rollout, settings)


class SeedsEverybody(GoodLearner):
    def update(self, rollout, settings):
        np.random.seed(settings.seed)
        return super().update(rollout, settings)


class DrawsWhenItLoads(GoodLearner):
    def load(self, directory: Path) -> None:
        np.random.random()
        super().load(directory)


class SetsThreadsForEverybody(GoodLearner):
    def update(self, rollout, settings):
        os.environ["OMP_NUM_THREADS"] = "3"
        return super().update(rollout, settings)


class SilencesFloatingPointErrors(GoodLearner):
    def clone_behaviour(self, demonstrations, settings, report):
        np.seterr(all="ignore")
        return super().clone_behaviour(demonstrations, settings, report)


class LearnsBetterOnSundays(GoodLearner):
    def update(self, rollout, settings):
        day = int(time.time()) // 86_400 % 97
        return super().update(
            rollout, settings.model_copy(update={"learning_rate": settings.learning_rate + day * 1e-6})
        )


class SharesItsRandomStream(GoodLearner):
    """Seeded by whoever was made last."""

    stream: ClassVar = None

    def __init__(self, seed=0, *rest):
        super().__init__(seed, *rest)
        SharesItsRandomStream.stream = np.random.Generator(np.random.PCG64(seed))

    def update(self, rollout, settings):
        own = SharesItsRandomStream.stream.integers(1 << 30) % 2 + settings.seed * 2
        return super().update(rollout, settings.model_copy(update={"seed": int(own)}))


class HandsOutACopy(GoodLearner):
    """Its policy is a copy, which learns nothing more."""

    @property
    def policy(self):
        return copy.copy(self._policy)


class KeepsItsRollout(GoodLearner):
    """Compares what is seen with the rollout before, which it has not copied."""

    before = np.zeros(1)

    def update(self, rollout, settings):
        rate = settings.learning_rate * (1 + 1e-3 * float(self.before.mean()))
        metrics = super().update(rollout, settings.model_copy(update={"learning_rate": rate}))
        self.before = rollout.features
        return metrics

    def save(self, directory: Path) -> None:
        super().save(directory)
        np.save(directory / "before.npy", self.before)

    def load(self, directory: Path) -> None:
        try:
            before = np.load(directory / "before.npy")
        except (OSError, ValueError) as error:
            raise CheckpointError("it is not whole", where=str(directory)) from error
        super().load(directory)
        self.before = before


class PaysInPlace(GoodLearner):
    """Scales rewards where they lie."""

    def update(self, rollout, settings):
        np.multiply(rollout.rewards, np.float32(1.5), out=rollout.rewards)
        return super().update(rollout, settings)


class WritesIntoDemonstrations(GoodLearner):
    def clone_behaviour(self, demonstrations, settings, report):
        class Source:
            size, action_counts = demonstrations.size, demonstrations.action_counts

            def batches(self, *given, **named):
                for batch in demonstrations.batches(*given, **named):
                    batch.observations.features[:] *= 0.5
                    yield batch

        return super().clone_behaviour(Source(), settings, report)


class CountsAStepThatFailed(GoodLearner):
    def update(self, rollout, settings):
        try:
            return super().update(rollout, settings)
        except TrainingError:
            self.trainer.steps += 1
            raise


class LooksAtRewardsAlone(GoodLearner):
    """Takes what is not a number elsewhere for nothing."""

    def check(self, rollout):
        if not np.isfinite(rollout.rewards[rollout.asked]).all():
            raise TrainingError("rewards are not finite")
        for name in ("values", "log_probs", "bootstrap"):
            np.nan_to_num(getattr(rollout, name), copy=False)


class BeginsAnewAfterSaving(GoodLearner):
    def save(self, directory: Path) -> None:
        super().save(directory)
        self.trainer = Trainer()


class CountsOnAfterLoading(GoodLearner):
    """The higher of two numbers of steps must be the right one."""

    def load(self, directory: Path) -> None:
        steps = self.trainer.steps
        super().load(directory)
        self.trainer.steps = max(steps, self.trainer.steps)


class LeavesANoteInTheWorkingFolder(GoodLearner):
    def save(self, directory: Path) -> None:
        super().save(directory)
        np.save("last.npy", self._policy.weights["policy"])


class LeavesANoteBesideTheCheckpoint(GoodLearner):
    def save(self, directory: Path) -> None:
        super().save(directory)
        (directory.parent / f"{directory.name}.best").write_text("this one")


class LoadsWeightsOfAnyShape(GoodLearner):
    def load(self, directory: Path) -> None:
        try:
            super().load(directory)
        except CheckpointError as error:
            if "another mind" not in str(error):
                raise
            self._policy.weights = load_file(directory / "weights.safetensors")


class TakesWeightsBeforeTheRest(GoodLearner):
    """Half of it is in place when the other half turns out to be broken."""

    def load(self, directory: Path) -> None:
        try:
            super().load(directory)
        except CheckpointError as error:
            if "another mind" not in str(error):
                self._policy.weights = {name: array + 1e-3 for name, array in self._policy.weights.items()}
            raise


class WarmsUpByLearning(GoodLearner):
    def warm_up(self, ticks, rows, settings):
        self.trainer.steps += 1


class SendsWeightsThatNobodyReads(GoodLearner):
    def save_weights(self, directory):
        self.save(directory)

    def load_weights(self, directory):
        pass


class ValuesInItsOwnUnits(GoodLearner):
    class Mind(LinearMind):
        def values(self, observations, state):
            return ((super().values(observations, state) - self.mean) / self.scale).astype(np.float32)

    mind = Mind


class ValuesAreTooLong(GoodLearner):
    class Mind(LinearMind):
        def values(self, observations, state):
            return super().values(observations, state).astype(np.float64)

    mind = Mind


class KeepsItsLastWeights(GoodLearner):
    keeps_the_best = False


class ClonesUnseeded(GoodLearner):
    count = 0

    def clone_behaviour(self, demonstrations, settings, report):
        ClonesUnseeded.count += 1
        return super().clone_behaviour(demonstrations, settings.model_copy(update={"seed": self.count}), report)


class ClonesByTheClock(GoodLearner):
    def clone_behaviour(self, demonstrations, settings, report):
        day = int(time.time()) // 86_400
        return super().clone_behaviour(
            demonstrations, settings.model_copy(update={"seed": settings.seed + day}), report
        )


class AnswersCloningWithADictionary(GoodLearner):
    def clone_behaviour(self, demonstrations, settings, report):
        return super().clone_behaviour(demonstrations, settings, report).model_dump()


class TellsEpochsThatItWasAskedToClone(GoodLearner):
    def clone_behaviour(self, demonstrations, settings, report):
        return super().clone_behaviour(demonstrations, settings, report).model_copy(update={"epochs": 15})


class TellsAPerfectClone(GoodLearner):
    def clone_behaviour(self, demonstrations, settings, report):
        metrics = super().clone_behaviour(demonstrations, settings, report)
        return metrics.model_copy(update={"accuracy": min(metrics.accuracy, 0.91)})


CONDUCT = {
    DrawsFromNumPysGlobalStream: (_PROCESS, "update changed, for everything in this process: NumPy's random state"),
    SeedsEverybody: (_PROCESS, "update changed, for everything in this process: NumPy's random state"),
    DrawsWhenItLoads: (_PROCESS, "load changed, for everything in this process: NumPy's random state"),
    SetsThreadsForEverybody: (_PROCESS, "update changed, for everything in this process: environment"),
    SilencesFloatingPointErrors: (
        _PROCESS,
        "clone_behaviour changed, for everything in this process: NumPy's handling",
    ),
    LearnsBetterOnSundays: (_CLOCK, "depends on the clock"),
    SharesItsRandomStream: ("determinism.learners-side-by-side-share-nothing", "a random stream"),
    HandsOutACopy: ("determinism.the-policy-follows-its-learner", "still acts with the old weights"),
    KeepsItsRollout: (_KEPT, "copy what is kept"),
    PaysInPlace: ("determinism.rollouts-are-not-written-into", "wrote into the rollout: rewards;"),
    WritesIntoDemonstrations: ("learning.demonstrations-are-not-written-into", "demonstrations: features;"),
    CountsAStepThatFailed: (_FAILED, "after an update that failed (rewards with a NaN) the next one went elsewhere"),
    LooksAtRewardsAlone: (_FAILED, "values with a NaN were learned from"),
    BeginsAnewAfterSaving: ("determinism.saving-changes-nothing", "after save, an update went elsewhere"),
    CountsOnAfterLoading: ("learning.loading-replaces-everything", "does load replace the optimiser"),
    LeavesANoteInTheWorkingFolder: (_OUTSIDE, "work/last.npy"),
    LeavesANoteBesideTheCheckpoint: (_OUTSIDE, "checkpoint.best"),
    LoadsWeightsOfAnyShape: ("learning.a-checkpoint-of-other-observations-is-refused", "sees one feature more"),
    TakesWeightsBeforeTheRest: (_BROKEN, "refused, but the weights had changed"),
    WarmsUpByLearning: ("learning.warming-up-teaches-nothing", "after warm_up the first update went elsewhere"),
    SendsWeightsThatNobodyReads: ("learning.weights-that-are-sent-act-alike", "it acts otherwise than the learner"),
    ValuesInItsOwnUnits: ("determinism.values-alone-are-those-of-decide", "differ from those that decide tells"),
    ValuesAreTooLong: ("determinism.values-alone-are-those-of-decide", "values must be float32 [16], found float64"),
    KeepsItsLastWeights: ("learning.cloning-keeps-what-did-best", "the last one's weights stayed"),
    ClonesUnseeded: (_ALIKE, "is something unseeded?"),
    ClonesByTheClock: (_ALIKE, "depends on the clock"),
    AnswersCloningWithADictionary: ("learning.clones-a-tiny-teacher", "gave a dict, not BCMetrics"),
    TellsEpochsThatItWasAskedToClone: (_TOLD, "report was called 2 times"),
    TellsAPerfectClone: (_TOLD, "but the greedy policy repeats"),
}
"""Each with the check that catches it, and what that says."""
