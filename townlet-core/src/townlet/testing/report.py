"""The outcome of a conformance run, as a value that is written to JSON and shown as a table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from townlet.errors import UsageError

__all__ = ["CheckOutcome", "CheckResult", "ConformanceReport", "LevelCount", "write_report"]

CheckOutcome = Literal["passed", "failed", "skipped", "not-asked", "expected-failure", "unexpected-pass"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CheckResult(_Frozen):
    """What one check found."""

    name: str = Field(description="Name of the check, level first.")
    level: int = Field(ge=0, description="Number of its level.")
    outcome: CheckOutcome = Field(description="What came of it.")
    rule: str = Field(description="The rule that was checked.")
    message: str = Field("", description="Why it failed or was skipped; what was measured where it passed.")
    seconds: float = Field(ge=0, description="Wall time, seconds.")


class LevelCount(_Frozen):
    """How many checks of a level did what."""

    level: int = Field(ge=0, description="Number of the level.")
    name: str = Field(description="Name of the level.")
    applicable: int = Field(ge=0, description="Checks that the backend's capabilities ask for.")
    ran: int = Field(ge=0, description="Checks that ran to a result.")
    passed: int = Field(ge=0, description="Checks that passed.")
    failed: int = Field(ge=0, description="Checks that failed, unexpected passes included.")
    expected_failed: int = Field(ge=0, description="Checks that failed as the file of expected failures says.")
    skipped: int = Field(ge=0, description="Checks that had nothing to look at.")
    not_asked: int = Field(ge=0, description="Checks that say nothing, because one that they build on failed.")
    floor: int = Field(ge=0, description="Checks that have to run for the level to count; with fewer, none conforms.")


class ConformanceReport(_Frozen):
    """A whole conformance run."""

    schema_version: int = Field(1, description="Version of this report's layout.")
    backend: str = Field(description="Name of the backend.")
    distribution: str = Field("", description="Distribution and version that provide it.")
    api_version: int = Field(description="Version of the contract it was held against.")
    capabilities: tuple[str, ...] = Field(description="What the backend claims, by which checks were chosen.")
    levels: tuple[LevelCount, ...] = Field(description="Counts, level by level.")
    results: tuple[CheckResult, ...] = Field(description="Every check that applied, in order.")
    seconds: float = Field(ge=0, description="Wall time of the run, seconds.")

    @property
    def below_floor(self) -> tuple[LevelCount, ...]:
        """Levels in which too few checks ran to say anything."""
        return tuple(count for count in self.levels if count.ran < count.floor)

    @property
    def conforms(self) -> bool:
        """Whether nothing failed and every level reached its floor."""
        return not self.below_floor and all(count.failed == 0 for count in self.levels)


def write_report(report: ConformanceReport, path: Path) -> None:
    """Write the report as JSON, with the verdict in it. Raises UsageError where the file cannot be written."""
    document = report.model_dump(mode="json") | {"conforms": report.conforms}
    try:
        path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"the report cannot be written: {error.strerror}", where=str(path)) from error
