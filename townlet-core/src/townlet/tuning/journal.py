"""The trials of a study as they are kept: one JSON line each, appended when the trial is done."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from townlet.errors import UsageError
from townlet.storage import fits, read_file, read_json_lines, write_bytes_atomic

__all__ = ["StudyJournal", "Trial", "TrialValue"]

TrialValue = bool | int | float | str | None


class Trial(BaseModel):
    """One trial: what was tried, and the result."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    number: int = Field(ge=0, description="Number of the trial; 0 is the one with the settings as they were.")
    values: dict[str, TrialValue] = Field(description="Key of the config to its value.")
    objective: float | None = Field(description="Mean of the objective over the towns; None where the trial failed.")
    shortfall: float = Field(0.0, ge=0, description="What is missing to keep all constraints; 0: they are kept.")
    figures: dict[str, float] = Field(default_factory=dict, description="Key figures, means over the towns.")
    error: str | None = Field(None, description="Why the trial failed, in one line.")
    seconds: float = Field(0.0, ge=0, description="Wall time of its towns, seconds.")

    def rank(self, *, maximise: bool) -> tuple[bool, float, float, int]:
        """What trials are sorted by, best first: those that meet the constraints, then by what is missing of them."""
        if self.objective is None:
            return (True, float("inf"), 0.0, self.number)
        value = -self.objective if maximise else self.objective
        return (self.shortfall > 0.0, self.shortfall, value, self.number)


class StudyJournal:
    """The file of trials.

    Args:
        path: the file; made with the first trial.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> list[Trial]:
        """Every trial, in the order of their numbers. A last line that a kill cut off is dropped from the file.

        Raises:
            UsageError: if the file holds something else.
        """
        if not self.path.exists():
            return []
        data = read_file(self.path, error=UsageError)
        whole = data[: data.rfind(b"\n") + 1]
        lines = read_json_lines(self.path, error=UsageError)
        trials = [
            fits(Trial, line, where=f"{self.path}:{number}", what="this trial", error=UsageError)
            for number, line in enumerate(lines, 1)
        ]
        if whole != data:
            write_bytes_atomic(self.path, whole)
        if [trial.number for trial in trials] != list(range(len(trials))):
            raise UsageError("the study's trials are not numbered from 0 on, each once", where=str(self.path))
        return trials

    def add(self, trial: Trial) -> None:
        """Append a trial."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{trial.model_dump_json()}\n")
