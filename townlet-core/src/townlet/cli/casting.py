"""The minds that a command line asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from townlet.config import ConfigDocument
from townlet.play import Admission, Cast, Casting
from townlet.plugins import Selection

__all__ = ["admission", "asked_cast"]


def asked_cast(document: ConfigDocument, backend: str | None, roles: Sequence[str], runs: Path | None) -> Cast:
    """Who plays whom, by ``--backend`` and ``--cast``, or by the config. Raises as :meth:`Casting.cast`."""
    return Casting.of(document, runs=runs).cast(backend, roles)


def admission(
    document: ConfigDocument | None,
    backend: str | None,
    disabled: Sequence[str],
    warn: Callable[[str], None],
    *,
    untrained: bool | None = None,
) -> Admission:
    """Which minds may act: by the environment, ``--disable-backend`` and ``policy.on_missing``.

    Args:
        document: the config; None for that of a snapshot, which stops where a mind cannot run.
        backend: ``--backend``, for errors.
        disabled: ``--disable-backend``.
        warn: is told when the stub stands in.
        untrained: ``--untrained``, where there is that option.
    """

    def where(key: str) -> str:
        if backend is not None and key == "policy.backend":
            return f"--backend {backend}"
        return key if document is None else document.where(key)

    return Admission(
        selection=Selection.from_environment(disabled),
        on_missing="error" if document is None else document.config.policy.on_missing,
        where=where,
        warn=warn,
        untrained=untrained,
    )
