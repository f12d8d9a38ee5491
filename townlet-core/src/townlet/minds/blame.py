"""Whose error it was: what comes out of a policy while it acts becomes an error that names its backend."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping
from typing import Any

from townlet.api import PolicyBackendProtocol
from townlet.errors import BackendContractError, BackendError, BackendRunError, ContractError, TownletError
from townlet.minds.mixture import MixturePolicy
from townlet.minds.possession import PossessedPolicy
from townlet.plugins.guard import culprit, describe

__all__ = ["blamed"]

_CORE = "townlet"


def blamed(
    error: BaseException, policy: PolicyBackendProtocol, provenance: Mapping[str, Any], doing: str
) -> BackendError | None:
    """The error to raise in place of ``error``; None where it is to be raised as it is.

    As it is: an error of Townlet's tree that says what is wrong already (a device that is gone), and one that did
    not come out of a backend's code (a keyboard that cannot be read, a bug of core).

    Args:
        error: what was raised.
        policy: what was asked; of a mixture, the side at fault is found.
        provenance: its provenance.
        doing: what it was asked for, such as ``"chose actions"``.
    """
    if isinstance(error, TownletError) and not isinstance(error, ContractError):
        return None
    sides = list(_sides(policy, provenance))
    for side, told in sides:
        package = type(side).__module__.partition(".")[0]
        frame = culprit(error, package, {}).frame if package != _CORE else ""
        if frame:
            return _named(error, told, doing, frame)
    files = {frame.filename for frame in traceback.extract_tb(error.__traceback__)}
    if len(files) == 1 and len(sides) == 1:  # raised right out of the call: a backend without a line of Python
        return _named(error, sides[0][1], doing, "")
    return None


def _sides(
    policy: PolicyBackendProtocol, provenance: Mapping[str, Any]
) -> Iterator[tuple[PolicyBackendProtocol, Mapping[str, Any]]]:
    """The backends behind core's own wrappers, each with its provenance."""
    if isinstance(policy, PossessedPolicy):
        yield from _sides(policy.policy, provenance)
    elif isinstance(policy, MixturePolicy):
        yield from _sides(policy.teacher, provenance.get("teacher", provenance))
        yield from _sides(policy.learner, provenance.get("learner", provenance))
    else:
        yield policy, provenance


def _named(error: BaseException, told: Mapping[str, Any], doing: str, frame: str) -> BackendError:
    name, distribution = str(told.get("active")), told.get("distribution")
    details = [f"at: {frame}"] if frame else []
    if distribution:
        details.append(f"backend: {distribution} {told.get('version') or ''}".rstrip())
        details.append(f"next:  townlet backends check {name}")
    if isinstance(error, ContractError):
        return BackendContractError(
            f"policy backend {name!r} broke the contract while it {doing}: {error.summary}",
            details=(*error.details, *details),
        )
    return BackendRunError(f"policy backend {name!r} failed while it {doing}: {describe(error)}", details=details)
