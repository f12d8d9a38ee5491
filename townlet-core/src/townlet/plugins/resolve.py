"""From a name in a config to a policy that acts. The steps are numbered as in ``docs/adr/0001-plugin-layer.md``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from townlet.api import (
    LearnerProtocol,
    LearnerRequest,
    ObservationSpec,
    PolicyBackendProtocol,
    PolicyRequest,
    SlowMind,
)
from townlet.errors import BackendContractError, TownletError
from townlet.plugins import messages
from townlet.plugins.choosing import STUB, choose
from townlet.plugins.loading import Loaded, call_hook, load_backend, load_options_model, options_model
from townlet.plugins.options import SectionPath, Where, build_options, place, policy_section
from townlet.plugins.provenance import Provenance, provenance, stub_provenance
from townlet.plugins.rows import BackendRow
from townlet.plugins.scan import scan
from townlet.plugins.selection import Selection
from townlet.plugins.structure import learner_faults, policy_faults, slow_faults
from townlet.plugins.stub import StubPolicy

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = [
    "ResolvedLearner",
    "ResolvedMind",
    "ResolvedPolicy",
    "create_policy",
    "resolve_learner",
    "resolve_mind",
    "resolve_policy",
    "validate_options",
]

_NOTHING: Mapping[str, object] = {}


class ResolvedPolicy(NamedTuple):
    """A policy, and where it came from."""

    policy: PolicyBackendProtocol
    provenance: Provenance


class ResolvedMind(NamedTuple):
    """A policy or a slow mind, and where it came from."""

    mind: PolicyBackendProtocol | SlowMind
    provenance: Provenance


class ResolvedLearner(NamedTuple):
    """A learner, and where it came from."""

    learner: LearnerProtocol
    provenance: Provenance


def resolve_mind(
    name: str,
    *,
    spec: ObservationSpec,
    options: Mapping[str, object] = _NOTHING,
    seed: int = 0,
    checkpoint: Path | None = None,
    where: Where = None,
    selection: Selection | None = None,
) -> ResolvedMind:
    """Create the policy or the slow mind that ``name`` stands for. Imports that backend and no other.

    Args:
        name: a backend's name or alias, its distribution, ``distribution:name``, or ``stub``.
        spec: the observations that it will be shown.
        options: ``policy.options``, checked by the backend's own model.
        seed: for whatever is random at creation.
        checkpoint: a verified checkpoint folder to act from.
        where: the place of ``policy.backend`` for messages, or a function from config key to place.
        selection: the lists in force; None reads those of the environment now.

    Raises:
        ConfigError: a misspelt name, an unknown entry in a list, wrong options.
        BackendError: the backend cannot run; the subclass says why.
    """
    at = place(where, "policy.backend")
    row = choose(name, at, selection)  # steps 1 to 6
    if row is None:
        return ResolvedMind(StubPolicy(), stub_provenance(name))  # whose options nobody reads
    with located(at):
        loaded = load_backend(row)  # step 7
        model = build_options(row.name, options_model(loaded), options, where)  # step 8
        request = PolicyRequest(backend=row.name, spec=spec, options=model, seed=seed, checkpoint=checkpoint)
        mind = create_mind(loaded, request)  # step 9
    return ResolvedMind(mind, provenance(name, row, model))  # step 10


def resolve_policy(
    name: str,
    *,
    spec: ObservationSpec,
    options: Mapping[str, object] = _NOTHING,
    seed: int = 0,
    checkpoint: Path | None = None,
    where: Where = None,
    selection: Selection | None = None,
) -> ResolvedPolicy:
    """As :func:`resolve_mind`, for a policy that answers on each tick.

    Raises:
        BackendContractError: if the backend's minds are slow: they answer through :class:`townlet.minds.Patience`.
    """
    mind, told = resolve_mind(
        name, spec=spec, options=options, seed=seed, checkpoint=checkpoint, where=where, selection=selection
    )
    if isinstance(mind, PolicyBackendProtocol):
        return ResolvedPolicy(mind, told)
    mind.close()
    raise BackendContractError(
        f"policy backend {name!r} is slow: it does not answer on each tick",
        where=place(where, "policy.backend"),
        details=("play it in a town; townlet.play opens such minds",),
    )


def resolve_learner(
    name: str,
    *,
    spec: ObservationSpec,
    options: Mapping[str, object] = _NOTHING,
    seed: int = 0,
    checkpoint: Path | None = None,
    where: Where = None,
    selection: Selection | None = None,
    section: SectionPath = policy_section,
) -> ResolvedLearner:
    """Create the learner that ``name`` stands for. As :func:`resolve_policy`; the stub cannot learn."""
    at = place(where, "policy.backend")
    row = choose(name, at, selection)
    if row is None:
        raise messages.cannot_learn(STUB, scan(), at)
    with located(at):
        loaded = load_backend(row)
        if "townlet_create_learner" not in loaded.provides:
            raise messages.cannot_learn(row.name, scan(), at)
        model = build_options(row.name, options_model(loaded), options, where, section)
        request = LearnerRequest(backend=row.name, spec=spec, options=model, seed=seed, checkpoint=checkpoint)
        learner: LearnerProtocol = _create(loaded, "townlet_create_learner", request)
        _check(row, "learner", learner_faults(learner))
    return ResolvedLearner(learner, provenance(name, row, model))


def validate_options(
    name: str,
    options: Mapping[str, object],
    where: Where = None,
    selection: Selection | None = None,
    *,
    section: SectionPath = policy_section,
) -> BaseModel | None:
    """Check options without creating anything, and without the backend's framework where it allows that.

    ``section`` tells from the name of an option in which section of the config it stands.

    Raises:
        ConfigError: as :func:`resolve_policy`.
        BackendError: if the backend is not installed, incompatible, or its options cannot be loaded.
    """
    at = place(where, "policy.backend")
    row = choose(name, at, selection, requirements=False)
    if row is None:
        return build_options(STUB, None, options, where, section)
    with located(at):
        model = load_options_model(row)
        if model is None:
            model = options_model(load_backend(row))
    return build_options(row.name, model, options, where, section)


def create_policy(loaded: Loaded, request: PolicyRequest) -> PolicyBackendProtocol:
    """Ask a loaded backend for a policy, and check its structure (step 9).

    Raises:
        BackendLoadError: if it raises or has none to give.
        BackendContractError: if what it gives does not fit the protocol.
    """
    policy: PolicyBackendProtocol = _create(loaded, "townlet_create_policy", request)
    _check(loaded.row, "policy", policy_faults(policy))
    return policy


def create_mind(loaded: Loaded, request: PolicyRequest) -> PolicyBackendProtocol | SlowMind:
    """The same, or a slow mind where the backend's manifest says so."""
    if loaded.row.manifest is None or "slow" not in loaded.row.manifest.capabilities:
        return create_policy(loaded, request)
    mind: SlowMind = _create(loaded, "townlet_create_policy", request)
    _check(loaded.row, "slow mind", slow_faults(mind))
    return mind


@contextmanager
def located(where: str | None) -> Iterator[None]:
    """Errors of the backend's own making, raised inside, learn the place in the config."""
    try:
        yield
    except TownletError as error:
        if error.where is None:
            error.where = where
        raise


def _create(loaded: Loaded, hook: str, request: PolicyRequest | LearnerRequest) -> Any:  # checked by _check
    row = loaded.row
    phase = f"failed to create a {hook.rpartition('_')[2]}"
    if hook not in loaded.provides:
        raise messages.load_failed(row, f"it has no {hook}", (), None)
    created = call_hook(row, lambda: getattr(loaded.hooks, hook)(request=request), phase)
    if created is None:
        raise messages.load_failed(row, f"{hook} returned None", (), None, phase=phase)
    return created


def _check(row: BackendRow, what: str, faults: list[str]) -> None:
    if faults:
        raise BackendContractError(
            f"policy backend {row.name!r} does not follow the contract: its {what} does not fit",
            details=(*faults, messages.backend_line(row), messages.doctor_line(row)),
        )
