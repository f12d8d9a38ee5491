"""The folder of a training run: config, metrics, checkpoints, result; created once, resumed exactly."""

from __future__ import annotations

import json
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from townlet.checkpoints import keep_last, write_pointer
from townlet.config import TownletConfig, config_digest, read_stored_config
from townlet.errors import CheckpointError, ConfigError, UsageError
from townlet.registry.demands import CONFIG_NAME, RUN_NAME
from townlet.storage import HeldLock, PartialFolder, find_partials, read_file, read_model, write_bytes_atomic
from townlet.suggestions import nearest
from townlet.training.learner.choice import PURPOSES
from townlet.training.results import CandidateResult, TrainingResult

__all__ = ["BegunRun", "RunFolder"]


class _RunDocument(BaseModel):
    """What stands in ``run.json``."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = Field(1, alias="schema", description="Version of this layout.")
    mode: str = Field(pattern="^[a-z]+$", description="Mode of training.")
    config_id: str = Field("", description="Name and short digest of the config.")
    config_digest: str = Field("", description="Digest of the config.")


@dataclass(frozen=True, slots=True)
class BegunRun:
    """What a run was begun with, and where.

    Attributes:
        path: its folder.
        mode: how minds are taught in it.
        config: the town and how.
    """

    path: Path
    mode: str
    config: TownletConfig

    @classmethod
    def read(cls, path: Path) -> Self:
        """The run in a folder: the only reader of its ``run.json``.

        Raises:
            UsageError: if there is no run.
            CheckpointError: if its files cannot be read.
        """
        if not (path / RUN_NAME).is_file() or not (path / CONFIG_NAME).is_file():
            raise UsageError("there is no run to resume", where=str(path), details=_others(path))
        mode = read_model(path / RUN_NAME, _RunDocument, error=CheckpointError).mode
        config = read_stored_config(path / CONFIG_NAME, error=CheckpointError)
        if mode not in PURPOSES:
            raise CheckpointError(
                f"{RUN_NAME} says the mode {mode!r}, which this Townlet does not know",
                where=str(path / RUN_NAME),
                details=(f"modes: {', '.join(PURPOSES)}",),
            )
        return cls(path, mode, config)

    def must_be(self, config: TownletConfig, mode: str) -> None:
        """Refuse to resume it as another run than it is.

        Raises:
            UsageError: if it was begun in another mode.
            ConfigError: if it was begun with another config; the first difference is named.
        """
        if self.mode != mode:
            raise UsageError(f"the run was started with --mode {self.mode}, not {mode}", where=str(self.path))
        # Values are compared, not the digest of all: a key that came later has its default in both.
        theirs, mine = self.config.model_dump(mode="json"), config.model_dump(mode="json")
        if theirs != mine:
            difference = _first_difference(theirs, mine)
            raise ConfigError(
                "a run keeps the config that it was begun with",
                where=str(self.path),
                details=(difference, f"the run's config is {self.path / CONFIG_NAME}"),
            )


class RunFolder:
    """``run.json``, ``config.json``, ``metrics.jsonl``, ``checkpoints/``, ``demonstrations/`` and ``result.json``.

    Whoever trains it holds ``run.lock`` until :meth:`release`: two at once would write over each other's lines.

    A checkpoint is named by the work that comes next, ``s<stage>-u<update>``, so the last name is where a
    resume goes on. Its folder appears whole or not at all.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.metrics = path / "metrics.jsonl"
        self.checkpoints = path / "checkpoints"
        self.demonstrations = path / "demonstrations"
        self.result = path / "result.json"
        self._lock: HeldLock | None = None

    def hold(self) -> Self:
        """Take the run for this process.

        Raises:
            UsageError: another one has it; the message names it.
        """
        self._lock = HeldLock(self.path / "run.lock", "this run is being trained", where=self.path, error=UsageError)
        return self

    def release(self) -> None:
        """Give it up. May be called twice."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    @classmethod
    def create(cls, begun: BegunRun) -> Self:
        """A new run in its folder, which must not exist or be empty. It appears whole: once there, it can be resumed.

        Raises:
            UsageError: if something is there already.
        """
        path, config = begun.path, begun.config
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise UsageError(
                "the folder of the run is not empty",
                where=str(path),
                details=_instead_of(path),
            )
        document = {
            "schema": 1,
            "mode": begun.mode,
            "config_id": config.config_id,
            "config_digest": config_digest(config),
        }
        with PartialFolder(path, error=UsageError) as partial:
            cls(partial.path).checkpoints.mkdir()
            write_bytes_atomic(partial.path / CONFIG_NAME, f"{config.model_dump_json(indent=2)}\n".encode())
            write_bytes_atomic(partial.path / RUN_NAME, f"{json.dumps(document, indent=2)}\n".encode())
        return cls(path).hold()

    @classmethod
    def resume(cls, begun: BegunRun) -> Self:
        """A run to resume. What a kill left unfinished in its folder is removed.

        Raises:
            UsageError: if another process is training it.
        """
        folder = cls(begun.path).hold()  # before anything in it is touched
        folder.checkpoints.mkdir(exist_ok=True)
        for unfinished in (*find_partials(folder.checkpoints), *find_partials(folder.demonstrations)):
            if not unfinished.alive:
                shutil.rmtree(unfinished.path, ignore_errors=True)
        return folder

    def checkpoint(self, stage: int, update: int) -> Path:
        """Where the checkpoint before that piece of work lies."""
        return self.checkpoints / f"s{stage:03d}-u{update:08d}"

    def all_checkpoints(self) -> list[Path]:
        """The whole checkpoints, earliest first."""
        return sorted(path for path in self.checkpoints.glob("s???-u????????") if path.is_dir())

    def latest(self) -> Path | None:
        """The last whole checkpoint, or None."""
        found = self.all_checkpoints()
        return found[-1] if found else None

    def settle(self, path: Path, keep: int) -> None:
        """Point ``last`` at a checkpoint that is whole, and remove all but ``keep`` and those that begin a stage."""
        write_pointer(self.checkpoints, "last", path.name)
        stages = [each.name for each in self.all_checkpoints() if each.name.endswith("u00000000")]
        keep_last(self.checkpoints, keep, keep=stages)

    def settle_best(self, path: Path) -> None:
        """Point ``best`` at what training ended with."""
        write_pointer(self.checkpoints, "best", path.name)

    def judged(self, result: TrainingResult) -> CandidateResult | None:
        """How the same outcome did when it was evaluated before, by an earlier call on this run; None if it was not."""
        try:
            before = TypeAdapter(TrainingResult).validate_json(read_file(self.result, error=CheckpointError))
        except (CheckpointError, ValidationError):
            return None
        return before.candidate if before.fingerprint == result.fingerprint else None

    def write_result(self, result: BaseModel) -> None:
        """Put ``result.json`` there, whole."""
        _write(self.result, result.model_dump_json(indent=2) + "\n")


def _write(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def _instead_of(path: Path) -> tuple[str, ...]:
    """What to do about a folder that is there."""
    if (path / RUN_NAME).is_file() and (path / CONFIG_NAME).is_file():
        return (
            f"resume the run that is there:  townlet train --resume {shlex.quote(str(path))}",
            "or choose another folder:  --out FOLDER",
        )
    return "it holds no run that could be resumed", "choose another folder:  --out FOLDER"


def _others(path: Path) -> tuple[str, ...]:
    """What a run is, and the one beside ``path`` that may have been meant."""
    rule = "a run is the folder that `townlet train` wrote, such as the one given to --out"
    try:
        names = [other.name for other in path.parent.iterdir() if (other / RUN_NAME).is_file()]
    except OSError:
        return (rule,)
    near = nearest(path.name, names)
    return (rule,) if near is None else (rule, f"did you mean {str(path.parent / near)!r}?")


def _first_difference(mine: object, theirs: object, path: str = "") -> str:
    if isinstance(mine, dict) and isinstance(theirs, dict):
        for key in sorted({*mine, *theirs}):
            if mine.get(key) != theirs.get(key):
                return _first_difference(mine.get(key), theirs.get(key), f"{path}.{key}" if path else str(key))
    return f"{path} was {json.dumps(mine)} and is {json.dumps(theirs)} now"
