"""Core's own memory of a rollout: NumPy arrays, in parts for groups of towns."""

from __future__ import annotations

import math
from dataclasses import dataclass

from townlet.api import ObservationBatch, ObservationSpec, RolloutArrays
from townlet.errors import ConfigError
from townlet.storage import machine_bytes

__all__ = ["ArrayMemory", "refuse_what_does_not_fit", "rollout_bytes"]

_AROUND = 32
"""Bytes of an entry beside its observation: action, reward, value, log-probability, flags."""


def rollout_bytes(spec: ObservationSpec, ticks: int, rows: int) -> int:
    """Memory that a rollout of ``ticks`` ticks of ``rows`` rows takes, bytes, without the parts of the reward."""
    return (ticks + 1) * rows * (math.prod(spec.map_shape) + 4 * spec.feature_count + spec.action_count + _AROUND)


def refuse_what_does_not_fit(spec: ObservationSpec, ticks: int, rows: int) -> None:
    """Say so before the work where a rollout takes more memory than there is.

    Raises:
        ConfigError: with what it takes, what there is, and what to lower.
    """
    needed, there = rollout_bytes(spec, ticks, rows), machine_bytes()
    if there is not None and needed > there:
        raise ConfigError(
            f"a rollout of {ticks:,} ticks of {rows:,} agents takes {needed / 2**30:,.1f} GiB of memory; "
            f"this machine has {there / 2**30:,.1f} GiB",
            where="training.ppo.rollout",
            details=("lower worlds or ticks there, or observe less:  --set observation.variant=compact",),
        )


@dataclass(frozen=True, slots=True)
class ArrayMemory:
    """The default :class:`~townlet.api.RolloutMemory`.

    Attributes:
        arrays: where everything is written.
    """

    arrays: RolloutArrays

    def slot(self, tick: int, rows: slice) -> ObservationBatch:
        """The observations of some rows at ``tick``."""
        return self.arrays.slot(tick).take(rows)
