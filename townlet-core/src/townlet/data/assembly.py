"""A manifest put together from shards that are whole, by the recorder or by a recovery."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from townlet.api import ObservationSpec
from townlet.data.manifest import DatasetManifest, DatasetOrigin, SegmentEntry, ShardEntry, finite_metrics, now
from townlet.data.statistics import Totals
from townlet.data.thoughts import ThoughtsEntry
from townlet.storage import canonical_digest

__all__ = ["RecordingHead", "assembled"]


@dataclass(frozen=True, slots=True)
class RecordingHead:
    """What is recorded, known before the first tick.

    Attributes:
        spec: what the observations mean.
        origin: where the recording comes from.
        layout: see :class:`~townlet.data.DatasetManifest`.
        derived_from: the dataset this one is cut from, and how; or None.
    """

    spec: ObservationSpec
    origin: DatasetOrigin
    layout: str = "worlds"
    derived_from: Mapping[str, Any] | None = None


def assembled(
    subject: RecordingHead,
    shards: Sequence[tuple[ShardEntry, Totals]],
    segments: Sequence[SegmentEntry],
    *,
    rows: int,
    metrics: Mapping[str, float],
    interruption: str | None,
    thoughts: ThoughtsEntry | None = None,
    ledger: Sequence[Mapping[str, Any]] = (),
) -> DatasetManifest:
    """The manifest of these shards. Segments get the lengths that their shards have; those without any are left out."""
    spec, origin = subject.spec, subject.origin
    totals = Totals.zero(spec.action_count, len(origin.reward_parts))
    lengths = np.zeros(len(segments), np.int64)
    for entry, part in shards:
        totals.add(part)
        lengths[entry.segment] += entry.ticks
    computed = totals.metrics(spec.action_names, origin.reward_parts)
    return DatasetManifest.model_validate(
        {
            "timing": {"created": now()},
            "layout": subject.layout,
            "observation": spec.to_json(),
            "observation_fingerprint": spec.fingerprint(),
            "config": origin.config,
            "config_id": origin.config_id,
            "config_digest": canonical_digest(origin.config),
            "policy": origin.policy,
            "players": origin.players,
            "teachers": origin.teachers,
            "rows": rows,
            "agents": origin.agents,
            "agent_names": origin.agent_names,
            "reward_parts": origin.reward_parts,
            "segments": [
                segment.model_copy(update={"ticks": int(ticks)})
                for segment, ticks in zip(segments, lengths, strict=True)
                if ticks
            ],
            "shards": [entry for entry, _ in shards],
            "totals": totals.to_json(),
            "metrics": finite_metrics({**computed, **metrics}),
            "thoughts": thoughts,
            "ledger": tuple(dict(account) for account in ledger),
            "tags": origin.tags,
            "logits": origin.logits,
            "complete": interruption is None,
            "interruption": interruption,
            "derived_from": None if subject.derived_from is None else dict(subject.derived_from),
        }
    )
