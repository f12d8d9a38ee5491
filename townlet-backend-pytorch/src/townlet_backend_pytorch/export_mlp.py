"""A policy as a few fully connected layers, which the backend ``mlp`` plays without PyTorch."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from townlet.errors import BackendError
from townlet_backend_pytorch.network import ConflictAwarePolicyNetwork

__all__ = ["export_mlp"]

_FORMAT, _VERSION = "townlet-mlp", 1


def export_mlp(network: ConflictAwarePolicyNetwork, path: Path) -> Path:
    """Write the policy's layers, without its critic, in 16 bits a weight: float16 ``N.weight`` and ``N.bias``.

    Raises:
        BackendError: if the network is more than fully connected layers with a ReLU between them over the features, or
            has a weight that 16 bits do not hold; it says which, and how else the mind can be played.
    """
    misfit = _misfit(network)
    if misfit is not None:
        raise _cannot(misfit)
    tensors: dict[str, Tensor] = {}
    for number, layer in enumerate(_layers(network)):
        for name in ("weight", "bias"):
            tensors[f"{number}.{name}"] = getattr(layer, name).detach().cpu().half().contiguous()
    if not all(bool(torch.isfinite(tensor).all()) for tensor in tensors.values()):
        raise _cannot("a weight is larger than 16 bits can hold")
    header = {"format": _FORMAT, "version": _VERSION, "activation": network.config.activation}
    save_file(tensors, path, metadata={"townlet": json.dumps(header, sort_keys=True)})
    return path


def _layers(network: ConflictAwarePolicyNetwork) -> list[nn.Module]:
    """From the features to the scores."""
    assert network.features is not None
    return [network.features, *network.joint, network.policy_head]


def _misfit(network: ConflictAwarePolicyNetwork) -> str | None:
    config = network.config
    if config.has_map:
        return "it sees a map"
    if config.remembers:
        return "it has a memory"
    if config.activation != "relu":
        return f"its activation is {config.activation}"
    return None if config.features else "it sees no features"


def _cannot(why: str) -> BackendError:
    return BackendError(
        f"policy backend 'pytorch' cannot export this network as 'mlp': {why}",
        details=(
            "that format is for fully connected layers with a ReLU between them, over features alone",
            "play it where townlet-backend-pytorch is installed, or export it as onnx",
        ),
    )
