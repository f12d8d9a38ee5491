"""The manifest of a dataset: what was recorded, by whom, in which files."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from townlet.api import ObservationSpec
from townlet.data.thoughts import ThoughtsEntry
from townlet.errors import ContractError, DatasetError
from townlet.storage import (
    canonical_bytes,
    canonical_digest,
    content_digest,
    find_partials,
    member_path,
    read_json_document,
)

__all__ = [
    "MANIFEST_NAME",
    "SCHEMA_VERSION",
    "DatasetManifest",
    "DatasetOrigin",
    "SegmentEntry",
    "ShardEntry",
    "read_manifest",
    "write_manifest",
]

MANIFEST_NAME = "manifest.json"
SCHEMA_VERSION = 2
_NAMES_ALONE = "version 1 held the names of what is observed, but not their meaning; record it again"

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, protected_namespaces=())


class DatasetOrigin(_Model):
    """Where a recording comes from; handed to the writer and kept in the manifest."""

    config: dict[str, Any] = Field(default_factory=dict, description="The whole config, JSON-ready.")
    config_id: str = Field("", description="Name and short digest of the config.")
    policy: dict[str, Any] = Field(
        default_factory=dict, description="Provenance of the policy: requested, active, reason, version, fingerprint."
    )
    players: tuple[tuple[Count, ...], ...] = Field(
        (),
        description="Where several minds play: for each world the number of the mind in policy.minds that plays each "
        "slot; one list where it is the same in all worlds.",
    )
    teachers: tuple[Count, ...] = Field(
        (), description="Where only some minds demonstrate: their numbers in policy.minds; else empty."
    )
    seeds: tuple[int, ...] = Field((), description="One per world, of the first segment.")
    agents: Annotated[int, Field(ge=1)] = Field(1, description="Slots per world: row = world * agents + slot.")
    agent_names: tuple[str, ...] = Field((), description="Names of the slots of a world, or none.")
    reward_parts: tuple[str, ...] = Field((), description="Names of the parts of the reward, in order.")
    first_tick: Count = Field(0, description="Tick of the town at which the recording begins.")
    tags: tuple[str, ...] = Field((), description="Free words.")
    logits: bool = Field(False, description="Whether the logits of the minds are kept.")


class ShardEntry(_Model):
    """One file of recorded ticks."""

    name: str = Field(description="File name inside the folder.")
    segment: Count = Field(description="Index into segments.")
    ticks: Annotated[int, Field(ge=1)] = Field(description="T, the first axis of every array in it.")
    size: Annotated[int, Field(ge=1)] = Field(description="Bytes of the file.")
    sha256: Digest = Field(description="Digest of the file.")
    transitions: Count = Field(description="Active transitions in it.")


class SegmentEntry(_Model):
    """A stretch of ticks without a gap. No life goes on from one segment to the next."""

    first_tick: Count = Field(description="Tick of the town at which it begins.")
    ticks: Count = Field(description="Its length.")
    seeds: tuple[int, ...] = Field(description="One per world; empty if rows are not worlds.")


class RecordingTiming(_Model):
    """When a recording was made."""

    created: str = Field(description="When it was finished, UTC, ISO 8601.")


class DatasetManifest(_Model):
    """The manifest, as it stands in ``manifest.json`` (beside it there: ``digest``, over all of this but timing)."""

    format: Literal["townlet-dataset"] = Field("townlet-dataset", description="What this folder is.")
    schema_version: Literal[2] = Field(2, description="Version of this layout.")
    layout: Literal["worlds", "episodes"] = Field(
        "worlds", description="worlds: row = world * agents + slot. episodes: chosen lives packed into rows."
    )
    observation: dict[str, Any] = Field(description="The observation spec.")
    observation_fingerprint: Digest = Field(description="Digest of the spec.")
    config: dict[str, Any] = Field(description="The whole config.")
    config_id: str = Field(description="Name and short digest of the config.")
    config_digest: Digest = Field(description="Digest of the config.")
    policy: dict[str, Any] = Field(description="Provenance of the policy.")
    players: tuple[tuple[Count, ...], ...] = Field(
        (), description="For each world the number of the mind that plays each slot; see DatasetOrigin."
    )
    teachers: tuple[Count, ...] = Field(
        (),
        description="Numbers of the minds whose rows are demonstrations; empty where a reader says which, or all are.",
    )
    rows: Annotated[int, Field(ge=1)] = Field(description="N.")
    agents: Annotated[int, Field(ge=1)] = Field(description="Slots per world; 1 in the layout episodes.")
    agent_names: tuple[str, ...] = Field(description="Names of the slots of a world, or none.")
    reward_parts: tuple[str, ...] = Field(description="Names of the parts of the reward.")
    segments: tuple[SegmentEntry, ...] = Field(description="Stretches without a gap.")
    shards: tuple[ShardEntry, ...] = Field(description="The files, in order of time.")
    totals: dict[str, Any] = Field(description="Counts and sums over all transitions.")
    metrics: dict[str, float] = Field(description="Baselines: what the recorded policy reached.")
    thoughts: ThoughtsEntry | None = Field(None, description="The file of what minds said; null without one.")
    ledger: tuple[dict[str, Any], ...] = Field(
        (), description="Of slow minds: who played whom, what was asked, what came of it and what it took."
    )
    tags: tuple[str, ...] = Field(description="Free words.")
    logits: bool = Field(False, description="Whether shards hold the logits of the minds, float32 [T, N, K].")
    complete: bool = Field(True, description="False: the recording was cut short; what is here is whole.")
    interruption: str | None = Field(None, description="Why it was cut short.")
    derived_from: dict[str, Any] | None = Field(None, description="The dataset it was cut from, and how.")
    timing: RecordingTiming = Field(description="Dates; no part of the digest.")

    @property
    def created(self) -> str:
        """When it was finished, UTC, ISO 8601."""
        return self.timing.created

    @property
    def ticks(self) -> int:
        """Ticks of all segments together."""
        return sum(shard.ticks for shard in self.shards)

    @property
    def worlds(self) -> int:
        """``W``; rows in the layout ``episodes``."""
        return self.rows // self.agents

    @property
    def transitions(self) -> int:
        """Active transitions."""
        return sum(shard.transitions for shard in self.shards)

    @property
    def size(self) -> int:
        """Bytes of all shards."""
        return sum(shard.size for shard in self.shards)

    @property
    def seeds(self) -> tuple[int, ...]:
        """Of the worlds in the first segment."""
        return self.segments[0].seeds if self.segments else ()

    @property
    def is_stub(self) -> bool:
        """Whether the stub acted, alone, in a mixture or in a cast."""
        return _has_stub(self.policy)

    @property
    def shows_stub(self) -> bool:
        """Whether the stub demonstrates, alone or in a mixture: a mind that only waits teaches nothing."""
        return self.taught_by_stub(self.teachers)

    def taught_by_stub(self, teachers: Sequence[int]) -> bool:
        """Whether the stub is among the minds of these numbers, or anywhere where there are none."""
        minds = self.policy.get("minds") or ()
        return any(_has_stub(minds[number]) for number in teachers) if teachers else self.is_stub

    def seats(self) -> NDArray[np.int64] | None:
        """Number of the mind that played each row: int64 ``[N]``; None where one played all."""
        if not self.players:
            return None
        return np.broadcast_to(np.array(self.players, np.int64), (self.worlds, self.agents)).reshape(-1)

    def teaching_rows(self, teachers: Sequence[int] | None = None) -> NDArray[np.bool_]:
        """Which rows are demonstrations: bool ``[N]``.

        Args:
            teachers: numbers of the minds that demonstrate, empty for all of them; by default :attr:`teachers`.
        """
        wanted, seats = self.teachers if teachers is None else tuple(teachers), self.seats()
        if not wanted or seats is None:
            return np.ones(self.rows, np.bool_)
        return np.isin(seats, wanted)

    def spec(self) -> ObservationSpec:
        """The observation spec. Raises ContractError if it is not a spec."""
        return ObservationSpec.from_json(self.observation)

    def encoded(self) -> tuple[bytes, str]:
        """The bytes of ``manifest.json``, and the digest in it."""
        document = self.model_dump(mode="json")
        digest = content_digest(document)
        return canonical_bytes({**document, "digest": digest}), digest


def _has_stub(provenance: Any) -> bool:
    if not isinstance(provenance, Mapping):
        return False
    return provenance.get("active") == "stub" or any(
        _has_stub(part) for part in (provenance.get("teacher"), provenance.get("learner"), *provenance.get("minds", ()))
    )


def now() -> str:
    """The time, UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0).isoformat()


def read_manifest(folder: Path) -> tuple[DatasetManifest, str]:
    """Read and check ``manifest.json``; no shard is opened.

    Returns:
        The manifest and its digest, which names the whole dataset.

    Raises:
        DatasetError: no dataset, another format or schema version, changed after it was written, or
            contradicting itself.
    """
    if not folder.is_dir():
        raise DatasetError("there is no dataset here", where=str(folder), details=unfinished(folder))
    if folder.name.endswith(".partial"):
        raise DatasetError(
            "this recording was never finished", where=str(folder), details=(f"townlet dataset recover {folder}",)
        )
    if not (folder / MANIFEST_NAME).exists():
        raise DatasetError(f"this folder is not a dataset: it has no {MANIFEST_NAME}", where=str(folder))
    document = read_json_document(member_path(folder, MANIFEST_NAME, error=DatasetError), error=DatasetError)
    digest = document.pop("digest", None)
    where = str(folder / MANIFEST_NAME)
    if document.get("format") != "townlet-dataset":
        raise DatasetError("this is not the manifest of a dataset", where=where)
    if document.get("schema_version") != SCHEMA_VERSION:
        raise DatasetError(
            f"schema version {document.get('schema_version')!r} cannot be read; this Townlet reads {SCHEMA_VERSION}",
            where=where,
            details=() if document.get("schema_version") != 1 else (_NAMES_ALONE,),
        )
    try:
        manifest = DatasetManifest.model_validate_json(canonical_bytes(document))
        fingerprint = manifest.spec().fingerprint()
    except ValidationError as problem:
        first = problem.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise DatasetError(f"the manifest is wrong at {place!r}: {first['msg']}", where=where) from None
    except ContractError as problem:
        raise DatasetError(f"the manifest's observation spec is wrong: {problem.summary}", where=where) from None
    if not isinstance(digest, str):
        raise DatasetError("the manifest has no digest", where=where)
    _refuse_contradictions(manifest, fingerprint, where)
    return manifest, digest


def unfinished(target: Path) -> Sequence[str]:
    """A line for each unfinished folder on its way to ``target``."""
    if not target.parent.is_dir():
        return ()
    return [
        f"a recording to this folder is still running: {partial.path}"
        if partial.alive
        else f"an unfinished recording is here; recover its complete shards:  townlet dataset recover {target}"
        for partial in find_partials(target.parent, target.name)
    ]


def _refuse_contradictions(manifest: DatasetManifest, fingerprint: str, where: str) -> None:
    lengths = [0] * len(manifest.segments)
    problems = []
    for shard in manifest.shards:
        if shard.segment >= len(lengths):
            problems.append(f"{shard.name} belongs to a segment that does not exist")
        else:
            lengths[shard.segment] += shard.ticks
    if lengths != [segment.ticks for segment in manifest.segments]:
        problems.append("segments and shards differ in their ticks")
    if not manifest.shards:
        problems.append("it has no shards")
    if len({shard.name for shard in manifest.shards}) != len(manifest.shards):
        problems.append("a shard is listed twice")
    if fingerprint != manifest.observation_fingerprint:
        problems.append("its fingerprint does not match its observation spec")
    if canonical_digest(manifest.config) != manifest.config_digest:
        problems.append("its config digest does not match its config")
    if manifest.rows % manifest.agents:
        problems.append("its rows are not worlds times agents")
    if len(manifest.players) not in (0, 1, manifest.worlds) or any(
        len(players) != manifest.agents for players in manifest.players
    ):
        problems.append("its players do not name one mind for each slot of each world")
    if manifest.teachers and not manifest.players:
        problems.append("it names teachers, but not whom they play")
    minds = manifest.policy.get("minds")
    known = len(minds) if isinstance(minds, list) else 0
    named = {number for numbers in (*manifest.players, manifest.teachers) for number in numbers}
    if named and max(named) >= known:
        problems.append(f"it names the mind number {max(named)}; its policy has {known}, counted from 0")
    if any(len(segment.seeds) not in (0, manifest.worlds) for segment in manifest.segments):
        problems.append("its seeds are not one per world")
    if problems:
        raise DatasetError(f"the manifest contradicts itself: {problems[0]}", where=where, details=problems[1:])


def write_manifest(folder: Path, manifest: DatasetManifest) -> None:
    """Write ``manifest.json`` to the disk. Raises OSError."""
    data, _ = manifest.encoded()
    with (folder / MANIFEST_NAME).open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def inherited_origin(manifest: DatasetManifest) -> DatasetOrigin:
    """The origin with which a dataset cut from this one is written."""
    return DatasetOrigin(
        config=dict(manifest.config),
        config_id=manifest.config_id,
        policy=dict(manifest.policy),
        players=manifest.players,
        teachers=manifest.teachers,
        seeds=manifest.seeds,
        agents=manifest.agents,
        agent_names=manifest.agent_names,
        reward_parts=manifest.reward_parts,
        first_tick=manifest.segments[0].first_tick if manifest.segments else 0,
        tags=manifest.tags,
        logits=manifest.logits,
    )


def finite_metrics(metrics: Mapping[str, float]) -> dict[str, float]:
    """Metrics as plain floats, those that are not finite left out (a mean over nothing)."""
    plain = {name: float(value) for name, value in metrics.items()}
    return {name: value for name, value in plain.items() if value - value == 0.0}
