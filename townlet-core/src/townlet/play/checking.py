"""Whether the minds of a config could play: their names, options and checkpoints, and that they open."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from townlet.config import ConfigDocument
from townlet.errors import (
    BackendBlockedError,
    BackendConflictError,
    BackendDependencyError,
    BackendError,
    BackendIncompatibleError,
    BackendNotInstalledError,
    RegistryError,
)
from townlet.play.anchoring import anchored
from townlet.play.cast import REST, Role
from townlet.play.casting import Casting
from townlet.play.mind_spec import LEARNER, MindSpec
from townlet.play.opening import Admission
from townlet.play.stage import town_spec
from townlet.plugins import validate_options

__all__ = ["CANNOT_RUN_HERE", "CheckedMind", "check_minds", "check_teacher"]

_TEACHER = "training.demonstrations.teacher"

CANNOT_RUN_HERE = (
    BackendBlockedError,
    BackendConflictError,
    BackendDependencyError,
    BackendIncompatibleError,
    BackendNotInstalledError,
)
"""Why a config that is fine elsewhere may not run here: it can be checked anyway."""


class CheckedMind(NamedTuple):
    """What was found of a mind.

    Attributes:
        name: as it is written in the config.
        reason: why it could not be checked here, such as a backend that is not installed; None if it was.
    """

    name: str
    reason: str | None


def check_minds(document: ConfigDocument, agent_names: Sequence[str], *, runs: Path) -> tuple[CheckedMind, ...]:
    """Check names, cast, checkpoints and options: what ``run`` would refuse is refused here.

    Args:
        document: the config.
        agent_names: of its town.
        runs: folder of the registry that knows the release.

    Raises:
        BackendError, UsageError, CheckpointError, ConfigError: as opening the minds does.
    """
    casting = Casting.of(document, runs=runs)
    try:
        cast = casting.cast()
    except RegistryError as error:  # a config may be checked where nothing is promoted yet
        return (CheckedMind(document.config.policy.backend, error.summary),)
    cast.check(agent_names)
    found = []
    for role in cast.roles:
        reason = _unchecked(role, role.mind, document)
        found.append(CheckedMind(role.mind.requested, _unopened(role, document) if reason is None else reason))
    return tuple(found)


def check_teacher(document: ConfigDocument) -> CheckedMind:
    """The same of the mind to be imitated (``training.demonstrations.teacher``). Raises as :func:`check_minds`."""
    config = anchored(document)
    wanted = config.training.demonstrations
    try:
        mind = Casting.of(config).teaching(wanted)
        for single in mind.singles():
            validate_options(single.backend, single.options, where=document.where, section=_teachers)
    except CANNOT_RUN_HERE as error:
        return CheckedMind(wanted.teacher, error.summary)
    return CheckedMind(wanted.teacher, _unopened(Role(REST, mind, document.where(_TEACHER)), document))


def _teachers(_option: str) -> str:
    return f"{_TEACHER}_options"


def _unopened(role: Role, document: ConfigDocument) -> str | None:
    """Open the mind as ``run`` would: a device that is not here, or weights that do not fit, are found so."""
    config = document.config
    if role.mind.backend == LEARNER:
        return None
    try:
        Admission(where=role.where or document.where).open(
            role.mind, town_spec(config), seed=config.seed
        ).policy.close()
    except CANNOT_RUN_HERE as error:
        return error.summary
    except BackendError as error:
        if error.where is None or not error.where.startswith("policy."):
            raise
        raise type(error)(error.summary, where=document.where(error.where), details=error.details) from None
    return None


def _unchecked(role: Role, mind: MindSpec, document: ConfigDocument) -> str | None:
    """Why the mind could not be checked, or None."""
    sides = [side for side in (mind.teacher, mind.learner) if side is not None]
    if sides:
        return next((why for side in sides if (why := _unchecked(role, side, document)) is not None), None)
    if mind.backend == LEARNER:
        return None
    try:
        validate_options(mind.backend, mind.options, where=role.where or document.where)
    except BackendError as error:  # a config may be checked where its backend is not installed
        return error.summary
    return None
