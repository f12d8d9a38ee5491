"""From the name of a policy to one that acts, or to the stub that stands in for it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from townlet.api import ObservationSpec, PolicyBackendProtocol
from townlet.errors import BackendContractError, BackendError, CheckpointError, UsageError
from townlet.plugins import Selection, resolve_policy
from townlet.plugins.names import split_qualified
from townlet.plugins.options import Where, place
from townlet.plugins.stub import StubPolicy
from townlet.policy.mixture import MixturePolicy
from townlet.policy.selection import BackendChoice, MixtureChoice, PolicyChoice, ReleaseChoice

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
    """

    spec: ObservationSpec
    options: Mapping[str, Any] = field(default_factory=dict)
    options_for: str = ""
    seed: int = 0
    where: Where = None
    selection: Selection = field(default_factory=Selection)
    release: Callable[[], Path] | None = None


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
    checkpoint = None
    if choice.checkpoint is not None:
        from townlet.checkpoints import read_checkpoint  # most towns run without a checkpoint

        checkpoint = read_checkpoint(choice.checkpoint, source.spec)
        made_by = split_qualified(str(checkpoint.manifest.backend))[1]
        if made_by != name:
            raise CheckpointError(
                f"the checkpoint was written by backend {made_by!r} and cannot be loaded by {name!r}",
                where=str(choice.checkpoint),
                details=(f"use it as:  {made_by}:{choice.checkpoint}",),
            )
    resolved = resolve_policy(
        choice.name,
        spec=source.spec,
        options=source.options if mine else {},
        seed=source.seed,
        checkpoint=None if checkpoint is None else checkpoint.path,
        where=source.where,
        selection=source.selection,
    )
    provenance = {"requested": choice.text, "active": name, "reason": None, **resolved.provenance}
    provenance["requested"] = choice.text
    if checkpoint is not None:
        provenance["checkpoint"] = str(choice.checkpoint)
    return Activated(resolved.policy, provenance)


def _release(source: PolicySource) -> Activated:
    if source.release is None:
        raise UsageError("there is no registry to take the release from", where=place(source.where, "policy.backend"))
    from townlet.checkpoints import read_checkpoint

    folder = source.release()
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
