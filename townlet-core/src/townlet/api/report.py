"""What core tells observers: the progress of training and the outcome of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Report", "RunSummary", "TrainingReport"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingReport:
    """One line of progress.

    Attributes:
        phase: ``"bc"``, ``"ppo"``, ``"anneal"``, ``"rollout"`` or ``"evaluation"``.
        step: how many epochs (bc) or updates (ppo) are done in this phase, counted from 1.
        total: how many there will be, or 0 if that is not known.
        samples: transitions consumed so far in this phase.
        seconds: wall time since the phase began.
        metrics: named numbers, as documented in the reference of metrics.
        folder: of the run, where an observer may keep files of its own; None where there is none.
    """

    phase: str
    step: int
    total: int = 0
    samples: int = 0
    seconds: float = 0.0
    metrics: Mapping[str, float] = field(default_factory=dict)
    folder: str | None = None


Report = Callable[[TrainingReport], None]
"""Where a learner reports to. It returns quickly and never raises but to stop the work (KeyboardInterrupt)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """The outcome of a run of a town.

    Attributes:
        run_id: name of the run.
        ticks: ticks simulated.
        policy: provenance of the policy: requested and active backend, reason, distribution, version.
        kpis: named numbers of the whole run.
        interrupted: whether a person stopped it.
        folder: where the run was recorded, or None.
    """

    run_id: str
    ticks: int
    policy: Mapping[str, Any]
    kpis: Mapping[str, float]
    interrupted: bool = False
    folder: str | None = None
