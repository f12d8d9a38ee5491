"""Layers on disk: one safetensors file, as ``townlet export CHECKPOINT --format mlp`` writes it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from townlet.api import ObservationSpec
from townlet.errors import CheckpointError
from townlet.storage import map_tensors

__all__ = ["FILE", "FORMAT", "VERSION", "Layers", "read_layers"]

FILE = "model.mlp"
"""Name of the file in a checkpoint's folder."""
FORMAT, VERSION = "townlet-mlp", 1
"""What the file says of itself, in the header's text ``townlet``."""

_STORED = ("float16", "float32")
_ACTIVATION = "relu"
_AGAIN = "write it again with:  townlet export CHECKPOINT --format mlp --out FOLDER"


class Layers(NamedTuple):
    """A network of fully connected layers with a ReLU between them.

    Attributes:
        weights: of each layer, float64 ``[inputs, outputs]``, contiguous.
        biases: of each layer, float64 ``[outputs]``.
        digest: SHA-256 (hex) of the numbers and their shapes.
    """

    weights: tuple[NDArray[np.float64], ...]
    biases: tuple[NDArray[np.float64], ...]
    digest: str


def read_layers(folder: Path, spec: ObservationSpec) -> Layers:
    """Read the network of a checkpoint.

    The file holds ``0.weight`` ``[outputs, inputs]``, ``0.bias`` ``[outputs]``, ``1.weight`` and so on, float16 or
    float32. The first layer takes the features, the last one gives the scores of the actions.

    Args:
        folder: of the checkpoint.
        spec: what the network is shown.

    Raises:
        CheckpointError: if the file is missing, damaged or of another format; if its layers do not fit each other or
            the observations; if the observations hold a map, which no such network looks at.
    """
    path = folder / FILE
    if spec.channels:
        raise CheckpointError(
            "a network of policy backend 'mlp' sees features alone, and a map is to be shown to it",
            where=str(folder),
            details=("the checkpoint says what it was trained on: its manifest does not fit its network",),
        )
    if not path.is_file():
        raise CheckpointError(f"the checkpoint has no {FILE}", where=str(folder), details=(_AGAIN,))
    stored = map_tensors(path, error=CheckpointError)
    try:
        header = json.loads(stored.metadata["townlet"])
        said = header["format"], header["version"], header["activation"]
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise CheckpointError("the file does not say what it is", where=str(path), details=(repr(error),)) from error
    if said != (FORMAT, VERSION, _ACTIVATION):
        expected = f"expected {FORMAT} {VERSION} with {_ACTIVATION}, found {said[0]} {said[1]} with {said[2]}"
        raise CheckpointError("the file is of another format", where=str(path), details=(expected, _AGAIN))
    misfit = _misfit(stored.arrays, spec)
    if misfit is not None:
        raise CheckpointError("the layers do not fit", where=str(path), details=(misfit, _AGAIN))
    count = len(stored.arrays) // 2
    digest = hashlib.sha256()
    for name, array in sorted(stored.arrays.items()):
        digest.update(f"{name} {array.shape}".encode())
        digest.update(array.astype("<f4").tobytes())
    return Layers(
        tuple(np.ascontiguousarray(stored.arrays[f"{n}.weight"].T, np.float64) for n in range(count)),
        tuple(stored.arrays[f"{n}.bias"].astype(np.float64) for n in range(count)),
        digest.hexdigest(),
    )


def _misfit(arrays: Mapping[str, NDArray[Any]], spec: ObservationSpec) -> str | None:
    """Why these arrays are not a network for the observations, in words, or None."""
    count = len(arrays) // 2
    names = {f"{n}.{kind}" for n in range(count) for kind in ("weight", "bias")}
    if not count or set(arrays) != names:
        return f"expected a weight and a bias for each layer, found {', '.join(sorted(arrays)) or 'nothing'}"
    width = spec.feature_count
    for n in range(count):
        weight, bias = arrays[f"{n}.weight"], arrays[f"{n}.bias"]
        if weight.ndim != 2 or weight.shape[1] != width or bias.shape != weight.shape[:1]:
            found = f"{list(weight.shape)} and {list(bias.shape)}"
            return f"layer {n} must have the shapes [outputs, {width}] and [outputs], found {found}"
        for array in (weight, bias):
            if array.dtype.name not in _STORED:
                return f"layer {n} must hold {' or '.join(_STORED)}, found {array.dtype.name}"
            if not np.isfinite(array).all():
                return f"layer {n} holds a number that is not finite"
        width = len(bias)
    if width != spec.action_count:
        return f"the last layer must score {spec.action_count} actions, found {width}"
    return None
