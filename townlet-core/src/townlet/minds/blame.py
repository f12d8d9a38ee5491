"""Names the backend at fault: an exception that a policy raises while it acts becomes an error that names it."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Sequence

from townlet.api import LearnerProtocol, PolicyBackendProtocol
from townlet.errors import BackendContractError, BackendError, BackendRunError, ContractError, TownletError
from townlet.minds.mixture import MixturePolicy
from townlet.minds.parts import Part
from townlet.minds.patience import Patience
from townlet.plugins.guard import culprit, describe
from townlet.plugins.provenance import Provenance

__all__ = ["blamed", "blamed_learner"]

_CORE = "townlet"


def blamed(error: BaseException, part: Part, doing: str) -> BackendError | None:
    """The error to raise in place of ``error``; None where it is to be raised as it is.

    As it is: an error of Townlet's tree that says what is wrong already (a device that is gone), and one that did
    not come out of a backend's code (a keyboard that cannot be read, a bug of core).

    Args:
        error: what was raised.
        part: who was asked; of a mixture, the side at fault is found.
        doing: what it was asked for, such as ``"chose actions"``.
    """
    return _found(error, list(_sides(part.policy, part.provenance)), doing)


def blamed_learner(error: BaseException, learner: LearnerProtocol, told: Provenance, doing: str) -> BackendError | None:
    """The same of what came out of a learner."""
    return _found(error, [(learner, told)], doing)


def _found(error: BaseException, sides: Sequence[tuple[object, Provenance]], doing: str) -> BackendError | None:
    if isinstance(error, TownletError) and not isinstance(error, ContractError):
        return None
    for side, told in sides:
        package = type(side).__module__.partition(".")[0]
        frame = culprit(error, package, {}).frame if package != _CORE else ""
        if frame:
            return _named(error, told, doing, frame)
    files = {frame.filename for frame in traceback.extract_tb(error.__traceback__)}
    if len(files) == 1 and len(sides) == 1:  # raised right out of the call: a backend without a line of Python
        return _named(error, sides[0][1], doing, "")
    return None


def _sides(policy: PolicyBackendProtocol, told: Provenance) -> Iterator[tuple[object, Provenance]]:
    """The backends behind core's own policies, each with its provenance."""
    if isinstance(policy, Patience):
        yield policy.mind, told
        yield from _sides(policy.fallback, told.fallback or told)
    elif isinstance(policy, MixturePolicy):
        yield from _sides(policy.teacher, told.teacher or told)
        yield from _sides(policy.learner, told.learner or told)
    else:
        yield policy, told


def _named(error: BaseException, told: Provenance, doing: str, frame: str) -> BackendError:
    details = [f"at: {frame}"] if frame else []
    if told.distribution:
        details.append(f"backend: {told.distribution} {told.version or ''}".rstrip())
        details.append(f"next:  townlet backends check {told.active}")
    if isinstance(error, ContractError):
        return BackendContractError(
            f"policy backend {told.active!r} broke the contract while it {doing}: {error.summary}",
            details=(*error.details, *details),
        )
    return BackendRunError(
        f"policy backend {told.active!r} failed while it {doing}: {describe(error)}", details=details
    )
