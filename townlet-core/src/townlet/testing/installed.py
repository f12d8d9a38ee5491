"""An installed backend as a subject of the conformance kit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from townlet.api import LearnerProtocol, ObservationSpec, PartlyHonours, PolicyBackendProtocol, SlowMind
from townlet.config import TownletConfig
from townlet.config.patience import PatienceConfig
from townlet.minds.patience import Patience
from townlet.observations import build_spec
from townlet.plugins import Selection, State, StubPolicy, resolve_learner, resolve_mind, validate_options
from townlet.plugins.rows import BackendRow
from townlet.testing.imports import import_outcome
from townlet.testing.packages import found_row
from townlet.testing.subject import Subject
from townlet.testing.towns import short_lived_hamlet

__all__ = ["installed_subject", "played"]

_LEFT_TO_THE_CHECKS = (State.BROKEN, State.INCOMPATIBLE)
"""A manifest that cannot be used is what level 0 is there to find."""


def installed_subject(
    name: str,
    config: TownletConfig | None = None,
    options: Mapping[str, Any] | None = None,
    selection: Selection | None = None,
) -> Subject:
    """The installed backend ``name``, asked for policies for the observations of ``config``.

    Nothing of it is imported here before a child process has imported it and lived.

    Args:
        name: as for ``resolve_policy``.
        config: whose observations and town are used; the default one without.
        options: ``policy.options``.
        selection: the lists in force; None reads those of the environment.

    Raises:
        ConfigError, BackendError: if the backend cannot be found, lacks what it requires, or refuses the options.
    """
    town = TownletConfig() if config is None else config
    spec, chosen = build_spec(town), dict(options or {})
    row = found_row(name, selection)
    if row.state not in _LEFT_TO_THE_CHECKS and import_outcome(row).imports:
        resolve_mind(name, spec=spec, options=chosen, selection=selection).mind.close()

    def mind(*, seed: int = 0, checkpoint: Path | None = None) -> PolicyBackendProtocol | SlowMind:
        return resolve_mind(name, spec=spec, options=chosen, seed=seed, checkpoint=checkpoint, selection=selection).mind

    def policy(*, seed: int = 0, checkpoint: Path | None = None) -> PolicyBackendProtocol:
        made = mind(seed=seed, checkpoint=checkpoint)
        return made if isinstance(made, PolicyBackendProtocol) else played(made, spec, name)

    def slow() -> SlowMind:
        made = mind()
        assert isinstance(made, SlowMind)
        return made

    def learner(*, seed: int = 0) -> LearnerProtocol:
        return resolve_learner(name, spec=spec, options=chosen, seed=seed, selection=selection).learner

    def learner_for(other: ObservationSpec) -> LearnerProtocol:
        return resolve_learner(name, spec=other, options=chosen, selection=selection).learner

    def validate(candidate: Mapping[str, Any]) -> object:
        return validate_options(name, candidate, selection=selection)

    return Subject(
        name=row.name,
        spec=spec,
        policy=policy,
        learner=learner,
        capabilities=frozenset(row.manifest.capabilities if row.manifest else ("act",)),
        validate=validate,
        town=lambda: short_lived_hamlet(town),
        learner_for=learner_for,
        honoured=_honoured(row),
        left_out=lambda kind: _left_out(learner(), kind),
        slow=slow,
        row=row,
    )


def played(mind: SlowMind, spec: ObservationSpec, name: str) -> Patience:
    """A slow mind as the kit plays it: in lockstep, asked as often as can be, the stub where it has no plan."""
    return Patience(mind, StubPolicy(), spec, PatienceConfig(cadence=1, fallback="stub"), name=name)


def _honoured(row: BackendRow) -> dict[str, frozenset[str]] | None:
    if row.manifest is None or row.manifest.honours is None:
        return None
    return {kind: frozenset(names) for kind, names in row.manifest.honours}


def _left_out(learner: LearnerProtocol, kind: str) -> frozenset[str]:
    return frozenset(learner.unhonoured(kind)) if isinstance(learner, PartlyHonours) else frozenset()
