"""How a policy is named in a config and on the command line, and how such a name is read.

========================  ==================================================================
``scripted``              an installed backend
``stub``                  everybody waits
``pytorch:PATH``          a backend acting from the checkpoint in the folder PATH
``release``               the checkpoint that the registry has promoted
``mixture:A,B,0.5``       of two of the above: A with probability 0.5, B with probability 0.5
========================  ==================================================================

A backend that two distributions claim is named ``DISTRIBUTION:NAME``, as everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from townlet.errors import UsageError
from townlet.plugins.names import canonical
from townlet.plugins.scan import scan

__all__ = ["BackendChoice", "MixtureChoice", "PolicyChoice", "ReleaseChoice", "parse_policy"]

_FORMS = (
    "a policy is named by:  BACKEND  |  BACKEND:CHECKPOINT_FOLDER  |  release  |  mixture:A,B,RATIO",
    "for example:  scripted  |  pytorch:runs/first/checkpoints/best  |  mixture:scripted,release,0.5",
)


@dataclass(frozen=True, slots=True)
class BackendChoice:
    """A backend by name, with or without the folder of a checkpoint. ``text`` is what was written."""

    text: str
    name: str
    checkpoint: Path | None = None


@dataclass(frozen=True, slots=True)
class ReleaseChoice:
    """The checkpoint that the registry has promoted."""

    text: str = "release"


@dataclass(frozen=True, slots=True)
class MixtureChoice:
    """Two policies; ``ratio`` is the second one's share."""

    text: str
    teacher: BackendChoice | ReleaseChoice
    learner: BackendChoice | ReleaseChoice
    ratio: float


PolicyChoice = BackendChoice | ReleaseChoice | MixtureChoice


def parse_policy(text: str, *, where: str | None = None) -> PolicyChoice:
    """Read the name of a policy. Whether the backend is installed is not asked here.

    Args:
        text: in one of the forms above.
        where: the place it was written at, for errors.

    Raises:
        UsageError: if it has none of the forms.
    """
    text = text.strip()
    head, _, rest = text.partition(":")
    if head == "mixture":
        return _mixture(text, rest, where)
    return _single(text, where)


def _single(text: str, where: str | None) -> BackendChoice | ReleaseChoice:
    if text == "release":
        return ReleaseChoice()
    name, path = _split(text)
    if not name:
        raise UsageError(f"no policy is named in {text!r}", where=where, details=_FORMS)
    if name == "mixture":
        raise UsageError("a mixture cannot be part of a mixture", where=where, details=(f"found {text!r}", *_FORMS))
    if path is None:
        return BackendChoice(text, name)
    if not path:
        raise UsageError(f"{text!r} ends where a checkpoint folder should follow", where=where, details=_FORMS)
    if name in ("stub", "release"):
        raise UsageError(f"{name!r} takes no checkpoint", where=where, details=(f"found {text!r}", *_FORMS))
    return BackendChoice(text, name, Path(path))


def _split(text: str) -> tuple[str, str | None]:
    """Name (qualified by a distribution where one is written) and path, if there is one."""
    name, colon, rest = text.partition(":")
    if colon and canonical(name) in {canonical(row.distribution) for row in scan()}:
        inner, colon, rest = rest.partition(":")
        name = f"{name}:{inner}"
    return name, rest if colon else None


def _mixture(text: str, rest: str, where: str | None) -> MixtureChoice:
    pair, _, share = rest.rpartition(",")
    teacher, comma, learner = pair.partition(",")
    if not (comma and teacher.strip() and learner.strip()):
        raise UsageError(
            "a mixture needs two policies and a ratio: mixture:A,B,0.5",
            where=where,
            details=(f"found {text!r}",),
        )
    try:
        ratio = float(share)
    except ValueError:
        ratio = -1.0
    if not 0.0 <= ratio <= 1.0:
        raise UsageError(
            f"the ratio of a mixture is the second policy's share, from 0 to 1, found {share.strip()!r}",
            where=where,
            details=(f"in {text!r}",),
        )
    return MixtureChoice(text, _single(teacher.strip(), where), _single(learner.strip(), where), ratio)
