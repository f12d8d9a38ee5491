"""The child process that writes a Minari dataset: HDF5 takes the process that uses it down where the disk fills up."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from townlet.data.block import LOGITS, TrajectoryBlock
from townlet.data.dataset import Dataset, open_dataset
from townlet.data.episodes import OUTCOMES, EpisodeTable, index_episodes
from townlet.data.minari_format import DAMAGED, INFOS, KEY, SEEN, minari_module, spaces_of, told
from townlet.errors import TownletError

__all__ = ["CHILD", "write_and_leave"]

CHILD = """
import sys
sys.path[:] = sys.argv[1].split("\\n")
from townlet.data.minari_writing import write_and_leave
write_and_leave(*sys.argv[2:])
"""
"""What the child runs; its arguments: the entries of ``sys.path``, one a line, and those of :func:`write_and_leave`."""


def write_and_leave(dataset: str, data: str, dataset_id: str) -> NoReturn:
    """Write a dataset, tell on standard output what became of it, and end without another word of HDF5's.

    Args:
        dataset: its folder.
        data: an empty folder.
        dataset_id: Minari's name for it.
    """
    try:
        _write(open_dataset(dataset), Path(data), dataset_id)
        outcome: dict[str, str] = {}
    except TownletError as error:
        outcome = {"error": error.summary}
    except OSError as problem:
        outcome = {"error": os.strerror(problem.errno) if problem.errno else str(problem)}
    except DAMAGED as problem:
        outcome = {"error": str(problem)}
    sys.stdout.write(json.dumps(outcome))
    sys.stdout.flush()
    os._exit(0)  # HDF5 would try once more to write what it could not


def _write(dataset: Dataset, data: Path, dataset_id: str) -> None:
    minari = minari_module()
    manifest = dataset.manifest
    observations, actions = spaces_of(dataset.spec)
    storage = minari.dataset.minari_storage.MinariStorage.new(
        data, observation_space=observations, action_space=actions, data_format="hdf5", jpeg_encoding=False
    )
    storage.update_metadata(
        {
            "dataset_id": dataset_id,
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
    storage.update_episodes(_episodes(dataset, index_episodes(dataset)))
    _synchronise(data)


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
