"""The manifest of a checkpoint: whose weights these are, what they were taught on, the digest of every file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from townlet.api import ObservationSpec, TownFacts

__all__ = ["MANIFEST_NAME", "SCHEMA_VERSION", "CheckpointManifest", "FileEntry"]

MANIFEST_NAME = "manifest.json"
SCHEMA_VERSION = 2

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, protected_namespaces=())


class FileEntry(_Model):
    """One file of a checkpoint."""

    size: Annotated[int, Field(ge=0)] = Field(description="Bytes.")
    sha256: Digest = Field(description="Digest of the file.")


class CheckpointManifest(_Model):
    """The manifest, as it stands in ``manifest.json`` (beside it there: ``digest``, over all of this)."""

    format: Literal["townlet-checkpoint"] = Field("townlet-checkpoint", description="What this folder is.")
    schema_version: Literal[2] = Field(2, description="Version of this layout.")
    created: str = Field(description="When it was written, UTC, ISO 8601.")
    backend: Annotated[str, Field(min_length=1)] = Field(description="The backend that wrote and can load it.")
    distribution: str = Field("", description="The backend's distribution.")
    version: str = Field("", description="Version of that distribution.")
    contract: Annotated[int, Field(ge=1)] = Field(description="Version of the contract between core and that backend.")
    observation: dict[str, Any] = Field(description="The observation spec it was trained on.")
    observation_fingerprint: Digest = Field(description="Digest of the spec.")
    facts: dict[str, Any] | None = Field(
        None,
        description="The town it was trained in: map, prices, rules and everything else that the spec does not cover.",
    )
    config_id: str = Field("", description="Name and short digest of the config.")
    config_digest: Digest = Field(description="Digest of the config.")
    fingerprint: str = Field("", description="The policy's own identity, such as a digest of its weights.")
    parent: Digest | None = Field(None, description="Digest of the checkpoint that its training started from.")
    metrics: dict[str, float] = Field(default_factory=dict, description="Its metrics when it was written.")
    files: dict[str, FileEntry] = Field(description="Path inside the folder, with '/', to size and digest.")

    def spec(self) -> ObservationSpec:
        """The observation spec. Raises ContractError if it is not a spec."""
        return ObservationSpec.from_json(self.observation)

    @property
    def maker(self) -> str:
        """Who wrote it, for people: ``pytorch (townlet-backend-pytorch 0.1.0)``."""
        made = f"{self.distribution} {self.version}".strip()
        return f"{self.backend} ({made})" if made else self.backend

    def town_differences(self, facts: TownFacts) -> tuple[str, ...]:
        """In what the town of ``facts`` ("here") differs from the one it was taught in ("there"), in words.

        Empty too where the checkpoint does not say what town that was. Raises ContractError for damaged facts.
        """
        return () if self.facts is None else facts.differences(TownFacts.from_json(self.facts))
