"""Reading a Minari dataset into one of ours."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from townlet.api import ObservationSpec
from townlet.data.block import ARRAY_DTYPES, array_shapes
from townlet.data.manifest import DatasetManifest, DatasetOrigin
from townlet.data.minari_format import INFOS, KEY, SEEN, minari_module, spaces_of
from townlet.data.minari_links import refuse_what_reaches_out
from townlet.data.packing import place
from townlet.data.writer import DatasetWriter
from townlet.errors import ContractError, DatasetError

__all__ = ["import_minari"]

ROWS = 16
BLOCK_TICKS = 256

Arrays = dict[str, NDArray[Any]]


def import_minari(source: str | Path, path: str | Path, *, spec: ObservationSpec | None = None) -> DatasetManifest:
    """Write the episodes of a Minari dataset as a dataset in the layout ``episodes``.

    Args:
        source: a folder that Minari wrote, or :func:`~townlet.data.export_minari`; or a name for
            ``minari.load_dataset``.
        path: the new dataset.
        spec: what the observations mean; needed for a dataset that Townlet did not export.

    Raises:
        UsageError: Minari is not installed.
        DatasetError: it cannot be read, reaches out to other files (external storage, external links, virtual
            datasets), or its spaces are not those of a town's observations.
    """
    minari = minari_module()
    opened = _open(minari, source)
    facts = _facts(opened, spec)
    meaning = ObservationSpec.from_json(facts["observation"])
    observations, actions = spaces_of(meaning)
    if opened.observation_space != observations or opened.action_space != actions:
        raise DatasetError(
            "the spaces of the Minari dataset are not those of the town's observations",
            where=str(source),
            details=(f"expected {observations} and {actions}",),
        )
    origin = DatasetOrigin(
        config=facts["config"],
        config_id=facts["config_id"],
        policy=facts["policy"],
        reward_parts=tuple(facts["reward_parts"]),
        tags=tuple(facts["tags"]),
    )
    descent = {"minari": str(opened.id), "digest": facts.get("digest")}
    with DatasetWriter(path, spec=meaning, origin=origin, layout="episodes", derived_from=descent) as writer:
        for block in _blocks(opened, meaning, len(origin.reward_parts)):
            writer.append(block)
        return writer.close()


def _open(minari: Any, source: str | Path) -> Any:
    folder = Path(source)
    if (folder / "data").is_dir():
        folder = folder / "data"
    try:
        if folder.is_dir():
            refuse_what_reaches_out(folder)
            return minari.MinariDataset(folder)
        refuse_what_reaches_out(_stored(str(source)))
        return minari.load_dataset(str(source))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, AssertionError) as problem:
        raise DatasetError(f"this Minari dataset cannot be read: {problem}", where=str(source)) from problem


def _stored(name: str) -> Path:
    """Where Minari keeps the dataset of this name, whether there is one or not."""
    from minari.storage import get_dataset_path

    return Path(get_dataset_path(name)) / "data"


def _facts(opened: Any, spec: ObservationSpec | None) -> Mapping[str, Any]:
    """What the exporter wrote into the metadata; or what little can be said of somebody else's."""
    text = opened.storage.metadata.get(KEY)
    if text is None:
        if spec is None:
            raise DatasetError(
                "this Minari dataset does not say what its observations mean",
                where=str(opened.id),
                details=("Townlet did not export it: give the config of the town it was recorded in",),
            )
        return {
            "observation": spec.to_json(),
            "config": {},
            "config_id": "",
            "policy": {"requested": "minari", "active": "minari"},
            "reward_parts": (),
            "tags": (),
        }
    try:
        facts: dict[str, Any] = json.loads(text)
        found = ObservationSpec.from_json(facts["observation"])
        missing = {"config", "config_id", "policy", "reward_parts", "tags"} - set(facts)
    except (ValueError, KeyError, TypeError, ContractError) as problem:
        raise DatasetError(f"the facts that Townlet wrote are damaged: {problem}", where=str(opened.id)) from problem
    if missing:
        raise DatasetError(f"the facts that Townlet wrote lack {sorted(missing)[0]!r}", where=str(opened.id))
    if spec is not None and (difference := spec.first_difference(found)):
        raise DatasetError(f"the Minari dataset was recorded with other observations: {difference}")
    return facts


def _blocks(opened: Any, spec: ObservationSpec, parts: int) -> Iterator[Arrays]:
    """The episodes side by side in rows, block by block; at most one a row is in memory."""
    lengths = np.array(
        [episode["total_steps"] for episode in opened.storage.get_episode_metadata(opened.episode_indices)]
    )
    if not len(lengths):
        raise DatasetError("the Minari dataset holds no episode", where=str(opened.id))
    rows = min(ROWS, len(lengths))
    placed, total = place(lengths, rows)
    shapes = array_shapes(spec, parts)
    waiting = iter(placed)
    ahead = next(waiting, None)
    running: list[tuple[int, int, Arrays]] = []
    for start in range(0, total, BLOCK_TICKS):
        stop = min(start + BLOCK_TICKS, total)
        out = {name: np.zeros((stop - start, rows, *shapes[name]), dtype) for name, dtype in ARRAY_DTYPES.items()}
        out["action_mask"][:, :, 0] = True
        while ahead is not None and ahead.start < stop:
            running.append((ahead.start, ahead.row, _arrays(opened[ahead.episode], spec, parts)))
            ahead = next(waiting, None)
        for begin, row, arrays in running:
            low, high = max(begin, start), min(begin + len(arrays["actions"]), stop)
            for name, array in arrays.items():
                out[name][low - start : high - start, row] = array[low - begin : high - begin]
        running = [entry for entry in running if entry[0] + len(entry[2]["actions"]) > stop]
        yield out


def _arrays(episode: Any, spec: ObservationSpec, parts: int) -> Arrays:
    """One episode of Minari as our arrays ``[T, ...]``."""
    length = len(episode.rewards)
    infos = episode.infos or {}
    arrays: Arrays = {
        "actions": np.asarray(episode.actions, np.int64),
        "rewards": np.asarray(episode.rewards, np.float32),
        "terminated": np.asarray(episode.terminations, np.bool_),
        "truncated": np.asarray(episode.truncations, np.bool_),
        "active": np.ones(length, np.bool_),
    }
    for name in SEEN:
        if name != "map" or spec.channels:
            arrays[name] = np.asarray(episode.observations[name])[:length].astype(ARRAY_DTYPES[name])
    for name in INFOS:
        known = infos.get(name)
        if name == "episode_start":
            first = np.zeros(length, np.bool_)
            first[0] = True
            arrays[name] = first if known is None else np.asarray(known, np.bool_)[:length]
        elif name == "asked":
            arrays[name] = np.ones(length, np.bool_) if known is None else np.asarray(known, np.bool_)[:length]
        elif name != "reward_parts":
            arrays[name] = np.full(length, np.nan) if known is None else np.asarray(known)[:length]
        elif parts and known is not None:
            arrays[name] = np.asarray(known)[:length]
    return arrays
