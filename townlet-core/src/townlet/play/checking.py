"""Whether the minds of a config could play, as far as can be told without opening them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from townlet.config import ConfigDocument
from townlet.errors import BackendError, RegistryError
from townlet.play.cast import Role
from townlet.play.casting import Casting
from townlet.play.mind_spec import LEARNER, MindSpec
from townlet.plugins import validate_options

__all__ = ["CheckedMind", "check_minds"]


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
        UsageError, CheckpointError, ConfigError: as opening the minds would.
    """
    casting = Casting.of(document, runs=runs)
    try:
        cast = casting.cast()
    except RegistryError as error:  # a config may be checked where nothing is promoted yet
        return (CheckedMind(document.config.policy.backend, error.summary),)
    cast.check(agent_names)
    return tuple(CheckedMind(role.mind.requested, _unchecked(role, role.mind, document)) for role in cast.roles)


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
