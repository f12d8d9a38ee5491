"""From the name of a policy to one that acts, or to the stub that stands in for it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from townlet.api import ObservationSpec, PolicyBackendProtocol
from townlet.errors import BackendContractError, BackendError, CheckpointError, UsageError
from townlet.minds.mixture import MixturePolicy
from townlet.minds.policy_names import BackendChoice, MixtureChoice, PolicyChoice, ReleaseChoice
from townlet.plugins import Selection, resolve_policy
from townlet.plugins.choosing import choose
from townlet.plugins.names import split_qualified
from townlet.plugins.options import Where, place
from townlet.plugins.stub import StubPolicy

__all__ = ["Activated", "PolicySource", "StubFallbackWarning", "activate", "activate_or_stub", "warn_of_stub"]


class StubFallbackWarning(UserWarning):
    """The chosen backend cannot run; everybody waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySource:
    """All that making a policy needs beside its name.

    Attributes:
        spec: the observations it will be shown.
        options: options of the backend ``options_for``, not validated yet.
        options_for: name of the backend that the options were written for; empty: of any.
        seed: for whatever is random at creation.
        where: the place of ``policy.backend``, or a function from config key to place, for errors.
        selection: which backends may be used.
        release: gives the folder of the promoted checkpoint; None where there is no registry.
        base: folder that a relative ``policy.options.checkpoint`` starts from; the current one without.
    """

    spec: ObservationSpec
    options: Mapping[str, Any] = field(default_factory=dict)
    options_for: str = ""
    seed: int = 0
    where: Where = None
    selection: Selection = field(default_factory=Selection)
    release: Callable[[], Path] | None = None
    base: Path | None = None


@dataclass(frozen=True, slots=True)
class Activated:
    """A policy and where it came from (JSON-ready)."""

    policy: PolicyBackendProtocol
    provenance: dict[str, Any]


def activate(choice: PolicyChoice, source: PolicySource) -> Activated:
    """Make the policy that was chosen; no fallback.

    Raises:
        BackendError: if a backend cannot run.
        CheckpointError: if a checkpoint is refused.
        UsageError: for a release where nothing is promoted.
    """
    if isinstance(choice, BackendChoice):
        return _backend(choice, source)
    if isinstance(choice, ReleaseChoice):
        return _release(source)
    return _mixture(choice, source)


def activate_or_stub(
    choice: PolicyChoice,
    source: PolicySource,
    *,
    on_missing: Literal["stub", "error"],
    warn: Callable[[str], None] | None = None,
) -> Activated:
    """As :func:`activate`; where a backend cannot run and ``on_missing`` is ``stub``, everybody waits.

    Args:
        choice: what was asked for.
        source: what making it needs.
        on_missing: ``policy.on_missing`` of the config.
        warn: is told at once when the stub stands in; by default a :class:`StubFallbackWarning`.
    """
    try:
        return activate(choice, source)
    except BackendContractError:
        raise  # it runs, but wrongly: that is a fault to be seen, not something that is missing
    except BackendError as error:
        if on_missing == "error":
            raise
        stub = StubPolicy()
        provenance = {
            "requested": choice.text,
            "active": "stub",
            "reason": error.summary,
            "error": type(error).__name__,
            "details": list(error.details),
            "fingerprint": stub.fingerprint(),
        }
        (warn or _python_warning)(warn_of_stub(provenance))
        return Activated(stub, provenance)


def warn_of_stub(provenance: Mapping[str, Any]) -> str:
    """What to tell a person whose town is run by the stub instead of the mind that was asked for."""
    lines = [
        f"every agent only waits: policy backend {provenance['requested']!r} cannot run and the stub stands in",
        f"  reason: {provenance['reason']}",
        *(f"  {line}" for line in provenance.get("details", ())),
        "  to stop instead: set policy.on_missing to 'error'",
    ]
    return "\n".join(lines)


def _python_warning(message: str) -> None:
    warnings.warn(message, StubFallbackWarning, stacklevel=4)


def _backend(choice: BackendChoice, source: PolicySource) -> Activated:
    name = split_qualified(choice.name)[1]
    mine = not source.options_for or split_qualified(source.options_for)[1] == name
    options = source.options if mine else {}
    folder, from_release = choice.checkpoint, False
    if folder is None and isinstance(asked := options.get("checkpoint"), str):
        from_release = asked == "release"
        folder = _promoted(source) if from_release else (source.base or Path()) / asked
    resolved = resolve_policy(
        choice.name,
        spec=source.spec,
        options=options,
        seed=source.seed,
        checkpoint=None if folder is None else _verified(folder, choice.name, source),
        where=source.where,
        selection=source.selection,
    )
    provenance = {"active": name, "reason": None, **resolved.provenance, "requested": choice.text}
    if folder is not None:
        provenance["checkpoint"] = str(folder)
        provenance["release"] = from_release
    return Activated(resolved.policy, provenance)


def _verified(folder: Path, backend: str, source: PolicySource) -> Path:
    """The checkpoint to hand to a backend: one of ours is read and checked, another's own file only has to exist."""
    row = choose(backend, place(source.where, "policy.backend"), source.selection)
    if row is None or row.manifest is None or "checkpoint" not in row.manifest.capabilities:
        if not folder.exists():
            raise CheckpointError("there is no such checkpoint", where=str(folder))
        return folder
    from townlet.checkpoints import read_checkpoint  # most towns run without a checkpoint

    checkpoint = read_checkpoint(folder, source.spec)
    name, made_by = split_qualified(backend)[1], split_qualified(str(checkpoint.manifest.backend))[1]
    if made_by != row.name:
        raise CheckpointError(
            f"the checkpoint was written by backend {made_by!r} and cannot be loaded by {name!r}",
            where=str(folder),
            details=(f"use it as:  {made_by}:{folder}",),
        )
    return checkpoint.path


def _promoted(source: PolicySource) -> Path:
    if source.release is None:
        raise UsageError("there is no registry to take the release from", where=place(source.where, "policy.backend"))
    return source.release()


def _release(source: PolicySource) -> Activated:
    from townlet.checkpoints import read_checkpoint

    folder = _promoted(source)
    backend = str(read_checkpoint(folder, source.spec).manifest.backend)
    activated = _backend(BackendChoice("release", backend, folder), source)
    return Activated(activated.policy, {**activated.provenance, "release": True})


def _mixture(choice: MixtureChoice, source: PolicySource) -> Activated:
    teacher, learner = activate(choice.teacher, source), activate(choice.learner, source)
    policy = MixturePolicy(teacher.policy, learner.policy, choice.ratio)
    provenance = {
        "requested": choice.text,
        "active": "mixture",
        "reason": None,
        "ratio": choice.ratio,
        "teacher": teacher.provenance,
        "learner": learner.provenance,
        "fingerprint": policy.fingerprint(),
    }
    return Activated(policy, provenance)
