"""The protocols: what acts, what learns, and what either may add."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, runtime_checkable

from townlet.api.batch import FloatArray, ObservationBatch
from townlet.api.decision import Decision, PolicyState
from townlet.api.demonstrations import DemonstrationSource
from townlet.api.learning import BCMetrics, BCSettings, PPOMetrics, PPOSettings
from townlet.api.report import Report
from townlet.api.rollout import RolloutBatch, RolloutMemory

__all__ = [
    "ComputesOn",
    "LearnerProtocol",
    "PartlyHonours",
    "PolicyBackendProtocol",
    "ReferenceLearner",
    "RemembersRollouts",
    "Values",
    "WarmsUp",
]


@runtime_checkable
class PolicyBackendProtocol(Protocol):
    """A mind: turns observations into actions. It holds weights or rules, never memory (see PolicyState).

    Rules, each of which the conformance kit checks: masked actions are never chosen; a row's answer depends on
    that row's observation and state only; ``episode_start`` voids a row's memory; a row that is not asked keeps its
    memory; observations are not written into; the same observations, state and weights give the same answer.
    """

    def initial_state(self, rows: int, seed: int) -> PolicyState:
        """The state before the first tick of ``rows`` rows of one world whose policy stream has this seed."""
        ...

    def decide(self, observations: ObservationBatch, state: PolicyState, *, explore: bool = False) -> Decision:
        """Choose an action for each row; greedily, or drawn from the policy's distribution with ``explore``."""
        ...

    def fingerprint(self) -> str:
        """Identity of the behaviour: a digest of the weights, or the rules' version and options."""
        ...

    def close(self) -> None:
        """Free what is held outside Python. May be called twice."""
        ...


@runtime_checkable
class Values(Protocol):
    """What a policy adds that can value observations without acting on them. Core asks ``decide`` otherwise."""

    def values(self, observations: ObservationBatch, state: PolicyState) -> FloatArray:
        """Expected discounted return, float32 ``[N]``, units of reward, as ``decide`` would tell it. No state moves.

        Rows that are not active may hold anything finite.
        """
        ...


@runtime_checkable
class LearnerProtocol(Protocol):
    """A mind that learns. Core drives it: loops over updates, schedules, gates and checkpoints are core's.

    What it does not honour of its settings its manifest leaves out of ``[honours]``; core then refuses what asks for
    it before work begins.
    """

    @property
    def policy(self) -> PolicyBackendProtocol:
        """Acts with the current weights, also after later updates; gives log_probs and values."""
        ...

    def clone_behaviour(self, demonstrations: DemonstrationSource, settings: BCSettings, report: Report) -> BCMetrics:
        """Learn the teacher's actions; keep the weights that did best on the held-out part.

        A learner with memory asks for pieces of lives (:class:`~townlet.api.SequenceSource`).
        """
        ...

    def update(self, rollout: RolloutBatch, settings: PPOSettings) -> PPOMetrics:
        """One PPO update. Raises TrainingError, with the weights as before, if a loss is not finite."""
        ...

    def save(self, directory: Path) -> None:
        """Write weights and everything an exact resume needs into an existing empty folder; no pickle.

        Regular files only, in subfolders if you like: a checkpoint is a set of named byte strings, and travels as one.
        """
        ...

    def load(self, directory: Path) -> None:
        """Read what :meth:`save` wrote. Raises CheckpointError, with nothing changed, if it does not fit."""
        ...


@runtime_checkable
class ReferenceLearner(Protocol):
    """What a learner adds that can be held near a reference policy (``PPOSettings.kl_coefficient``)."""

    def hold_reference(self) -> None:
        """Remember the current weights as the reference; saved and loaded with the rest."""
        ...


@runtime_checkable
class PartlyHonours(Protocol):
    """What a learner adds whose options keep it from honouring a setting that its manifest lists."""

    def unhonoured(self, kind: str) -> Mapping[str, str]:
        """Settings of ``kind`` (``"bc"``, ``"ppo"``) that it does not honour, each with the reason in words."""
        ...


@runtime_checkable
class RemembersRollouts(Protocol):
    """What a learner adds that wants rollouts written into memory of its own. Core's is made of NumPy arrays."""

    def rollout_memory(self, ticks: int, rows: int, *, spans: bool) -> RolloutMemory:
        """Memory for rollouts of ``ticks`` ticks of ``rows`` rows; asked for once, before the first rollout.

        Args:
            ticks: ``T``.
            rows: ``N``, of all groups of towns.
            spans: decisions span ticks, so ``asked`` must be an array of its own.
        """
        ...


@runtime_checkable
class ComputesOn(Protocol):
    """What a learner adds that can say where it computes, so that ``townlet train`` can."""

    @property
    def device(self) -> object:
        """Printed as it is, such as ``cpu`` or ``cuda:0``."""
        ...


@runtime_checkable
class WarmsUp(Protocol):
    """What a learner adds that compiles, or allocates, before its first update: that time is not an update's."""

    def warm_up(self, ticks: int, rows: int, settings: PPOSettings) -> None:
        """Get ready for updates from ``ticks`` ticks of ``rows`` rows. Called before the first one; nothing is learned.

        Args:
            ticks: ``T``.
            rows: ``N``.
            settings: of the first update; later ones have other numbers in them.
        """
        ...


@runtime_checkable
class SendsWeights(Protocol):
    """What a learner adds that can send what acting needs without what only learning needs, such as an optimiser.

    Where towns live on other machines this goes to each of them before each rollout; of other learners the whole
    checkpoint does.
    """

    def save_weights(self, directory: Path) -> None:
        """Write what acting needs into an existing empty folder: regular files, no pickle."""
        ...

    def load_weights(self, directory: Path) -> None:
        """Read what :meth:`save_weights` wrote; the policy then acts as that of the learner that wrote it.

        Raises CheckpointError, with nothing changed, if it does not fit. This learner need not be able to learn on.
        """
        ...


@runtime_checkable
class Clocked(Protocol):
    """What a learner adds that can say where its time goes; ``townlet bench train`` asks, nothing else does."""

    def clock(self) -> Mapping[str, float]:
        """Wall time since the last call by piece, seconds; from the first call on it is measured.

        A piece is named ``deciding.NAME`` or ``update.NAME``: a part of the time that core sees from outside.
        Measuring may cost a wait for a device at each end of a piece.
        """
        ...

    def bare(self, rows: int, decisions: int, settings: PPOSettings) -> Mapping[str, float]:
        """What the arithmetic alone takes on this device, seconds: the bound of any learner with these weights.

        Args:
            rows: of one decision; ``deciding`` in the answer is a forward pass of so many.
            decisions: that an update learns from; ``update`` in the answer is all its gradient steps.
            settings: of the update.
        """
        ...
