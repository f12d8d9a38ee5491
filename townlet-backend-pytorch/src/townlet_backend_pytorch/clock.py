"""Where a learner's time goes, and what its arithmetic alone would take."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType

import torch

from townlet.api import PPOSettings
from townlet_backend_pytorch.devices import autocast
from townlet_backend_pytorch.network import ConflictAwarePolicyNetwork

__all__ = ["Stopwatch", "bare_forward", "bare_update"]

_LEAST = 0.2
"""Seconds that a bare pass is repeated for."""

_AT_ONCE = 65536
"""Rows of a bare gradient step at most: larger ones take more memory and as long for each row."""


class Stopwatch:
    """Adds up wall times by name once it was asked for them; until then it costs nothing to speak of.

    Args:
        device: waited for at both ends of each stretch, since work on it goes on after a call returns.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._waits = device.type == "cuda"
        self._runs = False
        self._seconds: dict[str, float] = {}

    def take(self) -> dict[str, float]:
        """Seconds by name since the last call; the first one begins."""
        taken, self._seconds, self._runs = self._seconds, {}, True
        return taken

    def __call__(self, name: str) -> AbstractContextManager[object]:
        """Count what is done inside under ``name``."""
        return _Stretch(self, name) if self._runs else _UNCOUNTED

    def add(self, name: str, seconds: float) -> None:
        """Count so many seconds under ``name``."""
        self._seconds[name] = self._seconds.get(name, 0.0) + seconds

    def now(self) -> float:
        """The time, once the device has done what it was asked to; seconds."""
        if self._waits:
            torch.cuda.synchronize(self._device)
        return time.perf_counter()


_UNCOUNTED = nullcontext()


class _Stretch:
    """What a stopwatch counts; a class, since a generator for each of a tick's stretches would cost it twice."""

    __slots__ = ("_began", "_name", "_watch")

    def __init__(self, watch: Stopwatch, name: str) -> None:
        self._watch, self._name = watch, name

    def __enter__(self) -> None:
        self._began = self._watch.now()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watch.add(self._name, self._watch.now() - self._began)


def bare_forward(network: ConflictAwarePolicyNetwork, device: torch.device, rows: int) -> float:
    """Seconds of a forward pass of ``rows`` rows that lie on the device already."""
    codes, features = _any_rows(network, device, rows)
    with torch.inference_mode():
        return _repeated(lambda: network(codes, features), device)


def bare_update(
    network: ConflictAwarePolicyNetwork,
    device: torch.device,
    decisions: int,
    settings: PPOSettings,
    bfloat16: bool,
) -> float:
    """Seconds of the gradient steps of an update: forward, backward and Adam, without a loss worth the name."""
    twin = copy.deepcopy(network).requires_grad_(True)
    optimizer = torch.optim.Adam(twin.parameters(), fused=True)
    rows = max(1, min(decisions // settings.minibatches, _AT_ONCE))
    codes, features = _any_rows(network, device, rows)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        with autocast(device, bfloat16):
            logits, values = twin(codes, features)
        torch.autograd.backward(logits.square().mean() + values.square().mean())
        optimizer.step()

    return _repeated(step, device) * decisions * settings.epochs / rows


def _any_rows(
    network: ConflictAwarePolicyNetwork, device: torch.device, rows: int
) -> tuple[torch.Tensor, torch.Tensor]:
    shape = network.config.map_shape
    generator = torch.Generator().manual_seed(0)
    codes = torch.randint(0, 256, (rows, *shape), generator=generator, dtype=torch.uint8)
    features = torch.rand((rows, network.config.features), generator=generator)
    return codes.to(device), features.to(device)


def _repeated(work: Callable[[], object], device: torch.device) -> float:
    """Seconds that ``work`` takes: the best of several, as neighbours only ever slow one down."""
    watch = Stopwatch(device)
    work()
    best, spent = float("inf"), 0.0
    while spent < _LEAST:
        watch.take()
        with watch("work"):
            work()
        took: Mapping[str, float] = watch.take()
        best, spent = min(best, took["work"]), spent + took["work"]
    return best
