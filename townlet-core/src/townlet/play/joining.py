"""Datasets of the parts of a job, put together as if the job had been played whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from townlet.data import Dataset, DatasetManifest, DatasetWriter, open_dataset
from townlet.data.manifest import inherited_origin
from townlet.data.thoughts import merged
from townlet.errors import DatasetError
from townlet.play.outcome import Outcome
from townlet.rollout import block_ticks

__all__ = ["join_datasets"]


def join_datasets(outcome: Outcome, parts: Sequence[str | Path], folder: str | Path) -> DatasetManifest:
    """Write the recordings of the parts of a job as one dataset: the bytes that the whole job would have written.

    Args:
        outcome: of the whole job; see :meth:`Outcome.join`.
        parts: folders of the datasets, in the order of the towns.
        folder: of the new one.

    Raises:
        DatasetError: if they are not recordings of the job's towns, equally long, from the same minds, or the new one
            cannot be written.
    """
    opened = [open_dataset(part) for part in parts]
    first = opened[0].manifest if opened else None
    if first is None or tuple(seed for one in opened for seed in one.manifest.seeds) != outcome.job.seeds:
        raise DatasetError("these are not recordings of the job's towns, in their order", where=str(folder))
    for one in opened[1:]:
        for name in (
            "layout",
            "config",
            "policy",
            "segments_length",
            "reward_parts",
            "teachers",
            "tags",
            "logits",
            "complete",
        ):
            mine, theirs = _aspect(first, name), _aspect(one.manifest, name)
            if mine != theirs:
                raise DatasetError(
                    f"recordings with another {name.partition('_')[0]} cannot be joined",
                    where=str(one.path),
                    details=(f"found {theirs!r:.200}", f"the first has {mine!r:.200}"),
                )
    players = _players(opened)
    origin = inherited_origin(first).model_copy(update={"seeds": outcome.job.seeds, "players": players})
    rows = sum(one.rows for one in opened)
    length = block_ticks(opened[0].spec, rows, len(first.reward_parts), logits=first.logits)
    with DatasetWriter(folder, spec=opened[0].spec, origin=origin) as writer:
        for start in range(0, opened[0].ticks, length):
            blocks = [one.read(start, min(start + length, one.ticks)).arrays() for one in opened]
            writer.append({name: np.concatenate([block[name] for block in blocks], axis=1) for name in blocks[0]})
        writer.keep(merged(opened))
        ledger = [each.to_json() for each in outcome.ledgers]
        return writer.close(outcome.kpis.summary(), interruption=first.interruption, ledger=ledger)


def _aspect(manifest: DatasetManifest, name: str) -> object:
    if name == "segments_length":
        return [(segment.first_tick, segment.ticks) for segment in manifest.segments]
    return getattr(manifest, name)


def _players(parts: Sequence[Dataset]) -> tuple[tuple[int, ...], ...]:
    """Of all worlds; one list where it is the same in all of them."""
    whole: list[tuple[int, ...]] = []
    for part in parts:
        players = part.manifest.players
        whole += list(players) if len(players) != 1 else [players[0]] * part.manifest.worlds
    return tuple(whole) if len(set(whole)) > 1 else tuple(whole[:1])
