"""Weights on disk: one safetensors file that says which network and which observations it is for. No pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from townlet.api import ObservationSpec
from townlet.errors import CheckpointError, ContractError
from townlet_backend_pytorch.network import ConflictAwarePolicyConfig, ConflictAwarePolicyNetwork

__all__ = ["WEIGHTS", "StoredWeights", "first_misfit", "read_tensors", "read_weights", "write_weights"]

WEIGHTS = "weights.safetensors"
"""Name of the file in a checkpoint's folder."""

_KEY = "townlet"  # one key: the order of several in the file would not be fixed
_FORMAT = "townlet-pytorch-weights"
_VERSION = 1


class StoredWeights(NamedTuple):
    """A file of weights, read and checked against itself."""

    config: ConflictAwarePolicyConfig
    spec: ObservationSpec
    tensors: dict[str, Tensor]
    path: Path

    def build(self) -> ConflictAwarePolicyNetwork:
        """A network with these weights, on the CPU."""
        network = ConflictAwarePolicyNetwork(self.config)
        network.load_state_dict(self.tensors)
        return network

    def refuse_other_spec(self, spec: ObservationSpec) -> None:
        """Raise CheckpointError with the first difference unless these weights were made for ``spec``."""
        difference = spec.first_difference(self.spec)
        if difference is not None:
            raise CheckpointError(
                "the checkpoint is for other observations",
                where=str(self.path),
                details=(f"{difference} (here: the town; there: the checkpoint)", "use the config it was trained with"),
            )


def write_weights(network: ConflictAwarePolicyNetwork, spec: ObservationSpec, path: Path) -> None:
    """Write the weights of ``network``, made for ``spec``; independent of device."""
    header = {
        "format": _FORMAT,
        "version": _VERSION,
        "network": network.config.model_dump(mode="json"),
        "spec": spec.to_json(),
    }
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    save_file(tensors, path, metadata={_KEY: json.dumps(header, sort_keys=True)})


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """All tensors of a safetensors file and its metadata.

    Raises:
        CheckpointError: if it is not there, cut short or not such a file.
    """
    if not path.is_file():
        raise CheckpointError("a file of the checkpoint is missing", where=str(path))
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(
            "a file of the checkpoint cannot be read", where=str(path), details=(f"{type(error).__name__}: {error}",)
        ) from error


def read_weights(path: Path) -> StoredWeights:
    """Read what :func:`write_weights` wrote.

    Raises:
        CheckpointError: if it is missing, damaged, of another format, or its weights do not fit its own network.
    """
    tensors, metadata = read_tensors(path)
    try:
        header = json.loads(metadata[_KEY])
        kind, version = header["format"], header["version"]
        if kind != _FORMAT or version != _VERSION:
            raise CheckpointError(
                "the weights are of another format",
                where=str(path),
                details=(f"expected {_FORMAT} {_VERSION}, found {kind} {version}",),
            )
        config = ConflictAwarePolicyConfig.model_validate(header["network"])
        spec = ObservationSpec.from_json(header["spec"])
    except (KeyError, TypeError, ValueError, RecursionError, ContractError) as error:
        raise CheckpointError(
            "the weights do not say which network they are of", where=str(path), details=(repr(error),)
        ) from error
    misfit = _size_misfit(config, spec, tensors)
    misfit = misfit or first_misfit(ConflictAwarePolicyNetwork(config).state_dict(), tensors)
    if misfit is not None:
        raise CheckpointError("the weights do not fit their own network", where=str(path), details=(misfit,))
    return StoredWeights(config, spec, tensors, path)


def _size_misfit(config: ConflictAwarePolicyConfig, spec: ObservationSpec, tensors: Mapping[str, Tensor]) -> str | None:
    """Why no network of that config can have these weights, or None: asked before memory is taken to build one."""
    here = ConflictAwarePolicyConfig.for_spec(spec)
    for name in ("map_shape", "features", "actions"):
        if getattr(config, name) != getattr(here, name):
            return f"{name} is {getattr(config, name)} in the network and {getattr(here, name)} in the observations"
    held = sum(tensor.numel() for tensor in tensors.values())
    if config.least_weights > held:
        return f"the network has at least {config.least_weights:,} weights, the file holds {held:,}"
    return None


def first_misfit(expected: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> str | None:
    """The first name, shape or dtype in which two sets of tensors differ, in words, or None."""
    for name, tensor in expected.items():
        if name not in found:
            return f"{name} is missing"
        if found[name].shape != tensor.shape:
            return f"{name} must have shape {list(tensor.shape)}, found {list(found[name].shape)}"
        if found[name].dtype != tensor.dtype:
            return f"{name} must have dtype {tensor.dtype}, found {found[name].dtype}"
        if not found[name].isfinite().all():
            return f"{name} holds a number that is not finite"
    extra = sorted(set(found) - set(expected))
    return f"{extra[0]} is unknown" if extra else None
