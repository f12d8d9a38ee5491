"""Where towns run: the section ``execution``. A config's identity leaves it out: results do not depend on it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from townlet.config.model import Section

__all__ = ["ExecutionConfig", "Mismatch"]

Mismatch = Literal["refuse", "warn"]
"""What happens to a worker that might give other results than the process that asks: an error, or a noted warning."""


class ExecutionConfig(Section):
    """Where towns run."""

    executor: str = Field("local", min_length=1, description="`local`, or `ray` (extra `townlet-core[ray]`).")
    workers: int | None = Field(
        None, ge=1, le=100_000, description="Processes; None: none but this one for `local`, one a CPU for `ray`."
    )
    address: str | None = Field(
        None,
        min_length=1,
        description="Of a Ray cluster, such as `10.0.0.1:6379` or `auto`; None starts Ray on this machine.",
    )
    mismatch: Mismatch = Field(
        "refuse",
        description="What happens to a worker whose versions or arithmetic differ from this process: `refuse` stops "
        "before any work, `warn` notes it in the provenance of what is made.",
    )
    start_seconds: float = Field(
        300.0, gt=0, description="How long the first worker is waited for, the compiling of the rules included."
    )
