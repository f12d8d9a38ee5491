"""Whose rows teach, where several minds played in a recording that is named as demonstrations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from townlet.config.training import DemonstrationsConfig
from townlet.data import Dataset
from townlet.errors import ContractError, DatasetError
from townlet.minds.policy_names import BackendChoice, ReleaseChoice, parse_policy
from townlet.plugins.names import split_qualified
from townlet.plugins.provenance import Provenance

__all__ = ["whose_rows_teach"]

_TEACHER = "training.demonstrations.teacher"


def whose_rows_teach(dataset: Dataset, wanted: DemonstrationsConfig) -> tuple[int, ...]:
    """Numbers of the minds whose rows are demonstrations; empty where one mind played everybody.

    Those that the manifest names, as a recording of a teacher in a cast does. Otherwise those that are what the
    config's ``teacher`` names, with the ``teacher_options`` that are given.

    Raises:
        DatasetError: if nobody of that name played, those who did were of several minds, or nothing says who
            played whom.
    """
    manifest, where = dataset.manifest, str(dataset.path)
    if manifest.teachers or not manifest.policy.get("minds"):
        return manifest.teachers
    try:
        minds = Provenance.from_json(manifest.policy).minds
    except ContractError as problem:
        raise DatasetError(f"the manifest does not say who played: {problem.summary}", where=where) from None
    if not manifest.players:
        raise DatasetError(
            "several minds played in this recording, and it does not say who played whom",
            where=where,
            details=("name the recording that it was made from, or lives that townlet dataset curate chooses there",),
        )
    called = [number for number, mind in enumerate(minds) if _is_called(mind, wanted.teacher)]
    if not called:
        raise DatasetError(
            f"nobody in this recording was played by {wanted.teacher!r}, whose rows are to teach",
            where=where,
            details=(
                f"found {', '.join(_played(mind) for mind in minds)}",
                f"say whose rows teach:  --set {_TEACHER}={minds[0].requested}",
            ),
        )
    chosen = [number for number in called if _has(minds[number].options, wanted.teacher_options)]
    if len({minds[number].fingerprint for number in chosen}) != 1:
        raise DatasetError(
            f"{'several minds' if chosen else 'no mind with the teacher_options'} called {wanted.teacher!r} "
            "played in this recording, and one is to teach",
            where=where,
            details=_differences([minds[number] for number in called]),
        )
    return tuple(chosen)


def _is_called(mind: Provenance, teacher: str) -> bool:
    if mind.requested == teacher:
        return True
    choice = parse_policy(teacher, where=_TEACHER)
    if isinstance(choice, ReleaseChoice):
        return bool(mind.release)
    if not isinstance(choice, BackendChoice) or split_qualified(choice.name)[1] != mind.active:
        return False
    return choice.checkpoint is None or (mind.checkpoint is not None and Path(mind.checkpoint) == choice.checkpoint)


def _has(options: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> bool:
    return all(name in (options or {}) and (options or {})[name] == value for name, value in wanted.items())


def _played(mind: Provenance) -> str:
    whom = "the rest" if mind.who == "*" else mind.who or "everybody"
    return f"{whom} by {mind.words()}"


def _differences(minds: Sequence[Provenance]) -> list[str]:
    """A line for each mind, with whom it plays and what sets it apart, and one that says how to choose."""
    options = [dict(mind.options or {}) for mind in minds]
    names = {name for found in options for name in found}
    differing = sorted(name for name in names if any(found.get(name) != options[0].get(name) for found in options))
    lines = []
    for mind, found in zip(minds, options, strict=True):
        told = ", ".join(f"{name}={found[name]}" for name in differing[:4] if name in found)
        lines.append(f"found {_played(mind)}" + (f" with {told}" if told else ""))
    if len({mind.requested for mind in minds}) > 1:
        return [*lines, f"name it as it was asked for:  --set {_TEACHER}={minds[0].requested}"]
    name = differing[0] if differing else "NAME"
    return [*lines, f"choose by an option:  --set {_TEACHER}_options.{name}={options[0].get(name, 'VALUE')}"]
