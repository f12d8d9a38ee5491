"""``Outcome``: what came of a job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from townlet.errors import BackendError, ContractError
from townlet.markup import card, facts, folded, table
from townlet.play.frames import Frames
from townlet.play.job import Job
from townlet.play.patient import MindLedger
from townlet.plugins.provenance import Provenance
from townlet.telemetry.kpis import TownKpis

__all__ = ["Outcome", "Timing"]

_FIRST = ("reward", "self_sufficiency", "mean_need", "attendance", "exits")
"""Figures that a notebook shows at once."""


@dataclass(frozen=True, slots=True)
class Timing:
    """What depends on the machine.

    Attributes:
        seconds: wall time of playing and writing.
        ticks_per_second: ticks of one town a second.
        answer_seconds: from a question of a slow mind to its answer, on average; 0 without answers.
    """

    seconds: float = 0.0
    ticks_per_second: float = 0.0
    answer_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a job. A function of the job, but for ``timing``.

    Attributes:
        job: what was asked for.
        first_tick: tick of the towns at which it began.
        ticks: ticks done; fewer than the job's where it was interrupted or a mind failed.
        provenance: who played.
        players: number of the role that played each slot: intp ``[W, A]``.
        kpis: measured since the towns began.
        interrupted: whether a person, or an ``until``, ended it early.
        failure: what stopped a mind half-way, or None; all else is of the ticks before.
        dataset: folder of the dataset that was kept, or None; ``dataset_digest`` names its content.
        run: its entry in the registry, or None.
        buffer: arrays ``[T, N, ...]`` by name, where they were to be kept; ``N`` rows of all towns.
        frames: how the towns were, where frames were to be kept.
        ledgers: what slow minds were asked since the towns began, and what it took; one a mind.
        timing: what depends on the machine.
    """

    job: Job
    first_tick: int
    ticks: int
    provenance: Provenance
    players: NDArray[np.intp]
    kpis: TownKpis
    interrupted: bool = False
    failure: BackendError | None = None
    dataset: Path | None = None
    dataset_digest: str | None = None
    run: str | None = None
    buffer: Mapping[str, NDArray[Any]] | None = None
    frames: Frames | None = None
    ledgers: tuple[MindLedger, ...] = ()
    timing: Timing = field(default_factory=Timing)

    def to_json(self) -> dict[str, Any]:
        """JSON-ready; what depends on the machine lies in ``timing``, what depends on where it is kept in ``place``."""
        return {
            "format": "townlet-outcome",
            "schema_version": 1,
            "job": self.job.digest,
            "first_tick": self.first_tick,
            "ticks": self.ticks,
            "interrupted": self.interrupted,
            "failure": None if self.failure is None else str(self.failure),
            "policy": self.provenance.to_json(),
            "players": self.players.tolist(),
            "ledger": [each.to_json() for each in self.ledgers],
            "kpis": self.kpis.summary(),
            "towns": [
                {"seed": seed, "kpis": row} for seed, row in zip(self.job.seeds, self.kpis.per_world(), strict=True)
            ],
            "dataset_digest": self.dataset_digest,
            "place": {"dataset": None if self.dataset is None else str(self.dataset), "run": self.run},
            "timing": {
                "seconds": round(self.timing.seconds, 6),
                "ticks_per_second": round(self.timing.ticks_per_second, 1),
                "answer_seconds": round(self.timing.answer_seconds, 6),
            },
        }

    def _repr_html_(self) -> str:
        """For Jupyter: what came of it, in a few lines and all figures."""
        ended = "a person, before its end" if self.interrupted else None
        figures = self.kpis.summary()
        return card(
            f"{self.job.config.name or 'a town'}, {self.ticks:,} ticks",
            facts(
                [
                    ("played by", self.provenance.active),
                    ("seeds", ", ".join(map(str, self.job.seeds[:8])) + (", ..." if len(self.job.seeds) > 8 else "")),
                    ("ended by", self.failure or ended),
                    ("recorded in", self.dataset),
                    ("run", self.run),
                    *((f"asked of {each.mind}", each.ledger.words()) for each in self.ledgers),
                ]
            ),
            table(("figure", "value"), [(name.replace("_", " "), figures[name]) for name in _FIRST if name in figures]),
            folded("all figures", table(("figure", "value"), [(k.replace("_", " "), v) for k, v in figures.items()])),
        )

    @classmethod
    def join(cls, job: Job, outcomes: Sequence[Self]) -> Self:
        """The outcome of ``job`` from those of :meth:`Job.split`, in order. Datasets: :func:`join_datasets`.

        Raises:
            ContractError: if they are not the parts of the job, or were not played equally far.
        """
        if not outcomes or tuple(seed for part in outcomes for seed in part.job.seeds) != job.seeds:
            raise ContractError("these are not the parts of the job: other seeds, or another order")
        first = outcomes[0]
        for part in outcomes[1:]:
            if (part.first_tick, part.ticks) != (first.first_tick, first.ticks):
                raise ContractError(f"the parts differ in length: {first.ticks} and {part.ticks} ticks")
            if part.provenance != first.provenance:
                raise ContractError("the parts were played by different minds", details=(str(part.provenance),))
        seconds = max(part.timing.seconds for part in outcomes)
        return replace(
            first,
            job=job,
            players=np.concatenate([part.players for part in outcomes]),
            kpis=_joined_kpis([part.kpis for part in outcomes]),
            interrupted=any(part.interrupted for part in outcomes),
            dataset=None,
            dataset_digest=None,
            buffer=_joined_buffers([part.buffer for part in outcomes]),
            frames=_joined_frames([part.frames for part in outcomes]),
            ledgers=MindLedger.joined([part.ledgers for part in outcomes]),
            timing=Timing(
                seconds, first.ticks / max(seconds, 1e-9), max(part.timing.answer_seconds for part in outcomes)
            ),
        )


def _joined_buffers(buffers: Sequence[Mapping[str, NDArray[Any]] | None]) -> Mapping[str, NDArray[Any]] | None:
    whole = [buffer for buffer in buffers if buffer is not None]
    if len(whole) != len(buffers):
        return None
    return {name: np.concatenate([buffer[name] for buffer in whole], axis=1) for name in whole[0]}


def _joined_frames(parts: Sequence[Frames | None]) -> Frames | None:
    whole = [frames for frames in parts if frames is not None]
    return Frames.joined(whole) if whole and len(whole) == len(parts) else None


def _joined_kpis(kpis: Sequence[TownKpis]) -> TownKpis:
    return replace(
        kpis[0],
        seconds=max(part.seconds for part in kpis),
        days=np.concatenate([part.days for part in kpis], axis=1),
        agent_sums=np.concatenate([part.agent_sums for part in kpis]),
        heat_map=np.concatenate([part.heat_map for part in kpis]),
        queue_lengths=np.concatenate([part.queue_lengths for part in kpis]),
    )
