"""Options of this backend: ``policy.options`` in a config."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class OnnxOptions(BaseModel):
    """Where the model is and how it runs."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    model: Path | None = Field(None, description="Model file; a policy named onnx:FILE needs no option.")
    threads: int = Field(1, ge=1, le=256, description="Threads of one decision.")
