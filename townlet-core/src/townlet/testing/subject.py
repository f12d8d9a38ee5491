"""A backend under test: how the checks make policies and learners of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from townlet.api import LearnerProtocol, ObservationSpec, PolicyBackendProtocol

__all__ = ["LearnerFactory", "PolicyFactory", "Subject"]


class PolicyFactory(Protocol):
    """Makes a fresh policy."""

    def __call__(self, *, seed: int = 0, checkpoint: Path | None = None) -> PolicyBackendProtocol:
        """A policy whose initial weights follow ``seed``, or that acts from ``checkpoint``."""
        ...


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
        distribution: distribution and version, where one is installed.
        installed: whether packaging and import hygiene can be looked at.
    """

    name: str
    spec: ObservationSpec
    policy: PolicyFactory
    learner: LearnerFactory
    capabilities: frozenset[str] = frozenset({"act"})
    validate: Callable[[Mapping[str, Any]], object] | None = None
    distribution: str = ""
    installed: bool = False
