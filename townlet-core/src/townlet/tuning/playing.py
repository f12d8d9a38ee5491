"""The trials of a study, played wherever they run; what was trained elsewhere comes home."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from townlet.errors import CheckpointError
from townlet.executors.files import write_folder
from townlet.storage import PartialFolder
from townlet.tuning.fields import Value
from townlet.tuning.plan import StudyPlan
from townlet.tuning.results import TownRange
from townlet.tuning.trials import JobMap, TrialOutcome, play_trial

__all__ = ["Trials"]


@dataclass(frozen=True, slots=True)
class Trials:
    """Plays trials of a study.

    Attributes:
        plan: the study.
        folder: the study's.
        run: where they run.
        elsewhere: whether this machine's files cannot be seen there.
    """

    plan: StudyPlan
    folder: Path
    run: JobMap
    elsewhere: bool = False

    def play(self, wanted: Sequence[tuple[int, Mapping[str, Value]]], towns: TownRange) -> Iterator[TrialOutcome]:
        """The outcomes of some settings on some towns, in order.

        Args:
            wanted: number of the trial, and its settings.
            towns: which ones.

        Raises:
            CheckpointError: if what was trained elsewhere cannot be written here.
            TownletError: as playing does.
        """
        plan = self.plan
        jobs = [plan.job(values, number, towns, self.folder, elsewhere=self.elsewhere) for number, values in wanted]
        for job, outcome in zip(jobs, self.run(play_trial, jobs), strict=True):
            if outcome.trained is not None and job.folder is not None:
                with PartialFolder(Path(job.folder), error=CheckpointError) as partial:
                    write_folder(partial.path, outcome.trained)
            yield outcome
