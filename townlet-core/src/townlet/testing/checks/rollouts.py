"""Level 5, third part: a rollout that lies in the learner's own memory is learned from like any other."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from townlet.api import (
    BoolArray,
    LearnerProtocol,
    ObservationBatch,
    ObservationSpec,
    PPOSettings,
    RemembersRollouts,
    RolloutArrays,
    RolloutBatch,
    RolloutMemory,
)
from townlet.envs import StepResult
from townlet.rollout import ArrayMemory, RolloutBuffer, Step
from townlet.testing.check import Check, CheckFailure, collect, expect
from townlet.testing.lessons import draw_lesson, right_actions
from townlet.testing.subject import Subject

__all__ = ["CHECKS"]

CHECKS: list[Check] = []
check = collect(5, "learning", CHECKS)

TICKS, ROWS, ROLLOUTS = 6, 16, 3
GROUPS = (slice(0, 6), slice(6, ROWS))
"""Two groups of towns, which write side by side into one memory."""
_SEEN = tuple(field.name for field in fields(ObservationBatch))
_NAMES = tuple(field.name for field in fields(RolloutArrays))
_SETTINGS = PPOSettings(learning_rate=5e-3, minibatches=2, epochs=2)


@check(
    "A learner that hands out memory for rollouts learns from what was written there, each time anew.",
    needs=("learn.ppo",),
    after=(
        "determinism.the-same-update-twice-gives-the-same",
        "learning.solves-a-bandit-town",
        "learning.inactive-rows-teach-nothing",
    ),
)
def rollouts_in_its_own_memory_teach_the_same(subject: Subject) -> str:
    if not isinstance(subject.learner(seed=1), RemembersRollouts):
        return "hands out none, not asked"
    for spans in (True, False):
        memory = _handed_out(subject.learner(seed=1), spans=spans)
        _fits(memory, subject.spec, spans=spans)
        _slots_are_views(memory, spans=spans)
    own, plain = subject.learner(seed=1), subject.learner(seed=1)
    arrays = RolloutArrays.empty(subject.spec, TICKS, ROWS, spans=False)
    supplies = (
        _Supply(own, subject.spec, _handed_out(own, spans=False), named=True),
        _Supply(plain, subject.spec, ArrayMemory(arrays), named=False),
    )
    for number in range(ROLLOUTS):
        played = np.arange(ROWS) % 3 != number  # somebody else plays the others, as in a cast
        for supply in supplies:
            rollout = supply.rollout(number, played)
            supply.learner.update(rollout, _SETTINGS.model_copy(update={"seed": number}))
        expect(
            own.policy.fingerprint() == plain.policy.fingerprint(),
            f"rollout {number + 1} of {ROLLOUTS}, in the learner's own memory, taught something else than the same "
            "rollout elsewhere: learn from the arrays of the RolloutBatch, which say what counts",
        )
    return f"{ROLLOUTS} rollouts, {memory.arrays.ticks} ticks of {memory.arrays.rows} rows"


def _handed_out(learner: LearnerProtocol, *, spans: bool) -> RolloutMemory:
    if not isinstance(learner, RemembersRollouts):
        raise CheckFailure("one learner has rollout_memory, another one made alike has not")
    return learner.rollout_memory(TICKS, ROWS, spans=spans)


def _fits(memory: RolloutMemory, spec: ObservationSpec, *, spans: bool) -> None:
    """The arrays are those of the spec, the same each time, and none lies in another."""
    arrays: object = memory.arrays
    if not isinstance(arrays, RolloutArrays):
        raise CheckFailure(f"rollout_memory(...).arrays is {type(arrays).__name__}, not RolloutArrays")
    wanted = RolloutArrays.empty(spec, TICKS, ROWS, spans=spans)
    for name in _NAMES:
        found, shape = getattr(arrays, name), list(getattr(wanted, name).shape)
        expect(list(found.shape) == shape, f"arrays.{name} must have shape {shape}, found {list(found.shape)}")
        expect(found.flags.writeable, f"arrays.{name} cannot be written into")
    expect(
        (arrays.asked is not arrays.active) == spans,
        f"with spans={spans} 'asked' must be " + ("an array of its own" if spans else "the array 'active' itself"),
    )
    for name in _NAMES:
        _clear(arrays)
        getattr(arrays, name)[...] = 1
        expect(bool((getattr(memory.arrays, name) == 1).all()), f"memory.arrays.{name} is another array each time")
        one = {name} if spans or name not in ("active", "asked") else {"active", "asked"}
        mixed = [other for other in _NAMES if other not in one and getattr(arrays, other).any()]
        expect(not mixed, f"what is written into arrays.{name} appears in arrays.{mixed[0] if mixed else ''} as well")


def _slots_are_views(memory: RolloutMemory, *, spans: bool) -> None:
    """What is written into a slot lies in the arrays, at its tick and in its rows, and nowhere else."""
    arrays = memory.arrays
    for rows in GROUPS:
        for tick in range(TICKS + 1):
            slot = memory.slot(tick, rows)
            what = f"slot({tick}, rows {rows.start} to {rows.stop - 1})"
            expect(slot.everybody_asked != spans, f"{what}: 'asked' must be as in the arrays, with spans={spans}")
            for name in _SEEN:
                _clear(arrays)
                getattr(slot, name)[...] = 1
                written: NDArray[Any] = getattr(arrays, name)
                right = bool((written[tick, rows] == 1).all()) and np.count_nonzero(written) == written[tick, rows].size
                expect(right, f"{what}.{name} is not a view of arrays.{name}[{tick}, {rows.start}:{rows.stop}]")
    _clear(arrays)


def _clear(arrays: RolloutArrays) -> None:
    for name in _NAMES:
        getattr(arrays, name)[...] = 0


class _Supply:
    """Rollouts of the bandit town, written into a memory by two groups of towns as core's experience is."""

    def __init__(self, learner: LearnerProtocol, spec: ObservationSpec, memory: RolloutMemory, *, named: bool) -> None:
        self.learner = learner
        self._spec = spec
        self._memory = memory
        self._named = named
        self._buffers = [
            RolloutBuffer(spec, TICKS, part.stop - part.start, spans=False, memory=memory, part=part) for part in GROUPS
        ]

    def rollout(self, number: int, played: BoolArray) -> RolloutBatch:
        """Rollout ``number``, over the one before; ``played`` is bool ``[N]``, the rows that the learner plays."""
        for group, buffer in enumerate(self._buffers):
            self._live(buffer, (number * len(self._buffers) + group) * (TICKS + 1))
        arrays = self._memory.arrays
        said = {name: getattr(arrays, name)[:TICKS] for name in _NAMES if name != "asked"}
        said["active"] = said["active"] & played
        states = [buffer.state or {} for buffer in self._buffers]
        state = {name: np.concatenate([each[name] for each in states]) for name in states[0]}
        return RolloutBatch(**said, state=state, memory=self._memory if self._named else None)

    def _live(self, buffer: RolloutBuffer, seed: int) -> None:
        policy = self.learner.policy
        state = policy.initial_state(buffer.rows, seed)
        buffer.rewind()
        buffer.state = state.arrays()
        everybody, nobody = np.ones(buffer.rows, np.bool_), np.zeros(buffer.rows, np.bool_)
        _write(draw_lesson(self._spec, buffer.rows, seed), buffer.current())
        for tick in range(TICKS):
            seen, after = buffer.current(), buffer.following()
            decision = policy.decide(seen, state, explore=True)
            state = decision.state
            rewards = (decision.actions == right_actions(seen)).astype(np.float32)
            _write(draw_lesson(self._spec, buffer.rows, seed + tick + 1), after)
            parts = np.zeros((buffer.rows, 0), np.float32)
            buffer.record(Step(tick, seen, decision, StepResult(after, rewards, parts, everybody, nobody)))


def _write(lesson: ObservationBatch, slot: ObservationBatch) -> None:
    for name in _SEEN:
        np.copyto(getattr(slot, name), getattr(lesson, name))
