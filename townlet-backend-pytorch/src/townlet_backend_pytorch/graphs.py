"""Work on a device that is recorded once for each size and then replayed in one launch (CUDA graphs).

A decision of a few thousand rows is a hundred small kernels, and launching them takes longer than they do. Replaying
them does the same kernels on the same numbers, so every bit stays. The weights are read where they lie, hence a
recording goes on being right while they learn.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from townlet.errors import BackendError

__all__ = ["GraphReplay", "Replayed", "record_on_cuda", "refuse_graphs"]

Work = Callable[..., tuple[Tensor, ...]]
"""A function of tensors without a wait in it, and without a choice that depends on their numbers."""

_MOST = 16
"""Sizes that are recorded; each holds memory of its own. Others are computed as ever."""

_WARM_UP = 3


class GraphReplay(Protocol):
    """Replays work on new numbers. What it gives is written over by the next call."""

    def __call__(self, *arrays: Tensor) -> tuple[Tensor, ...]:
        """The work on ``arrays``, of the shapes that were recorded."""
        ...


class Replayed:
    """Work that is recorded for each set of shapes that it meets, and then replayed.

    Args:
        work: what is done.
        record: makes the recording from the first arrays of their shapes.
    """

    def __init__(self, work: Work, record: Callable[[Work, tuple[Tensor, ...]], GraphReplay]) -> None:
        self._work = work
        self._record = record
        self._recordings: dict[tuple[tuple[torch.Size, torch.dtype], ...], GraphReplay] = {}

    def __call__(self, *arrays: Tensor) -> tuple[Tensor, ...]:
        """The work on ``arrays``; read it before the next call."""
        shapes = tuple((array.shape, array.dtype) for array in arrays)
        recording = self._recordings.get(shapes)
        if recording is None:
            if len(self._recordings) == _MOST:
                return self._work(*arrays)
            recording = self._recordings[shapes] = self._record(self._work, arrays)
        return recording(*arrays)


def record_on_cuda(work: Work, arrays: tuple[Tensor, ...]) -> GraphReplay:
    """Record ``work`` as a CUDA graph, after a few rounds in which libraries choose their kernels."""
    inputs = [array.clone() for array in arrays]
    make_stream: Callable[[], torch.cuda.Stream] = torch.cuda.Stream
    with torch.cuda.device(inputs[0].device):
        here, beside = torch.cuda.current_stream(), make_stream()
        beside.wait_stream(here)
        with torch.cuda.stream(beside):
            for _ in range(_WARM_UP):
                work(*inputs)
        here.wait_stream(beside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            answers = work(*inputs)

    def replay(*given: Tensor) -> tuple[Tensor, ...]:
        for held, new in zip(inputs, given, strict=True):
            held.copy_(new, non_blocking=True)
        graph.replay()
        return answers

    return replay


def refuse_graphs(device: torch.device, resident: bool) -> None:
    """Raises BackendError where decisions cannot be replayed: elsewhere than on CUDA, or without experience there."""
    if device.type == "cuda" and resident:
        return
    found = f"it learns on {device}" if device.type != "cuda" else "its experience lies in main memory"
    raise BackendError(
        "policy backend 'pytorch' cannot replay decisions as CUDA graphs",
        where="training.options.graphs",
        details=(
            "they need a CUDA device, and a learner that keeps its experience there",
            f"found: {found}",
            "leave graphs out, or say  device: cuda  without  resident: false",
        ),
    )
