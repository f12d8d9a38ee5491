"""What core hands to a backend that is to create a policy or a learner. They grow by new optional fields."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from townlet.api.spec import ObservationSpec

__all__ = ["ExportRequest", "LearnerRequest", "PolicyRequest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRequest:
    """Asks for a policy.

    Attributes:
        backend: canonical name of the backend asked.
        spec: the observations that the policy will be shown.
        options: the validated instance of the backend's options model, or None where it declares none.
        seed: seed for whatever is random at creation (initial weights); decisions are seeded by ``initial_state``.
        checkpoint: folder of the checkpoint to act from, already resolved and verified, or None.
    """

    backend: str
    spec: ObservationSpec
    options: Any = None
    seed: int = 0
    checkpoint: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnerRequest:
    """Asks for a learner. Fields as in :class:`PolicyRequest`; ``checkpoint`` is where learning starts from."""

    backend: str
    spec: ObservationSpec
    options: Any = None
    seed: int = 0
    checkpoint: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """Asks a backend to write a policy in a format that others read.

    Attributes:
        backend: canonical name of the backend asked.
        spec: the observations that the policy was made for; the file carries them.
        checkpoint: folder of the checkpoint to export, already verified.
        format: such as ``"onnx"``; the backend declares the capability ``export.FORMAT``.
        target: file to write; it does not exist yet, its folder does.
        options: as in :class:`PolicyRequest`.
    """

    backend: str
    spec: ObservationSpec
    checkpoint: Path
    format: str
    target: Path
    options: Any = None
