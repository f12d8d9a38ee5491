"""The folder of a study: what it is of, its trials as they come, and the result."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from townlet.config import TownletConfig, read_stored_config
from townlet.errors import ConfigError, UsageError
from townlet.storage import HeldLock, PartialFolder, read_model, write_bytes_atomic
from townlet.tuning.journal import StudyJournal
from townlet.tuning.results import TuningResult
from townlet.tuning.trials import with_values

__all__ = ["StudyFolder", "free_study_folder"]

_STUDY = "study.json"
_MAY_CHANGE = ("trials", "max_seconds", "finalists", "final_seeds", "judge_seeds")
"""Keys of the section ``tuning`` that a resumed study may have otherwise: the trials it has stay what they are."""


class _Begun(BaseModel):
    """What stands in ``study.json``."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = Field(1, alias="schema", description="Version of this layout.")
    policy: str = Field(description="Backend whose settings are searched.")
    fingerprint: str = Field(description="How it acted when the study began.")


class StudyFolder:
    """``study.json``, ``config.json``, ``trials.jsonl``; at the end ``result.json``, ``best.yaml``, ``tuning.svg``.

    Args:
        path: the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.journal = StudyJournal(path / "trials.jsonl")
        self.result = path / "result.json"
        self.best = path / "best.yaml"
        self.picture = path / "tuning.svg"

    @classmethod
    def create(cls, path: Path, config: TownletConfig, fingerprint: str) -> StudyFolder:
        """A new study in ``path``, which must not exist or be empty.

        Raises:
            UsageError: if something is there already.
        """
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise UsageError(
                "the folder of the study is not empty",
                where=str(path),
                details=("resume the study that is there: --resume", "or choose another folder: --out FOLDER"),
            )
        document = {"schema": 1, "policy": config.policy.backend, "fingerprint": fingerprint}
        with PartialFolder(path, error=UsageError) as partial:
            write_bytes_atomic(partial.path / "config.json", f"{config.model_dump_json(indent=2)}\n".encode())
            write_bytes_atomic(partial.path / _STUDY, f"{json.dumps(document, indent=2)}\n".encode())
        return cls(path)

    @classmethod
    def resume(cls, path: Path, config: TownletConfig, fingerprint: str) -> StudyFolder:
        """The study in ``path``, begun with the same config and the same policy.

        Raises:
            UsageError: if there is no study, or its policy behaves differently now.
            ConfigError: if it was begun with another config; the first difference is named.
        """
        stored, document = _read(path)
        if document.policy != config.policy.backend:
            raise UsageError(
                f"the study is of policy {document.policy!r}, not of {config.policy.backend!r}", where=str(path)
            )
        difference = _difference(stored.model_dump(mode="json"), config.model_dump(mode="json"))
        if difference is not None:
            raise ConfigError(
                "a study keeps the config that it was started with",
                where=str(path),
                details=(difference, "begin a new study with another --out to search something else"),
            )
        if document.fingerprint != fingerprint:
            raise UsageError(
                f"policy {config.policy.backend!r} behaves differently from when the study began: its trials cannot be "
                "compared with new ones",
                where=str(path),
                details=("another version of the backend is installed; begin a new study",),
            )
        return cls(path)

    @contextmanager
    def held(self) -> Iterator[None]:
        """The study belongs to this process meanwhile: two at once would number their trials alike.

        Raises:
            UsageError: if another process has it; the message names it.
        """
        lock = HeldLock(self.path / "study.lock", "this study is being searched", where=self.path, error=UsageError)
        try:
            yield
        finally:
            lock.release()

    @staticmethod
    def config_of(path: Path) -> TownletConfig:
        """The config that the study in ``path`` was begun with. Raises UsageError where there is no study."""
        return _read(path)[0]

    def write(self, result: TuningResult, config: TownletConfig) -> None:
        """Put ``result.json`` and ``best.yaml`` there, whole.

        Args:
            result: of the study.
            config: that it began with.
        """
        write_bytes_atomic(self.result, f"{result.model_dump_json(indent=2)}\n".encode())
        write_bytes_atomic(self.best, _best(result, config, self.path).encode())


def free_study_folder(runs: Path) -> Path:
    """The first folder ``tune-<number>`` of the runs folder that is not there."""
    number = 1
    while (runs / f"tune-{number:03d}").exists():
        number += 1
    return runs / f"tune-{number:03d}"


def _read(path: Path) -> tuple[TownletConfig, _Begun]:
    if not (path / _STUDY).is_file() or not (path / "config.json").is_file():
        raise UsageError(
            "there is no study to resume",
            where=str(path),
            details=("a study is the folder that `townlet tune` wrote, such as the one given to --out",),
        )
    document = read_model(path / _STUDY, _Begun, error=UsageError)
    return read_stored_config(path / "config.json", error=UsageError), document


def _difference(theirs: object, mine: object, at: str = "") -> str | None:
    """The first difference that matters, in words."""
    if isinstance(theirs, dict) and isinstance(mine, dict):
        for key in sorted({*theirs, *mine}):
            if at == "tuning" and key in _MAY_CHANGE:
                continue
            found = _difference(theirs.get(key), mine.get(key), f"{at}.{key}" if at else str(key))
            if found is not None:
                return found
        return None
    return None if theirs == mine else f"{at} was {json.dumps(theirs)} and is {json.dumps(mine)} now"


def _best(result: TuningResult, config: TownletConfig, folder: Path) -> str:
    """A config that runs with the best settings: what differs from the defaults, with where it came from."""
    best, towns = result.best, result.towns
    figure = best.evaluation.kpis[result.objective]
    lines = [
        f"Found by `townlet tune` ({folder.name}): trial {best.trial} of {result.trials}.",
        f"{result.objective} {figure.mean:.4g} [{figure.low:.4g}, {figure.high:.4g}] on {towns.judged_on.towns} towns "
        f"x {towns.days:g} days from seed {towns.judged_on.first_seed} on, which no trial has seen;",
        f"tuned on {towns.tuned_on.towns} towns from seed {towns.tuned_on.first_seed} on.",
    ]
    lines += [f"Not met there: {constraint}" for constraint in best.broken]
    tuned = with_values(config, best.values)
    document = _changed(tuned.model_dump(mode="json"), TownletConfig().model_dump(mode="json"))
    document.pop("tuning", None)
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True) if document else "{}\n"
    return "".join(f"# {line}\n" for line in lines) + text


def _changed(mine: Mapping[str, object], usual: Mapping[str, object]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in mine.items():
        other = usual.get(key)
        if value == other:
            continue
        nested = isinstance(value, dict) and isinstance(other, dict) and other
        found[key] = _changed(value, other) if nested else value  # type: ignore[arg-type]
    return found
