"""Writing a dataset as a Minari dataset."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from townlet.data.dataset import Dataset
from townlet.data.episodes import EpisodeTable, index_episodes
from townlet.data.minari_format import require_minari
from townlet.data.minari_writing import CHILD
from townlet.errors import DatasetError
from townlet.plugins.children import import_path, python_child
from townlet.storage import PartialFolder, parse_json, require_room

__all__ = ["export_minari"]

_HDF5_REASON = re.compile(r"error message = '([^']{1,200})'")
"""What the system said, in an error of HDF5."""


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
        DatasetError: nobody lived in the dataset, a shard is damaged, or the folder cannot be written, such as on a
            disk that fills up meanwhile; nothing is left of it then.
    """
    require_minari()
    manifest = dataset.manifest
    episodes = index_episodes(dataset)
    if not len(episodes):
        raise DatasetError("the dataset holds no life to export", where=str(dataset.path))
    name = dataset_id or f"townlet/{manifest.config.get('name', 'town')}-v0"
    with PartialFolder(Path(path), error=DatasetError) as folder:
        data = folder.path / "data"
        try:
            data.mkdir()
            # Soon, where it is plain that there is too little; a disk may fill up anyway while it is written.
            require_room(data, _room(dataset, episodes), what="this export", where=Path(path), error=DatasetError)
        except OSError as problem:
            raise _failed(path, problem.strerror or str(problem)) from problem
        _write_elsewhere(Path(path), str(dataset.path.absolute()), str(data), name)
    return len(episodes)


def _write_elsewhere(path: Path, *request: str) -> None:
    """Let a child write it: HDF5 dies of a disk that fills up, with the process that uses it."""
    command = python_child("-c", CHILD, "\n".join(import_path()), *request)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    try:
        outcome = parse_json(done.stdout, where=str(path), what="what the child said", error=DatasetError)
    except DatasetError:
        told = _HDF5_REASON.search(done.stderr)
        raise _failed(path, told[1] if told else f"HDF5 ended with status {done.returncode}") from None
    if "error" in outcome:
        raise _failed(path, outcome["error"])


def _failed(path: str | Path, reason: str) -> DatasetError:
    folder = Path(path).absolute().parent
    return DatasetError(
        f"cannot write the Minari dataset: {reason}",
        where=str(path),
        details=(f"{_free(folder)} are free on this disk; make room, or write to another one",),
    )


def _free(folder: Path) -> str:
    return f"{shutil.disk_usage(folder).free / 2**20:,.1f} MiB"


def _room(dataset: Dataset, episodes: EpisodeTable) -> int:
    """Bytes that the export may take: what the shards do and a little more, what HDF5 adds to a life, the facts."""
    shards = sum(entry.size for entry in dataset.manifest.shards)
    return shards * 13 // 10 + len(episodes) * (32 << 10) + (1 << 20)
