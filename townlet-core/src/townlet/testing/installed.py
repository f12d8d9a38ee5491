"""An installed backend as a subject of the conformance kit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from townlet.api import LearnerProtocol, ObservationSpec, PolicyBackendProtocol
from townlet.plugins import Selection, resolve_learner, resolve_policy, validate_options
from townlet.testing.packages import found_row
from townlet.testing.subject import Subject

__all__ = ["installed_subject"]


def installed_subject(
    name: str,
    spec: ObservationSpec,
    options: Mapping[str, Any] | None = None,
    selection: Selection | None = None,
) -> Subject:
    """The installed backend ``name``, asked for policies for ``spec`` with these options.

    Raises:
        ConfigError, BackendError: if the backend cannot be found or created, as ``resolve_policy``.
    """
    chosen = dict(options or {})
    resolved = resolve_policy(name, spec=spec, options=chosen, selection=selection)
    resolved.policy.close()
    row = found_row(str(resolved.provenance["active"]))

    def policy(*, seed: int = 0, checkpoint: Path | None = None) -> PolicyBackendProtocol:
        return resolve_policy(
            name, spec=spec, options=chosen, seed=seed, checkpoint=checkpoint, selection=selection
        ).policy

    def learner(*, seed: int = 0) -> LearnerProtocol:
        return resolve_learner(name, spec=spec, options=chosen, seed=seed, selection=selection).learner

    def validate(candidate: Mapping[str, Any]) -> object:
        return validate_options(name, candidate, selection=selection)

    return Subject(
        name=row.name,
        spec=spec,
        policy=policy,
        learner=learner,
        capabilities=frozenset(row.manifest.capabilities if row.manifest else ("act",)),
        validate=validate,
        distribution=f"{row.distribution} {row.version}",
        installed=True,
    )
