"""A piece of experience: ``T`` ticks of ``N`` rows, as a learner's update reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from townlet.api.batch import ActionArray, BoolArray, FloatArray, MapArray, ObservationBatch
from townlet.api.checks import check_array
from townlet.api.demonstrations import DemonstrationBatch
from townlet.api.spec import ObservationSpec
from townlet.errors import ContractError

__all__ = ["DurationArray", "RolloutArrays", "RolloutBatch", "RolloutMemory"]

DurationArray = NDArray[np.int32]

_NOT_SAID: NDArray[Any] = np.zeros(0, np.int32)


def _not_said() -> NDArray[Any]:
    return _NOT_SAID


@dataclass(frozen=True, slots=True)
class RolloutArrays:
    """The arrays of a rollout under way: the observations of ``T + 1`` ticks, and what came of ``T`` of them.

    Attributes:
        map: uint8 ``[T + 1, N, C, H, W]``.
        features: float32 ``[T + 1, N, F]``.
        action_mask: bool ``[T + 1, N, K]``.
        active: bool ``[T + 1, N]``.
        episode_start: bool ``[T + 1, N]``.
        asked: bool ``[T + 1, N]``; the array ``active`` itself where each agent decides on each tick.
        actions: int64 ``[T, N]``.
        log_probs: float32 ``[T, N]``; NaN where the policy does not say.
        values: float32 ``[T, N]``; NaN where the policy does not say.
        rewards: float32 ``[T, N]``, of single ticks.
        terminated: bool ``[T, N]``.
        truncated: bool ``[T, N]``.
        bootstrap: float32 ``[T, N]``.

    Raises:
        ContractError: if a dtype or shape does not fit.
    """

    map: MapArray
    features: FloatArray
    action_mask: BoolArray
    active: BoolArray
    episode_start: BoolArray
    asked: BoolArray
    actions: ActionArray
    log_probs: FloatArray
    values: FloatArray
    rewards: FloatArray
    terminated: BoolArray
    truncated: BoolArray
    bootstrap: FloatArray

    def __post_init__(self) -> None:
        check_array("RolloutArrays", "actions", self.actions, np.int64, (-1, -1))
        ticks, rows = self.actions.shape
        check_array("RolloutArrays", "map", self.map, np.uint8, (ticks + 1, rows, -1, -1, -1))
        check_array("RolloutArrays", "features", self.features, np.float32, (ticks + 1, rows, -1))
        check_array("RolloutArrays", "action_mask", self.action_mask, np.bool_, (ticks + 1, rows, -1))
        for name in ("active", "episode_start", "asked"):
            check_array("RolloutArrays", name, getattr(self, name), np.bool_, (ticks + 1, rows))
        for name in ("terminated", "truncated"):
            check_array("RolloutArrays", name, getattr(self, name), np.bool_, (ticks, rows))
        for name in ("log_probs", "values", "rewards", "bootstrap"):
            check_array("RolloutArrays", name, getattr(self, name), np.float32, (ticks, rows))

    @property
    def ticks(self) -> int:
        """``T``."""
        return int(self.actions.shape[0])

    @property
    def rows(self) -> int:
        """``N``."""
        return int(self.actions.shape[1])

    @classmethod
    def empty(cls, spec: ObservationSpec, ticks: int, rows: int, *, spans: bool | None = None) -> RolloutArrays:
        """Freshly allocated; what a policy has to say is NaN.

        Args:
            spec: what the observations mean.
            ticks: ``T``.
            rows: ``N``.
            spans: decisions span ticks, so ``asked`` is an array of its own; None: as in the spec's action space.
        """
        spans = spec.spans if spans is None else spans
        shape = (ticks, rows)
        active = np.zeros((ticks + 1, rows), np.bool_)
        return cls(
            map=np.zeros((ticks + 1, rows, *spec.map_shape), np.uint8),
            features=np.zeros((ticks + 1, rows, spec.feature_count), np.float32),
            action_mask=np.zeros((ticks + 1, rows, spec.action_count), np.bool_),
            active=active,
            episode_start=np.zeros((ticks + 1, rows), np.bool_),
            asked=np.zeros((ticks + 1, rows), np.bool_) if spans else active,
            actions=np.zeros(shape, np.int64),
            log_probs=np.full(shape, np.nan, np.float32),
            values=np.full(shape, np.nan, np.float32),
            rewards=np.zeros(shape, np.float32),
            terminated=np.zeros(shape, np.bool_),
            truncated=np.zeros(shape, np.bool_),
            bootstrap=np.zeros(shape, np.float32),
        )

    def part(self, rows: slice) -> RolloutArrays:
        """Those of some rows; views."""
        active = self.active[:, rows]
        return RolloutArrays(
            self.map[:, rows],
            self.features[:, rows],
            self.action_mask[:, rows],
            active,
            self.episode_start[:, rows],
            active if self.asked is self.active else self.asked[:, rows],
            self.actions[:, rows],
            self.log_probs[:, rows],
            self.values[:, rows],
            self.rewards[:, rows],
            self.terminated[:, rows],
            self.truncated[:, rows],
            self.bootstrap[:, rows],
        )

    def slot(self, tick: int) -> ObservationBatch:
        """The observations of ``tick``, 0 to ``T``; views."""
        active = self.active[tick]
        return ObservationBatch(
            self.map[tick],
            self.features[tick],
            self.action_mask[tick],
            active,
            self.episode_start[tick],
            active if self.asked is self.active else self.asked[tick],
        )


@runtime_checkable
class RolloutMemory(Protocol):
    """Where a rollout lies, made by whoever is to learn from it: arrays that core writes into, again and again.

    A learner that hands one out (:class:`~townlet.api.RemembersRollouts`) may put it where it likes, such as into
    page-locked memory that a device copies from. The very batches that :meth:`slot` gave are shown to the learner's
    policy, so it can tell by identity which part of its memory it decides on; and the rollout that comes to
    ``update`` names the memory that it lies in (``RolloutBatch.memory``).
    """

    @property
    def arrays(self) -> RolloutArrays:
        """Where everything is written: always the same arrays. They may hold anything at first."""
        ...

    def slot(self, tick: int, rows: slice) -> ObservationBatch:
        """Views of :attr:`arrays`: the observations of some rows at ``tick``, 0 to ``T``, both included.

        Core asks once for each tick of each group of towns, and once for each tick of all groups that it decides for
        together, and keeps what it is given. Groups are contiguous, do not overlap, and cover all rows. A batch of
        several groups lies where the batches of its groups lie; the policy is shown the larger one.
        """
        ...


@dataclass(frozen=True, slots=True)
class RolloutBatch:
    """``T`` ticks of ``N`` rows. Arrays belong to the caller's buffer and are overwritten by the next rollout.

    Experience is what an *asked* entry holds. Where each agent decides on each tick (action space ``primitive``),
    ``asked`` is ``active`` and every ``duration`` is 1. Where decisions span ticks (``goals``), an asked entry holds
    all of its decision: the observation on which it was taken, the rewards of all its ticks, how long it lasted, and
    how it ended. What follows it is the next asked entry of the same row and life; the entries between carry no
    experience and no loss. Core leaves out what lies between decisions, so the first axis counts the decisions of each
    row and not ticks, and rows with fewer of them than others end with entries that are not asked; only in a memory
    that a learner made itself does each decision stand on its tick. The return of an entry, and each step of
    generalised advantage estimation, discounts what follows by ``gamma ** duration``::

        delta = rewards + gamma ** duration * following - values
        advantage = delta + gamma ** duration * lambda * advantage of the next asked entry

    with ``following`` 0 where ``terminated``, ``bootstrap`` where ``truncated`` or where no later entry of the row
    and life is asked in this batch, and ``values`` of the next asked entry elsewhere. The sum stops at either end.

    Attributes:
        map: uint8 ``[T, N, C, H, W]``.
        features: float32 ``[T, N, F]``.
        action_mask: bool ``[T, N, K]``.
        active: bool ``[T, N]``; rows that are not active, or that somebody else than the learner plays, are false
            here: they carry no experience and no loss.
        episode_start: bool ``[T, N]``; a sequence of memory begins anew here.
        actions: int64 ``[T, N]``, chosen on the observation of the same index.
        log_probs: float32 ``[T, N]``, of those actions under the policy that chose them.
        values: float32 ``[T, N]``, that policy's value of the same observation.
        rewards: float32 ``[T, N]``, received for the action of the same index; of a decision of several ticks the
            sum ``r_0 + gamma * r_1 + ...`` with the gamma of the update's settings.
        terminated: bool ``[T, N]``: the life ended with this action; nothing follows.
        truncated: bool ``[T, N]``: the episode was cut after this action for a reason outside the town.
        bootstrap: float32 ``[T, N]``: value of the observation that really came next, where ``truncated`` or
            where nothing of the row's life follows in this batch and it goes on; 0 elsewhere.
        demonstrations: in the mixed mode, a sample of a teacher's transitions for the cloning term.
        asked: bool ``[T, N]``, a subset of ``active``: the entries that hold a decision. Left out: ``active`` itself.
        duration: int32 ``[T, N]``, ticks that the decision lasted; 1 where it is not asked. Left out: 1 everywhere.
        state: the policy's state before the first tick, named arrays ``[N, ...]`` as ``PolicyState.arrays`` gives
            them; None where it is not known (a recording): memory then begins with zeros, as at each
            ``episode_start``. Never written into.
        memory: the learner's own memory that the arrays are views of, or None.

    Raises:
        ContractError: if a dtype or shape does not fit.
    """

    map: MapArray
    features: FloatArray
    action_mask: BoolArray
    active: BoolArray
    episode_start: BoolArray
    actions: ActionArray
    log_probs: FloatArray
    values: FloatArray
    rewards: FloatArray
    terminated: BoolArray
    truncated: BoolArray
    bootstrap: FloatArray
    demonstrations: DemonstrationBatch | None = None
    asked: BoolArray = field(default_factory=_not_said)
    duration: DurationArray = field(default_factory=_not_said)
    state: Mapping[str, NDArray[Any]] | None = None
    memory: RolloutMemory | None = None

    def __post_init__(self) -> None:
        check_array("RolloutBatch", "actions", self.actions, np.int64, (-1, -1))
        ticks, rows = self.actions.shape
        check_array("RolloutBatch", "map", self.map, np.uint8, (ticks, rows, -1, -1, -1))
        check_array("RolloutBatch", "features", self.features, np.float32, (ticks, rows, -1))
        check_array("RolloutBatch", "action_mask", self.action_mask, np.bool_, (ticks, rows, -1))
        for name in ("active", "episode_start", "terminated", "truncated"):
            check_array("RolloutBatch", name, getattr(self, name), np.bool_, (ticks, rows))
        for name in ("log_probs", "values", "rewards", "bootstrap"):
            check_array("RolloutBatch", name, getattr(self, name), np.float32, (ticks, rows))
        if self.asked is _NOT_SAID:
            object.__setattr__(self, "asked", self.active)
        if self.duration is _NOT_SAID:
            object.__setattr__(self, "duration", np.broadcast_to(np.int32(1), (ticks, rows)))
        if self.asked is not self.active:
            check_array("RolloutBatch", "asked", self.asked, np.bool_, (ticks, rows))
            if np.greater(self.asked, self.active).any():
                raise ContractError(
                    "RolloutBatch.asked must be false where active is",
                    details=("whoever replaces one of the two replaces the other",),
                )
        check_array("RolloutBatch", "duration", self.duration, np.int32, (ticks, rows))
        for name, array in (self.state or {}).items():
            if array.ndim == 0 or len(array) != rows:
                raise ContractError(f"RolloutBatch.state[{name!r}] must have {rows} rows, found {list(array.shape)}")

    @property
    def ticks(self) -> int:
        """``T``."""
        return int(self.actions.shape[0])

    @property
    def rows(self) -> int:
        """``N``."""
        return int(self.actions.shape[1])

    @property
    def every_tick(self) -> bool:
        """Whether each active row decides on each tick: ``asked`` is ``active`` and every duration is 1."""
        return self.asked is self.active
