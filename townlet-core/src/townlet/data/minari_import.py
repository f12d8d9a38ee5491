"""Reading a Minari dataset into one of ours."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from townlet.api import ObservationSpec
from townlet.data.block import LOGITS, array_shapes, dtype_of
from townlet.data.manifest import DatasetManifest, DatasetOrigin
from townlet.data.minari_format import DAMAGED, INFOS, KEY, SEEN, minari_module, spaces_of
from townlet.data.minari_links import refuse_what_reaches_out
from townlet.data.packing import arrange
from townlet.data.writer import DatasetWriter
from townlet.errors import ContractError, DatasetError
from townlet.storage import fits, parse_json

__all__ = ["import_minari"]

ROWS = 16
BLOCK_TICKS = 256
_LONGEST = 1 << 40

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
    facts, meaning = _facts(opened, spec)
    observations, actions = spaces_of(meaning)
    if opened.observation_space != observations or opened.action_space != actions:
        raise DatasetError(
            "the spaces of the Minari dataset are not those of the town's observations",
            where=str(source),
            details=(f"expected {observations} and {actions}",),
        )
    origin = DatasetOrigin(
        config=facts.config,
        config_id=facts.config_id,
        policy=facts.policy,
        reward_parts=facts.reward_parts,
        tags=facts.tags,
        logits=facts.logits,
    )
    descent = {"minari": str(opened.id), "digest": facts.digest}
    with DatasetWriter(path, spec=meaning, origin=origin, layout="episodes", derived_from=descent) as writer:
        for block in _blocks(opened, meaning, array_shapes(meaning, len(origin.reward_parts), logits=origin.logits)):
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
    except DAMAGED as problem:
        raise _unreadable(problem, source) from problem


def _stored(name: str) -> Path:
    """Where Minari keeps the dataset of this name, whether there is one or not."""
    from minari.storage import get_dataset_path

    return Path(get_dataset_path(name)) / "data"


class _Facts(BaseModel):
    """What the exporter wrote into the metadata."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    observation: dict[str, Any]
    config: dict[str, Any]
    config_id: str
    policy: dict[str, Any]
    reward_parts: tuple[str, ...]
    tags: tuple[str, ...]
    logits: bool = False
    digest: str | None = None


def _facts(opened: Any, spec: ObservationSpec | None) -> tuple[_Facts, ObservationSpec]:
    """What the exporter wrote into the metadata, or what little can be said of somebody else's; and the spec."""
    where = str(opened.id)
    text = opened.storage.metadata.get(KEY)
    if text is None:
        if spec is None:
            raise DatasetError(
                "this Minari dataset does not say what its observations mean",
                where=where,
                details=("Townlet did not export it: give the config of the town it was recorded in",),
            )
        policy = {"requested": "minari", "active": "minari"}
        known = _Facts(observation={}, config={}, config_id="", policy=policy, reward_parts=(), tags=())
        return known, spec
    if not isinstance(text, str | bytes):
        raise DatasetError("the facts that Townlet wrote are damaged: they are not text", where=where)
    what = "the record of the facts that Townlet wrote"
    facts = fits(
        _Facts, parse_json(text, where=where, what=what, error=DatasetError), where=where, what=what, error=DatasetError
    )
    try:
        found = ObservationSpec.from_json(facts.observation)
    except ContractError as problem:
        raise DatasetError(f"the facts that Townlet wrote are damaged: {problem.summary}", where=where) from problem
    if spec is not None and (difference := spec.first_difference(found)):
        raise DatasetError(f"the Minari dataset was recorded with different observations: {difference}")
    return facts, found


def _blocks(opened: Any, spec: ObservationSpec, shapes: Mapping[str, tuple[int, ...]]) -> Iterator[Arrays]:
    """The episodes side by side in rows, block by block; at most one a row is in memory."""
    lengths = _lengths(opened)
    rows = min(ROWS, len(lengths))
    places = arrange(lengths, rows)
    total, waiting = places.length, iter(places.placed)
    ahead = next(waiting, None)
    running: list[tuple[int, int, Arrays]] = []
    for start in range(0, total, BLOCK_TICKS):
        stop = min(start + BLOCK_TICKS, total)
        out = {name: np.zeros((stop - start, rows, *shape), dtype_of(name)) for name, shape in shapes.items()}
        out["action_mask"][:, :, 0] = True
        while ahead is not None and ahead.start < stop:
            length = int(lengths[ahead.episode])
            running.append(
                (ahead.start, ahead.row, _episode(opened, ahead.episode, length, shapes, bool(spec.channels)))
            )
            ahead = next(waiting, None)
        for begin, row, arrays in running:
            low, high = max(begin, start), min(begin + len(arrays["actions"]), stop)
            for name, array in arrays.items():
                out[name][low - start : high - start, row] = array[low - begin : high - begin]
        running = [entry for entry in running if entry[0] + len(entry[2]["actions"]) > stop]
        yield out


def _lengths(opened: Any) -> NDArray[np.int64]:
    """Ticks of each episode, int64 ``[E]``, as the metadata say; that it is so is seen when one is read."""
    where = str(opened.id)
    try:
        found = [meta["total_steps"] for meta in opened.storage.get_episode_metadata(opened.episode_indices)]
        lengths = [operator.index(length) for length in found]
    except DAMAGED as problem:
        raise _unreadable(problem, where) from problem
    if not lengths:
        raise DatasetError("the Minari dataset holds no episode", where=where)
    for number, length in enumerate(lengths):
        if not 1 <= length <= _LONGEST:
            raise DatasetError(f"episode {number} claims to have {length} steps", where=where)
    return np.array(lengths, np.int64)


def _episode(opened: Any, number: int, length: int, shapes: Mapping[str, tuple[int, ...]], has_map: bool) -> Arrays:
    """One episode as our arrays ``[T, ...]``, each of the shape that it should have."""
    where = f"{opened.id}, episode {number}"
    try:
        with np.errstate(all="raise"):
            arrays = dict(_arrays(opened[number], shapes, has_map))
    except DAMAGED as problem:
        raise _unreadable(problem, where) from problem
    for name, array in arrays.items():
        if array.shape != (length, *shapes[name]):
            raise DatasetError(
                f"{name} has another shape than the metadata and the observations say",
                where=where,
                details=(f"expected {[length, *shapes[name]]}, found {list(array.shape)}",),
            )
    return arrays


def _arrays(episode: Any, shapes: Mapping[str, tuple[int, ...]], has_map: bool) -> Iterator[tuple[str, NDArray[Any]]]:
    length = len(episode.rewards)
    infos = episode.infos or {}
    yield "actions", _cast(episode.actions, np.dtype(np.int64))
    yield "rewards", _cast(episode.rewards, np.dtype(np.float32))
    yield "terminated", _cast(episode.terminations, np.dtype(np.bool_))
    yield "truncated", _cast(episode.truncations, np.dtype(np.bool_))
    yield "active", np.ones(length, np.bool_)
    for name in SEEN:
        if name != "map" or has_map:
            seen = np.asarray(episode.observations[name])
            if len(seen) != length + 1:
                raise ValueError(f"{name} has {len(seen)} entries; one more than the {length} steps is expected")
            yield name, _cast(seen[:length], np.dtype(dtype_of(name)))
    for name in INFOS:
        known = infos.get(name)
        if known is not None:
            if name != "reward_parts" or shapes[name] != (0,):
                yield name, _cast(np.asarray(known)[:length], np.dtype(dtype_of(name)))
        elif name == "episode_start":
            yield name, np.arange(length) == 0
        elif name == "asked":
            yield name, np.ones(length, np.bool_)
        elif name != "reward_parts":
            yield name, np.full(length, np.nan, np.float32)
    if LOGITS in shapes:
        yield LOGITS, _cast(np.asarray(infos[LOGITS])[:length], np.dtype(np.float32))


def _cast(found: Any, dtype: np.dtype[Any]) -> NDArray[Any]:
    """An array in our dtype. Raises ValueError where it says something that our dtype cannot."""
    array = np.asarray(found)
    if array.dtype.kind not in ("fiub" if dtype.kind == "f" else "iub"):
        raise ValueError(f"{array.dtype} stands where {dtype} is expected")
    cast = array.astype(dtype)
    if dtype.kind != "f" and not np.array_equal(cast, array):
        raise ValueError(f"numbers beyond the range of {dtype}")
    return cast


def _unreadable(problem: Exception, where: object) -> DatasetError:
    reason = str(problem) or type(problem).__name__
    if isinstance(problem, KeyError):
        reason = f"it has no {reason}"
    return DatasetError(f"this Minari dataset cannot be read: {reason[:300]}", where=str(where))
