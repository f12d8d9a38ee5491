"""The learner's own memory of rollouts: arrays that core writes into, and their observations on a device.

Core writes into page-locked memory, from which a device copies without the processor's help. What a policy decides on
crosses the bus once, when it decides; the update finds it on the device.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from townlet.api import ObservationBatch, ObservationSpec, RolloutArrays
from townlet_backend_pytorch.devices import device_errors

__all__ = ["DeviceMemory", "MemoryPlace", "PageableWarning", "Seen"]

_OBSERVED = ("map", "features", "action_mask", "active")


class PageableWarning(RuntimeWarning):
    """The system refuses page-locked memory: copies to a device take longer."""


class MemoryPlace(NamedTuple):
    """Where in a rollout a batch of observations lies: a tick, and some rows."""

    tick: int
    rows: slice


class Seen(NamedTuple):
    """Observations on the device: uint8 ``[B, C, H, W]``, ``[B, F]``, bool ``[B, K]`` and bool ``[B]``."""

    codes: Tensor
    features: Tensor
    mask: Tensor
    active: Tensor


class DeviceMemory:
    """A ``RolloutMemory``. Where decisions span ticks, few rows are asked and nothing but the arrays is kept.

    Args:
        spec: what the observations mean.
        ticks: ``T``.
        rows: ``N``.
        device: where the observations lie as well.
        spans: decisions span ticks.
        features: how features are kept there: ``torch.float32`` or ``torch.bfloat16``.

    Attributes:
        arrays: what core writes into; page-locked where the device is not the CPU and the system allows it.
    """

    def __init__(
        self,
        spec: ObservationSpec,
        ticks: int,
        rows: int,
        device: torch.device,
        *,
        spans: bool,
        features: torch.dtype = torch.float32,
    ) -> None:
        plain = RolloutArrays.empty(spec, ticks, rows, spans=spans)
        self.arrays = _page_locked(plain) if device.type == "cuda" else plain
        self.device = device
        self._ticks = ticks
        self._slots: dict[int, tuple[MemoryPlace, ObservationBatch]] = {}
        self._crossed = np.zeros((ticks, rows), np.bool_)
        self._on_device: Seen | None = None
        if spans:
            return
        width = features.itemsize * spec.feature_count + math.prod(spec.map_shape) + spec.action_count + 1
        with device_errors(device, f"made room for {ticks:,} ticks of {rows:,} agents", asked=ticks * rows * width):
            self._on_device = Seen(
                torch.zeros((ticks, rows, *spec.map_shape), dtype=torch.uint8, device=device),
                torch.zeros((ticks, rows, spec.feature_count), dtype=features, device=device),
                torch.zeros((ticks, rows, spec.action_count), dtype=torch.bool, device=device),
                torch.zeros((ticks, rows), dtype=torch.bool, device=device),
            )
        self._here = Seen(*(torch.from_numpy(getattr(self.arrays, name)) for name in _OBSERVED))

    def slot(self, tick: int, rows: slice) -> ObservationBatch:
        """The observations of some rows at ``tick``; views, known again when the policy is shown them."""
        batch = self.arrays.slot(tick).take(rows)
        self._slots[id(batch)] = (MemoryPlace(tick, rows), batch)  # kept, so that no other object gets its number
        return batch

    def place_of(self, observations: ObservationBatch) -> MemoryPlace | None:
        """Where a batch lies, if it is one that :meth:`slot` gave and a decision on it is kept on the device."""
        place, batch = self._slots.get(id(observations), (None, None))
        if place is None or batch is not observations or self._on_device is None or place.tick == self._ticks:
            return None
        return place

    def cross(self, place: MemoryPlace) -> Seen:
        """Copy what lies at a place to the device, and give it there."""
        assert self._on_device is not None
        found = []
        for here, there in zip(self._here, self._on_device, strict=True):
            part = there[place.tick, place.rows]
            part.copy_(here[place.tick, place.rows], non_blocking=True)
            found.append(part)
        self._crossed[place.tick, place.rows] = True
        return Seen(*found)

    def whole(self, ticks: int) -> Seen | None:
        """The first ``ticks`` ticks of all rows on the device, flat: ``[ticks * N, ...]``; None with spans.

        What no decision brought there crosses now; the next rollout's observations all have to cross again.
        """
        if self._on_device is None:
            return None
        missing = np.flatnonzero(~self._crossed[:ticks].all(1))
        for first, last in _stretches(missing):
            for here, there in zip(self._here, self._on_device, strict=True):
                there[first:last].copy_(here[first:last], non_blocking=True)
        self._crossed[:] = False
        return Seen(*(tensor[:ticks].flatten(0, 1) for tensor in self._on_device))


def _stretches(numbers: NDArray[np.intp]) -> Sequence[tuple[int, int]]:
    """Runs of consecutive numbers, each as its first and the one after its last."""
    if not len(numbers):
        return ()
    cuts = np.flatnonzero(np.diff(numbers) > 1) + 1
    return [(int(run[0]), int(run[-1]) + 1) for run in np.split(numbers, cuts)]


def _page_locked(arrays: RolloutArrays) -> RolloutArrays:
    """The observations' arrays anew in page-locked memory, or ``arrays`` where the system refuses that."""
    locked: dict[str, NDArray[np.generic]] = {}
    try:
        for name in _OBSERVED:
            array = getattr(arrays, name)
            locked[name] = torch.zeros(array.shape, dtype=torch.from_numpy(array).dtype, pin_memory=True).numpy()
    except RuntimeError as error:
        warnings.warn(
            f"the system refuses page-locked memory ({str(error).splitlines()[0]:.80}): copies to the device take "
            "longer; a higher limit (ulimit -l) or fewer towns help",
            PageableWarning,
            stacklevel=3,
        )
        return arrays
    rest = {name: getattr(arrays, name) for name in arrays.__dataclass_fields__ if name not in locked}
    if arrays.asked is arrays.active:
        rest["asked"] = locked["active"]
    return RolloutArrays(**{**rest, **locked})
