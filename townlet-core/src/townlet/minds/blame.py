"""Names the backend at fault: an exception that a policy raises while it acts becomes an error that names it."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from townlet.api import LearnerProtocol, PolicyBackendProtocol, Values
from townlet.errors import BackendContractError, BackendError, BackendRunError, ContractError, TownletError
from townlet.minds.mixture import MixturePolicy
from townlet.minds.parts import Part
from townlet.minds.patience import Patience
from townlet.plugins.guard import culprit, describe, package_folders
from townlet.plugins.provenance import Provenance

__all__ = ["blamed", "blamed_learner", "located"]

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


def located(error: BackendContractError, part: Part, *, valuing: bool = False) -> BackendContractError:
    """The refusal of an answer, with the line of the backend's method that gave it, where it is written in Python.

    Args:
        error: what is wrong with the answer.
        part: who answered.
        valuing: whether values alone were asked for.
    """
    lines = []
    for side, _ in _sides(part.policy, part.provenance):
        values = valuing and isinstance(side, Values)
        lines += _written(type(side).values if values else type(side).decide, type(side))  # type: ignore[attr-defined]
    return BackendContractError(error.summary, where=error.where, details=(*error.details, *lines))


def _written(method: Callable[..., Any], owner: type) -> list[str]:
    function = inspect.unwrap(method)
    if not inspect.isfunction(function) or owner.__module__.partition(".")[0] == _CORE:
        return []
    path, code = Path(function.__code__.co_filename).resolve(), function.__code__
    for folder in package_folders(function.__module__.partition(".")[0]):
        if path.is_relative_to(folder) and path != folder:
            path = Path(folder.name, path.relative_to(folder))
    return [f"at: {path.as_posix()}:{code.co_firstlineno}, in {function.__name__}"]


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
