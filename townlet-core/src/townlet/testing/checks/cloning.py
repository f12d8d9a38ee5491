"""Level 5, cloning: it does what it is told, keeps what did best, and leaves the demonstrations alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from townlet.api import (
    BCMetrics,
    BCSettings,
    DemonstrationBatch,
    DemonstrationSequences,
    LearnerProtocol,
    ObservationSpec,
    TrainingReport,
)
from townlet.api.demonstrations import Split
from townlet.testing.check import Check, collect, expect
from townlet.testing.checks.conduct import later
from townlet.testing.lessons import CHOICES, TeacherDemonstrations, draw_lesson, right_actions, unheard
from townlet.testing.subject import Subject

__all__ = ["CHECKS"]

CHECKS: list[Check] = []
check = collect(5, "learning", CHECKS)

_BASE = BCSettings(epochs=3, batch_size=64, learning_rate=5e-3, patience=9, class_balance=0.0, seed=1)
_OTHER: dict[str, Any] = {
    "epochs": 1,
    "batch_size": 16,
    "learning_rate": 1e-3,
    "weight_decay": 0.9,
    "class_balance": 1.0,
    "label_smoothing": 0.5,
    "max_grad_norm": 1e-4,
    "seed": 2,
}
"""Settings whose other value cannot but change what a learner that honours them makes of a lesson."""
_CLONES, _ALIKE = "learning.clones-a-tiny-teacher", "learning.the-same-cloning-twice-gives-the-same"


class _Contrary(TeacherDemonstrations):
    """The held-out part wants another door: what is learned from the rest does worse there, epoch by epoch."""

    def batches(self, part: Split, batch_size: int, *, seed: int | None = None) -> Iterator[DemonstrationBatch]:
        for batch in super().batches(part, batch_size, seed=seed):
            yield batch if part == "train" else DemonstrationBatch(batch.observations, _another(batch.actions))

    def sequences(
        self, part: Split, length: int, batch_size: int, *, seed: int | None = None
    ) -> Iterator[DemonstrationSequences]:
        for piece in super().sequences(part, length, batch_size, seed=seed):
            if part == "validation":
                piece.actions[...] = _another(piece.actions)
            yield piece


def _another(actions: NDArray[np.int64]) -> NDArray[np.int64]:
    return (actions + 1) % CHOICES


def _cloned(
    subject: Subject, settings: BCSettings = _BASE, source: TeacherDemonstrations | None = None
) -> tuple[LearnerProtocol, BCMetrics, int]:
    """A fresh learner after cloning, what it tells, and how often it reported."""
    learner, reports = subject.learner(seed=1), list[TrainingReport]()
    shown = source or TeacherDemonstrations(subject.spec, size=256)
    found = learner.clone_behaviour(shown, settings, reports.append)
    return learner, found, len(reports)


@check("Cloning is the same twice, at whatever hour.", needs=("learn.bc",), after=(_CLONES,))
def the_same_cloning_twice_gives_the_same(subject: Subject) -> None:
    one, again = (_cloned(subject)[0].policy.fingerprint() for _ in range(2))
    expect(one == again, "the same demonstrations and settings gave two results: is something unseeded?")
    with later():
        then = _cloned(subject)[0].policy.fingerprint()
    expect(one == then, "the same cloning gave something else at another time: what it does depends on the clock")


@check(
    "Settings of cloning that the manifest lists as honoured have effect.", needs=("learn.bc",), after=(_CLONES, _ALIKE)
)
def honoured_settings_of_cloning_have_effect(subject: Subject) -> str:
    asked = [name for name in _OTHER if subject.honours("bc", name)]
    plain = _cloned(subject)[0].policy.fingerprint()
    idle = [
        name
        for name in asked
        if _cloned(subject, _BASE.model_copy(update={name: _OTHER[name]}))[0].policy.fingerprint() == plain
    ]
    for name, value in (("patience", 1), ("max_seconds", 1e-9)):
        if subject.honours("bc", name) and subject.honours("bc", "epochs"):
            asked.append(name)
            settings = _BASE.model_copy(update={"epochs": 8, name: value})
            done = _cloned(subject, settings, _Contrary(subject.spec, size=256))[2]
            idle += [name] if done == settings.epochs else []
    expect(not idle, f"another value changes nothing: {', '.join(idle)}; honour it, or leave it out of [honours]")
    return f"asked of {', '.join(asked) or 'none: the manifest lists none of them'}"


@check("Cloning keeps the weights that did best on the held-out part.", needs=("learn.bc",), after=(_CLONES, _ALIKE))
def cloning_keeps_what_did_best(subject: Subject) -> str:
    settings = BCSettings(epochs=40, batch_size=256, learning_rate=2e-2, patience=40, class_balance=0.0)
    learner, found, _ = _cloned(subject, settings, _Contrary(subject.spec, size=256))
    seen = draw_lesson(subject.spec, 512, 77)
    policy = learner.policy
    drawn = policy.decide(seen, policy.initial_state(512, 1), explore=True).actions
    wanted = float((drawn == _another(right_actions(seen))).mean())
    expect(
        wanted >= 0.12,
        f"each epoch did worse on held-out data that wants another door, but the last one's weights stayed: drawn "
        f"actions agree with that data in {wanted:.2f} of all cases, where the first epochs agreed in about a third",
    )
    expect(found.loss <= 2.0, f"the loss told is {found.loss:.2f}, not that of the weights that were kept")
    return f"{wanted:.2f} of the held-out part still acted as wanted"


@check("Demonstrations are not written into.", needs=("learn.bc",), after=(_CLONES,))
def demonstrations_are_not_written_into(subject: Subject) -> None:
    source = _Watched(subject.spec, size=128)
    subject.learner(seed=1).clone_behaviour(source, _BASE, unheard)
    changed = sorted({name for name, array, before in source.shown if not np.array_equal(array, before)})
    expect(not changed, f"cloning wrote into the demonstrations: {', '.join(changed)}; they are the source's")


class _Watched(TeacherDemonstrations):
    """Remembers what it showed, and how that was then."""

    def __init__(self, spec: ObservationSpec, size: int) -> None:
        super().__init__(spec, size=size)
        self.shown: list[tuple[str, NDArray[Any], NDArray[Any]]] = []

    def batches(self, part: Split, batch_size: int, *, seed: int | None = None) -> Iterator[DemonstrationBatch]:
        for batch in super().batches(part, batch_size, seed=seed):
            seen = batch.observations
            self._note(map=seen.map, features=seen.features, action_mask=seen.action_mask, actions=batch.actions)
            yield batch

    def sequences(
        self, part: Split, length: int, batch_size: int, *, seed: int | None = None
    ) -> Iterator[DemonstrationSequences]:
        for piece in super().sequences(part, length, batch_size, seed=seed):
            self._note(map=piece.map, features=piece.features, action_mask=piece.action_mask, actions=piece.actions)
            yield piece

    def _note(self, **arrays: NDArray[Any]) -> None:
        self.shown += [(name, array, array.copy()) for name, array in arrays.items()]


@check("The policy acts as the metrics of cloning say.", needs=("learn.bc",), after=(_CLONES, _ALIKE))
def metrics_of_cloning_are_what_they_are_called(subject: Subject) -> str:
    source = TeacherDemonstrations(subject.spec, size=1024)
    learner, found, reports = _cloned(subject, _BASE.model_copy(update={"epochs": 2}), source)
    metrics = BCMetrics.model_validate(found.model_dump())
    (held,) = source.batches("validation", 4096)
    policy = learner.policy
    acts = policy.decide(held.observations, policy.initial_state(held.observations.rows, 0)).actions
    accuracy = float((acts == held.actions).mean())
    expect(
        abs(metrics.accuracy - accuracy) <= 0.02,
        f"accuracy is {metrics.accuracy:.3f}, but the greedy policy repeats {accuracy:.3f} of the held-out actions",
    )
    expect(
        metrics.epochs == reports, f"epochs is {metrics.epochs}, but report was called {reports} times, once an epoch"
    )
    return f"accuracy {accuracy:.3f}"
