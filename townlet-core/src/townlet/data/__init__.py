"""Recorded trajectories on disk: written whole or not at all, verified when read, streamed, curated, replayed."""

from townlet.data.block import TrajectoryBlock
from townlet.data.curation import Criterion, curate, episode_scores, score_names, split
from townlet.data.dataset import Dataset, open_dataset
from townlet.data.demonstrations import DatasetDemonstrations, demonstrations, split_episodes
from townlet.data.episodes import EpisodeTable, index_episodes
from townlet.data.manifest import DatasetManifest, DatasetOrigin, read_manifest
from townlet.data.minari_export import export_minari
from townlet.data.minari_import import import_minari
from townlet.data.playback import Playback, play_back
from townlet.data.recovery import recover
from townlet.data.replay import ReplayBatch, ReplayDataset
from townlet.data.statistics import Totals
from townlet.data.subsets import write_episodes, write_worlds
from townlet.data.thoughts import RecordedThought
from townlet.data.writer import DatasetWriter

__all__ = [
    "Criterion",
    "Dataset",
    "DatasetDemonstrations",
    "DatasetManifest",
    "DatasetOrigin",
    "DatasetWriter",
    "EpisodeTable",
    "Playback",
    "RecordedThought",
    "ReplayBatch",
    "ReplayDataset",
    "Totals",
    "TrajectoryBlock",
    "curate",
    "demonstrations",
    "episode_scores",
    "export_minari",
    "import_minari",
    "index_episodes",
    "open_dataset",
    "play_back",
    "read_manifest",
    "recover",
    "score_names",
    "split",
    "split_episodes",
    "write_episodes",
    "write_worlds",
]
