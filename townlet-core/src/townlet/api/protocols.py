"""The two protocols: what acts, and what learns."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, runtime_checkable

from townlet.api.batch import ObservationBatch
from townlet.api.decision import Decision, PolicyState
from townlet.api.demonstrations import DemonstrationSource
from townlet.api.learning import BCMetrics, BCSettings, PPOMetrics, PPOSettings
from townlet.api.report import Report
from townlet.api.rollout import RolloutBatch

__all__ = ["LearnerProtocol", "PolicyBackendProtocol", "ReferenceLearner"]


@runtime_checkable
class PolicyBackendProtocol(Protocol):
    """A mind: turns observations into actions. It holds weights or rules, never memory (see PolicyState).

    Rules, each of which the conformance kit checks: masked actions are never chosen; a row's answer depends on
    that row's observation and state only; ``episode_start`` voids a row's memory; observations are not written
    into; the same observations, state and weights give the same answer.
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
class LearnerProtocol(Protocol):
    """A mind that learns. Core drives it: loops over updates, schedules, gates and checkpoints are core's."""

    @property
    def policy(self) -> PolicyBackendProtocol:
        """Acts with the current weights, also after later updates; gives log_probs and values."""
        ...

    def clone_behaviour(self, demonstrations: DemonstrationSource, settings: BCSettings, report: Report) -> BCMetrics:
        """Learn the teacher's actions; keep the weights that did best on the held-out part."""
        ...

    def update(self, rollout: RolloutBatch, settings: PPOSettings) -> PPOMetrics:
        """One PPO update. Raises TrainingError, with the weights as before, if a loss is not finite."""
        ...

    def save(self, directory: Path) -> None:
        """Write weights and everything an exact resume needs into an existing empty folder; no pickle."""
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
