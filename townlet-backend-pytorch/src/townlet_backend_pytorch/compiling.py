"""Gradient steps through a network that ``torch.compile`` has translated, where that is possible here."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys

import torch
from torch import Tensor

from townlet.errors import BackendError
from townlet_backend_pytorch.network import ConflictAwarePolicyNetwork
from townlet_backend_pytorch.ppo import Forward

__all__ = ["compiled"]

_WHERE = "training.options.compile"
_OTHERWISE = "leave compile out: learning is the same without, and whether it is quicker with it depends on the device"


def compiled(network: ConflictAwarePolicyNetwork, device: torch.device, backend: str = "inductor") -> Forward:
    """The network for learning, translated when it is first called.

    What is compiled fits minibatches of any size: sizes differ from update to update with the number of
    decisions, and a translation for each would cost more than it saves.

    Args:
        network: whose weights it reads, also after they changed.
        device: where it is.
        backend: of ``torch.compile``.

    Raises:
        BackendError: if what the translation needs is missing here; the function raises it where it fails.
    """
    if backend == "inductor":
        _refuse_without_tools(device)
    forward: Forward = torch.compile(network, dynamic=True, backend=backend)

    def called(codes: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        try:
            return forward(codes, features)
        except torch._dynamo.exc.TorchDynamoException as error:
            raise BackendError(
                f"policy backend 'pytorch' could not compile its network for {device}",
                where=_WHERE,
                details=(f"PyTorch says: {' '.join(str(error).split()):.160}", _OTHERWISE),
            ) from error

    return called


def _refuse_without_tools(device: torch.device) -> None:
    missing = [tool for tool, there in _tools(device).items() if not there]
    if missing:
        raise BackendError(
            f"policy backend 'pytorch' cannot compile its network for {device} here",
            where=_WHERE,
            details=(f"not found: {', '.join(missing)}", f"install what is missing, or {_OTHERWISE}"),
        )


def _tools(device: torch.device) -> dict[str, bool]:
    """What ``torch.compile`` needs for a device, and whether it is here."""
    if device.type == "cuda":
        names = [os.environ.get("CC", ""), "cc", "gcc", "clang"]
        triton = importlib.util.find_spec("triton") is not None
        return {"the package triton": triton, "a C compiler (gcc, or what CC names)": _any_of(names)}
    name = os.environ.get("CXX", "clang++" if sys.platform == "darwin" else "g++")
    return {f"a C++ compiler ({name}; CXX names another)": _any_of([name])}


def _any_of(names: list[str]) -> bool:
    return any(name and shutil.which(name.split()[0]) for name in names)
