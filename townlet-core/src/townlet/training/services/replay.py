"""Recorded datasets: found, opened, turned into demonstrations or experience."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from townlet.api import DemonstrationSource, ObservationSpec
from townlet.config.root import TownletConfig
from townlet.config.training import DemonstrationsConfig
from townlet.data import Dataset, ReplayDataset, demonstrations, open_dataset, play_back
from townlet.errors import DatasetError, UsageError
from townlet.play.reserve import refuse_recorded_there
from townlet.training.demonstrations.joined import JoinedDemonstrations
from townlet.training.demonstrations.whose import whose_rows_teach
from townlet.training.experience.recorded import RecordedExperience
from townlet.training.results import ReplaySummary

__all__ = ["ReplayDatasetService"]


class ReplayDatasetService:
    """Finds and opens datasets for training.

    Args:
        config: its ``training.demonstrations`` names the dataset where a call does not.
    """

    def __init__(self, config: TownletConfig) -> None:
        self._config = config

    def resolve(self, dataset: DemonstrationsConfig | Path | str | None = None) -> Path | None:
        """The folder of a dataset: of a path, of a manifest's path, of a section of the config; or None."""
        if dataset is None:
            dataset = self._config.training.demonstrations
        known: tuple[type, ...] = (DemonstrationsConfig, Path, str)
        if not isinstance(dataset, known):  # from Python, where nothing has checked it
            raise UsageError(
                f"a dataset is named by its folder or by a DemonstrationsConfig, found {type(dataset).__name__}",
                details=("of a whole config that is config.training.demonstrations",),
            )
        path = dataset.dataset if isinstance(dataset, DemonstrationsConfig) else dataset
        if path is None:
            return None
        folder = Path(path)
        return folder.parent if folder.name == "manifest.json" else folder

    def open(self, dataset: DemonstrationsConfig | Path | str | None, spec: ObservationSpec | None = None) -> Dataset:
        """Open a dataset, and check that one may learn from it and that its observations are those of ``spec``.

        Raises:
            DatasetError: if none is named, or it is damaged, of another spec, or recorded in towns that are held out.
        """
        folder = self.resolve(dataset)
        if folder is None:
            raise DatasetError(
                "no recorded dataset is named",
                where="training.demonstrations.dataset",
                details=("give its folder: --dataset FOLDER, or --set training.demonstrations.dataset=FOLDER",),
            )
        opened = open_dataset(folder, spec=spec)
        refuse_recorded_there(opened)
        return opened

    def demonstrations(self, folders: Sequence[Path], spec: ObservationSpec) -> DemonstrationSource:
        """The transitions of one or more datasets, split into training and held-out parts by episode.

        Of a recording of several minds, those of the teacher.

        Raises:
            DatasetError: as :meth:`open`, or if there is nothing of the teacher in it.
        """
        wanted, seed = self._config.training.demonstrations, self._config.seed
        sources = []
        for folder in folders:
            dataset = self.open(folder, spec)
            sources.append(
                demonstrations(
                    dataset,
                    validation=wanted.validation,
                    seed=seed,
                    memory_bytes=wanted.memory_mib << 20,
                    teachers=whose_rows_teach(dataset, wanted),
                )
            )
        return sources[0] if len(sources) == 1 else JoinedDemonstrations(sources)

    def experience(self, spec: ObservationSpec) -> RecordedExperience:
        """The recording that the config names as experience for PPO. Raises as :meth:`open`."""
        return RecordedExperience(self.open(None, spec), self._config.training.ppo.rollout.ticks)

    def build(
        self,
        dataset: DemonstrationsConfig | Path | str | None = None,
        *,
        batch_size: int = 1024,
        seed: int | None = None,
    ) -> ReplayDataset:
        """Batches of a recording's transitions."""
        return ReplayDataset(self.open(dataset), batch_size=batch_size, seed=seed)

    def summarise(self, replay: ReplayDataset) -> ReplaySummary:
        """Read a recording through once; every digest is checked on the way."""
        read = play_back(replay)
        return ReplaySummary(
            dataset=str(read.path), batches=read.batches, transitions=read.transitions, baselines=dict(read.baselines)
        )
