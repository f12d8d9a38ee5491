"""Writing a dataset as a Minari dataset."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from townlet.data.block import LOGITS, TrajectoryBlock
from townlet.data.dataset import Dataset
from townlet.data.episodes import OUTCOMES, EpisodeTable, index_episodes
from townlet.data.minari_format import INFOS, KEY, SEEN, minari_module, spaces_of, told
from townlet.errors import DatasetError
from townlet.storage import PartialFolder, require_room

__all__ = ["export_minari"]


def export_minari(dataset: Dataset, path: str | Path, *, dataset_id: str | None = None) -> int:
    """Write a dataset as a Minari dataset, whole or not at all.

    Args:
        dataset: what to export.
        path: a new folder; Minari's files are in ``data`` inside it. To find it with ``minari.load_dataset``,
            let it be the folder of that name below ``MINARI_DATASETS_PATH``.
        dataset_id: Minari's name for it, such as ``townlet/riverside-v0``.

    Returns:
        The number of episodes.

    Raises:
        UsageError: Minari is not installed.
        DatasetError: nobody lived in the dataset, a shard is damaged, or the folder cannot be written.
    """
    minari = minari_module()
    manifest = dataset.manifest
    episodes = index_episodes(dataset)
    if not len(episodes):
        raise DatasetError("the dataset holds no life to export", where=str(dataset.path))
    name = dataset_id or f"townlet/{manifest.config.get('name', 'town')}-v0"
    observations, actions = spaces_of(dataset.spec)
    with PartialFolder(Path(path), error=DatasetError) as folder:
        data = folder.path / "data"
        try:
            data.mkdir()
            # HDF5 dies of a full disk, with the process that uses it (a fault in its clean-up).
            require_room(data, _room(dataset, episodes), what="this export", where=Path(path), error=DatasetError)
            storage = minari.dataset.minari_storage.MinariStorage.new(
                data, observation_space=observations, action_space=actions, data_format="hdf5", jpeg_encoding=False
            )
            storage.update_metadata(
                {
                    "dataset_id": name,
                    "minari_version": minari.__version__,
                    "algorithm_name": str(manifest.policy.get("active", "unknown")),
                    "description": f"Lives in the town {manifest.config_id}, recorded by Townlet.",
                    KEY: json.dumps(
                        {
                            "observation": manifest.observation,
                            "config": manifest.config,
                            "config_id": manifest.config_id,
                            "policy": manifest.policy,
                            "reward_parts": manifest.reward_parts,
                            "tags": manifest.tags,
                            "logits": manifest.logits,
                            "digest": dataset.digest,
                        }
                    ),
                }
            )
            storage.update_episodes(_episodes(dataset, episodes))
            _synchronise(data)
        except OSError as problem:
            reason = problem.strerror or str(problem)
            raise DatasetError(f"cannot write the Minari dataset: {reason}", where=str(path)) from problem
    return len(episodes)


def _room(dataset: Dataset, episodes: EpisodeTable) -> int:
    """Bytes that the export may take: what the shards do and a little more, what HDF5 adds to a life, the facts."""
    shards = sum(entry.size for entry in dataset.manifest.shards)
    return shards * 13 // 10 + len(episodes) * (32 << 10) + (1 << 20)


def _synchronise(folder: Path) -> None:
    for file in folder.iterdir():
        with file.open("r+b") as handle:
            os.fsync(handle.fileno())


def _episodes(dataset: Dataset, episodes: EpisodeTable) -> Iterator[Any]:
    """Minari's buffers, one a life, in the order in which lives begin."""
    from minari.data_collector.episode_buffer import EpisodeBuffer

    ends = np.cumsum([segment.ticks for segment in dataset.manifest.segments])
    for index in range(len(episodes)):
        start, stop = int(episodes.start[index]), int(episodes.start[index] + episodes.length[index])
        row, outcome = int(episodes.row[index]), OUTCOMES[int(episodes.outcome[index])]
        goes_on = outcome != "terminated" and stop < int(ends[int(episodes.segment[index])])
        block = _life(dataset, row, start, stop + 1 if goes_on else stop)
        length = stop - start
        last = np.arange(block.ticks if goes_on else block.ticks + 1)
        last[-1] = block.ticks - 1
        seen = {name: told(getattr(block, name)[last, 0]) for name in SEEN}
        if not dataset.spec.channels:
            del seen["map"]
        infos = {name: getattr(block, name)[:length, 0] for name in (*INFOS, LOGITS)}
        if not dataset.manifest.logits:
            del infos[LOGITS]
        if not dataset.manifest.reward_parts:
            del infos["reward_parts"]
        truncations = block.truncated[:length, 0].copy()
        truncations[-1] |= outcome == "cut"  # an episode of Minari ends in one way or the other
        yield EpisodeBuffer(
            id=index,
            observations=seen,
            actions=block.actions[:length, 0],
            rewards=list(block.rewards[:length, 0]),
            terminations=list(block.terminated[:length, 0]),
            truncations=list(truncations),
            infos=infos,
        )


def _life(dataset: Dataset, row: int, start: int, stop: int) -> TrajectoryBlock:
    """The ticks of one row, copied."""
    pieces: list[dict[str, NDArray[Any]]] = []
    first = 0
    for index, entry in enumerate(dataset.manifest.shards):
        low, high = max(start - first, 0), min(stop - first, entry.ticks)
        if low < high:
            block = dataset.shard(index)
            pieces.append({name: array[low:high, row : row + 1] for name, array in block.arrays().items()})
        first += entry.ticks
    return TrajectoryBlock(**{name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]})
