"""What the registry holds, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

__all__ = [
    "CheckpointRecord",
    "DatasetRecord",
    "EvaluationRecord",
    "PromotionAction",
    "PromotionRecord",
    "RunRecord",
    "RunStatus",
]

RunStatus = Literal["running", "done", "interrupted", "failed", "killed"]
PromotionAction = Literal["promote", "hold", "rollback"]


@dataclass(frozen=True, slots=True)
class _Record:
    def to_json(self) -> dict[str, Any]:
        """JSON-ready values by the names of the attributes."""
        return {key: dict(value) if isinstance(value, Mapping) else value for key, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class RunRecord(_Record):
    """One use of ``run``, ``rollout`` or ``train``.

    Attributes:
        id: its name.
        kind: the command.
        started: UTC, ISO 8601.
        finished: the same, or None while it runs and after it was killed.
        status: ``running``, ``done``, ``interrupted``, ``failed``, or ``killed`` where it ended without a word.
        config_id: name and short digest of the config.
        config_digest: digest of the config.
        policy: provenance.
        folder: where its files are, or None.
        summary: what came of it.
    """

    id: str
    kind: str
    started: str
    finished: str | None
    status: RunStatus
    config_id: str
    config_digest: str
    policy: Mapping[str, Any]
    folder: str | None
    summary: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DatasetRecord(_Record):
    """One dataset; ``digest`` is that of its manifest, ``run`` the run that recorded it."""

    digest: str
    path: str
    registered: str
    run: str | None
    config_id: str
    transitions: int
    policy: Mapping[str, Any]
    metrics: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class CheckpointRecord(_Record):
    """One checkpoint; ``digest`` is that of its manifest, ``parent`` of the one that it was trained from.

    ``objections`` are those of the gates of its own training: while there are any, it is not a candidate.
    """

    digest: str
    path: str
    registered: str
    run: str | None
    backend: str
    config_digest: str
    parent: str | None
    metrics: Mapping[str, float]
    objections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EvaluationRecord(_Record):
    """One evaluation of a policy; ``run`` is None where it was made by hand, ``passed`` where no gate was asked.

    ``gate`` is what the gate decided and why, JSON-ready: a ``townlet.evaluation.gate.GateResult``; empty without one.
    """

    id: int
    at: str
    policy: str
    checkpoint: str | None
    run: str | None
    passed: bool | None
    settings: Mapping[str, Any]
    metrics: Mapping[str, float]
    by: str
    gate: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PromotionRecord(_Record):
    """One decision about releases.

    Attributes:
        id: counts up.
        at: UTC, ISO 8601.
        action: ``promote`` and ``rollback`` make ``checkpoint`` the release; ``hold`` keeps it from being one.
        checkpoint: digest.
        path: where that checkpoint is.
        previous: digest of the release before, or None.
        passes: evaluations in a row that the checkpoint had passed.
        metrics: of its last evaluation, or its own.
        reason: in words.
        by: whose decision it was.
    """

    id: int
    at: str
    action: PromotionAction
    checkpoint: str
    path: str
    previous: str | None
    passes: int
    reason: str
    by: str
    metrics: Mapping[str, float] = field(default_factory=dict)
