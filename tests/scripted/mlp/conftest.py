"""Small networks in checkpoints, written without PyTorch."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from townlet.api import ObservationSpec
from townlet.checkpoints import write_checkpoint
from townlet.config import load_config
from townlet.observations import build_spec
from townlet.storage import write_tensors

HEADER = {"format": "townlet-mlp", "version": 1, "activation": "relu"}


def _layers(widths: Sequence[int], seed: int = 0, dtype: str = "float16") -> dict[str, NDArray[Any]]:
    random, found = np.random.default_rng(seed), dict[str, NDArray[Any]]()
    for n, (inputs, outputs) in enumerate(pairwise(widths)):
        found[f"{n}.weight"] = (random.normal(size=(outputs, inputs)) / np.sqrt(inputs)).astype(dtype)
        found[f"{n}.bias"] = (random.normal(size=outputs) / 4).astype(dtype)
    return found


def _write(folder: Path, arrays: Mapping[str, NDArray[Any]], **header: object) -> None:
    text = {"townlet": json.dumps({**HEADER, **header})}
    with ThreadPoolExecutor(1) as hasher:
        pieces = {name: [array] for name, array in arrays.items()}
        _, _, handle = write_tensors(folder / "model.mlp", pieces, text, hasher)
    os.close(handle)


@pytest.fixture
def layers() -> Callable[..., dict[str, NDArray[Any]]]:
    """``layers(widths, seed=0, dtype="float16")``: random layers of these widths."""
    return _layers


@pytest.fixture
def write() -> Callable[..., None]:
    """``write(folder, arrays, **header)``: the file of a checkpoint, with these things said otherwise in its header."""
    return _write


@pytest.fixture(scope="session")
def spec() -> ObservationSpec:
    """What is seen in a town without a map."""
    return build_spec(load_config(None, ["observation.variant=compact"]))


@pytest.fixture
def widths(spec: ObservationSpec) -> tuple[int, ...]:
    """Of the features, two hidden layers, and the actions."""
    return spec.feature_count, 24, 16, spec.action_count


@pytest.fixture
def checkpoint(tmp_path: Path, spec: ObservationSpec, widths: tuple[int, ...]) -> Callable[..., Path]:
    """``checkpoint(seed=0)``: the folder of a mind."""

    def make(seed: int = 0) -> Path:
        folder = tmp_path / f"mind-{seed}"
        if not folder.exists():
            write_checkpoint(
                folder,
                lambda inside: _write(inside, _layers(widths, seed)),
                backend="mlp",
                spec=spec,
                config_digest="0" * 64,
            )
        return folder

    return make
