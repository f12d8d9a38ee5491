"""A backend under test: how the checks make policies and learners of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from townlet.api import LearnerProtocol, ObservationSpec, PolicyBackendProtocol, SlowMind
from townlet.envs import Engine
from townlet.plugins.rows import BackendRow

__all__ = ["TOWN_TICKS", "LearnerFactory", "PolicyFactory", "Subject"]

TOWN_TICKS = 120
"""Ticks for which the kit lives in a subject's town."""


class PolicyFactory(Protocol):
    """Makes a fresh policy."""

    def __call__(self, *, seed: int = 0, checkpoint: Path | None = None) -> PolicyBackendProtocol:
        """A policy whose initial weights follow ``seed``, or that acts from ``checkpoint``."""
        ...


def _nobody() -> SlowMind:
    raise ValueError("this backend has no slow mind")


def _nothing(kind: str) -> frozenset[str]:
    del kind
    return frozenset()


class LearnerFactory(Protocol):
    """Makes a fresh learner."""

    def __call__(self, *, seed: int = 0) -> LearnerProtocol:
        """A learner whose initial weights follow ``seed``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A backend under test.

    Attributes:
        name: canonical name of the backend.
        spec: the observations that its policies are made for and shown.
        policy: makes policies.
        learner: makes learners, or raises where the backend has none.
        capabilities: what the backend claims; checks are chosen by it.
        validate: validates options (a mapping) as ``policy.options`` would be, or None without a model.
        town: makes a town with these observations in which lives end and begin within :data:`TOWN_TICKS` ticks.
        learner_for: makes learners for other observations, where the subject can.
        honoured: of ``bc`` and ``ppo``, the settings that its learner honours; None where that is not said.
        left_out: of a kind, what a learner says that its options keep it from honouring.
        slow: makes slow minds, where the backend has some; its policies are then as core plays those, in lockstep.
        row: the installed backend's row, without which packaging and import hygiene cannot be looked at.
    """

    name: str
    spec: ObservationSpec
    policy: PolicyFactory
    learner: LearnerFactory
    capabilities: frozenset[str] = frozenset({"act"})
    validate: Callable[[Mapping[str, Any]], object] | None = None
    town: Callable[[], Engine] | None = None
    learner_for: Callable[[ObservationSpec], LearnerProtocol] | None = None
    honoured: Mapping[str, frozenset[str]] | None = None
    left_out: Callable[[str], frozenset[str]] = _nothing
    slow: Callable[[], SlowMind] = _nobody
    row: BackendRow | None = None

    def honours(self, kind: str, setting: str) -> bool:
        """Whether a setting of ``bc`` or ``ppo`` is one that the backend says its learner honours."""
        listed = self.honoured is not None and setting in self.honoured.get(kind, frozenset())
        return listed and setting not in self.left_out(kind)

    @property
    def installed(self) -> bool:
        """Whether packaging and import hygiene can be looked at."""
        return self.row is not None

    @property
    def installed_row(self) -> BackendRow:
        """The row of a subject that is installed. Raises ValueError for any other."""
        if self.row is None:
            raise ValueError(f"{self.name} is not installed")
        return self.row

    @property
    def distribution(self) -> str:
        """Distribution and version; empty where none is installed."""
        return "" if self.row is None else f"{self.row.distribution} {self.row.version}"
