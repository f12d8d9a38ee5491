"""Experience of towns of different ages at once: each group is replaced by fresh towns at another time.

Towns that all begin together show a learner their first day, then their second, and so on; each update then undoes a
part of the one before. Spread evenly over a life, every update sees all days and, where the spread is no whole number
of days, all hours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from townlet.api import RolloutBatch
from townlet.config.training import SocialStage
from townlet.errors import CheckpointError
from townlet.training.experience import FreshExperience, Gathered

__all__ = ["StaggeredExperience"]


class StaggeredExperience:
    """The rows of several supplies of experience side by side.

    Args:
        groups: each with towns of its own, and as many ticks a piece as the others.
    """

    def __init__(self, groups: Sequence[FreshExperience]) -> None:
        self._groups = tuple(groups)
        self._joined: dict[str, Any] = {}  # name to array

    def gather(self) -> Gathered:
        """A piece of each group, joined along the rows; rates are means over the samples."""
        pieces = [group.gather() for group in self._groups]
        samples = sum(piece.samples for piece in pieces)
        metrics: dict[str, float] = {}
        for name in dict.fromkeys(name for piece in pieces for name in piece.metrics):
            told = [piece for piece in pieces if name in piece.metrics]
            if name == "lives_ended":
                metrics[name] = sum(piece.metrics[name] for piece in told)
            else:
                weights = [max(1, piece.samples) for piece in told]
                metrics[name] = float(np.average([piece.metrics[name] for piece in told], weights=weights))
        return Gathered(self._join([piece.batch for piece in pieces]), samples, metrics)

    def set_social_stage(self, stage: SocialStage) -> None:
        """Reward by this stage from the next piece on."""
        for group in self._groups:
            group.set_social_stage(stage)

    def save(self, folder: Path) -> None:
        """Each group in a folder of its own."""
        for number, group in enumerate(self._groups):
            part = folder / f"group-{number:02d}"
            part.mkdir()
            group.save(part)

    def load(self, folder: Path) -> None:
        """Go on from what :meth:`save` wrote."""
        found = len(list(folder.glob("group-*")))
        if found != len(self._groups):
            raise CheckpointError(
                f"the checkpoint holds {found or 'no'} groups of towns, the config asks for {len(self._groups)}",
                where=str(folder),
            )
        for number, group in enumerate(self._groups):
            group.load(folder / f"group-{number:02d}")

    def _join(self, batches: Sequence[RolloutBatch]) -> RolloutBatch:
        for field in fields(RolloutBatch):
            parts = [getattr(batch, field.name) for batch in batches]
            if parts[0] is not None:  # the room is kept from piece to piece
                self._joined[field.name] = np.concatenate(parts, axis=1, out=self._joined.get(field.name))
        return RolloutBatch(**self._joined)
