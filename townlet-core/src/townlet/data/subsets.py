"""Writing a dataset that holds a part of another: some of its worlds, or some of its episodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from townlet.data.block import LOGITS, TrajectoryBlock, array_shapes, dtype_of
from townlet.data.dataset import Dataset
from townlet.data.episodes import OUTCOMES, EpisodeTable
from townlet.data.manifest import DatasetManifest, inherited_origin
from townlet.data.packing import Arrangement, Placed, arrange
from townlet.data.writer import DatasetWriter
from townlet.errors import DatasetError

__all__ = ["write_episodes", "write_worlds"]

BLOCK_BYTES = 32 << 20


def write_worlds(dataset: Dataset, path: str | Path, worlds: NDArray[np.int64], how: str) -> DatasetManifest:
    """Write the whole recording of some worlds as a new dataset.

    Args:
        dataset: in the layout ``worlds``.
        path: of the new one.
        worlds: int64 ``[W']``, their numbers.
        how: a few words for the manifest.

    Raises:
        DatasetError: no worlds are chosen or known, or the new dataset cannot be written.
    """
    manifest = dataset.manifest
    if manifest.layout != "worlds":
        raise DatasetError("rows of this dataset are chosen episodes, not worlds", where=str(dataset.path))
    if not len(worlds):
        raise DatasetError("no world is left", where=str(dataset.path), details=(how,))
    rows = (worlds[:, None] * manifest.agents + np.arange(manifest.agents)).ravel()
    origin = inherited_origin(manifest).model_copy(
        update={"seeds": _seeds(manifest.segments[0].seeds, worlds), "players": _players(manifest.players, worlds)}
    )
    with DatasetWriter(path, spec=dataset.spec, origin=origin, derived_from=_descent(dataset, how)) as writer:
        segment = 0
        for index, block in dataset.shard_blocks():
            if manifest.shards[index].segment != segment:
                segment = manifest.shards[index].segment
                entry = manifest.segments[segment]
                writer.new_segment(_seeds(entry.seeds, worlds), entry.first_tick)
            writer.append({name: array[:, rows] for name, array in block.arrays().items()})
        return writer.close()


def write_episodes(dataset: Dataset, path: str | Path, episodes: EpisodeTable, how: str) -> DatasetManifest:
    """Write some episodes as a new dataset in the layout ``episodes``: one after the other in as few rows as before.

    An episode that was cut ends with ``truncated`` there, so no two run into each other. In ticks after the
    last episode of a row, nobody is active. Where several minds played, a row holds episodes of one of them; where
    only some demonstrate, episodes of the others are left out.

    Raises:
        DatasetError: no episodes are chosen, or the new dataset cannot be written.
    """
    manifest = dataset.manifest
    episodes = episodes.take(manifest.teaching_rows()[episodes.row])
    if not len(episodes):
        raise DatasetError("no episode is left", where=str(dataset.path), details=(how,))
    seats = manifest.seats()
    places = arrange(episodes.length, min(dataset.rows, len(episodes)), None if seats is None else seats[episodes.row])
    players = () if seats is None else tuple((int(mind),) for mind in places.owners)
    origin = inherited_origin(manifest).model_copy(
        update={"seeds": (), "players": players, "agents": 1, "agent_names": (), "first_tick": 0}
    )
    writer = DatasetWriter(
        path, spec=dataset.spec, origin=origin, layout="episodes", derived_from=_descent(dataset, how)
    )
    with writer:
        for block in _packed(dataset, episodes, places):
            writer.append(block)
        return writer.close()


def _seeds(seeds: tuple[int, ...], worlds: NDArray[np.int64]) -> tuple[int, ...]:
    return tuple(seeds[world] for world in worlds) if seeds else ()


def _players(players: tuple[tuple[int, ...], ...], worlds: NDArray[np.int64]) -> tuple[tuple[int, ...], ...]:
    return players if len(players) <= 1 else tuple(players[world] for world in worlds)


def _descent(dataset: Dataset, how: str) -> Mapping[str, Any]:
    return {"dataset": dataset.path.name, "digest": dataset.digest, "how": how}


def _shapes(dataset: Dataset) -> dict[str, tuple[int, ...]]:
    """What follows ``[T, N]`` in the shape of each array of the dataset."""
    return array_shapes(dataset.spec, len(dataset.manifest.reward_parts), logits=dataset.manifest.logits)


def _packed(dataset: Dataset, episodes: EpisodeTable, places: Arrangement) -> Iterator[TrajectoryBlock]:
    rows, length = len(places.owners), places.length
    shapes = _shapes(dataset)
    each = sum(int(np.prod(shape)) * np.dtype(dtype_of(n)).itemsize for n, shape in shapes.items())
    ticks = max(1, BLOCK_BYTES // (each * rows))
    edges = np.cumsum([0, *(entry.ticks for entry in dataset.manifest.shards)])
    waiting = iter(places.placed)
    ahead = next(waiting, None)
    running: list[Placed] = []
    for start in range(0, length, ticks):
        stop = min(start + ticks, length)
        while ahead is not None and ahead.start < stop:
            running.append(ahead)
            ahead = next(waiting, None)
        running = [p for p in running if p.start + int(episodes.length[p.episode]) > start]
        yield _assemble(dataset, episodes, running, edges, (start, stop, rows))


def _assemble(
    dataset: Dataset,
    episodes: EpisodeTable,
    running: list[Placed],
    edges: NDArray[np.int64],
    window: tuple[int, int, int],
) -> TrajectoryBlock:
    start, stop, rows = window
    shapes = _shapes(dataset)
    out = {name: np.zeros((stop - start, rows, *shape), dtype_of(name)) for name, shape in shapes.items()}
    out["action_mask"][:, :, 0] = True
    for name in {"log_probs", "values", "bootstrap", LOGITS} & set(out):
        out[name][:] = np.nan
    jobs: list[tuple[int, int, int, int, int, int]] = []  # shard, its ticks from and to, its row; tick and row here
    for placement in running:
        source, length = int(episodes.start[placement.episode]), int(episodes.length[placement.episode])
        low, high = max(placement.start, start), min(placement.start + length, stop)
        first, last = source + low - placement.start, source + high - placement.start
        shard = int(np.searchsorted(edges, first, side="right")) - 1
        while first < last:
            end = min(last, int(edges[shard + 1]))
            base = int(edges[shard])
            here = placement.start + first - source - start
            jobs.append((shard, first - base, end - base, int(episodes.row[placement.episode]), here, placement.row))
            first, shard = end, shard + 1
        if high == placement.start + length and episodes.outcome[placement.episode] == OUTCOMES.index("cut"):
            jobs.append((len(edges), high - start - 1, 0, 0, 0, placement.row))
    opened, block = -1, None
    for shard, low, high, row, here, there in sorted(jobs):
        if shard == len(edges):
            out["truncated"][low, there] = True
            continue
        if shard != opened or block is None:
            opened, block = shard, dataset.shard(shard)
        for name, array in out.items():
            array[here : here + high - low, there] = getattr(block, name)[low:high, row]
    return TrajectoryBlock(**out)
