"""A policy as one ONNX file, with all preprocessing inside, for places without PyTorch or Townlet."""

from __future__ import annotations

import contextlib
import json
import logging
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from townlet.errors import BackendDependencyError, TrainingError
from townlet_backend_pytorch.network import ConflictAwarePolicyNetwork
from townlet_backend_pytorch.policy import TorchPolicy

__all__ = ["ExportReport", "export_onnx"]

_OPSET = 18
_TOLERANCE = 1e-4
_NEEDED = "the export needs onnx, onnxscript and onnxruntime"


class ExportReport(NamedTuple):
    """What was written, and how far onnxruntime's answers are from PyTorch's.

    Attributes:
        path: the file.
        rows: rows compared.
        largest_difference: of scores and values, absolute.
    """

    path: Path
    rows: int
    largest_difference: float


class _Exported(nn.Module):
    """The network with the scaling of its inputs and the critic's units inside; masking is the reader's."""

    def __init__(self, network: ConflictAwarePolicyNetwork) -> None:
        super().__init__()
        self.network = network
        self.mean = float(network.value_mean)
        self.scale = float(network.value_scale)

    def forward(self, codes: Tensor, features: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        logits, values = self.network(codes, features)
        # Every input must be used, or the exporter drops it: the mask is part of what a reader hands over.
        return logits + 0.0 * mask, values * self.scale + self.mean


class _Mapless(nn.Module):
    """The same for a spec without a map: the file has no such input."""

    def __init__(self, whole: _Exported) -> None:
        super().__init__()
        self.whole = whole

    def forward(self, features: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        found: tuple[Tensor, Tensor] = self.whole(features.new_zeros((features.shape[0], 0, 0, 0)), features, mask)
        return found


def export_onnx(policy: TorchPolicy, path: Path, *, rows: int = 64, seed: int = 0) -> ExportReport:
    """Write ``policy`` to ``path`` and compare it with PyTorch on random observations before it is kept.

    Inputs: ``map`` uint8 ``[N, C, H, W]`` (left out for a spec without a map), ``features`` float32 ``[N, F]``,
    ``action_mask`` bool ``[N, K]``. Outputs: ``logits`` float32 ``[N, K]`` before masking and ``values`` float32
    ``[N]`` in units of reward. The metadata hold ``townlet.observation_spec`` (``ObservationSpec.to_json``) and
    ``townlet.fingerprint``.

    Raises:
        BackendDependencyError: if onnx, onnxscript or onnxruntime is missing.
        TrainingError: if the answers differ by more than 1e-4; nothing is left at ``path`` then.
    """
    try:
        import onnx
        import onnxruntime
        import onnxscript  # noqa: F401  (PyTorch's exporter needs it)
    except ModuleNotFoundError as error:
        raise BackendDependencyError(
            f"{_NEEDED}: {error.name} is not installed",
            details=('install them with:  pip install "townlet-backend-pytorch[onnx]"',),
        ) from error
    inputs = _random_inputs(policy, rows, seed)
    whole = _Exported(_on_cpu(policy.network))
    module = (whole if "map" in inputs else _Mapless(whole)).eval()
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        draft = Path(folder) / "draft.onnx"
        _write(module, inputs, draft)
        model = onnx.load(draft)
        onnx.helper.set_model_props(
            model,
            {
                "townlet.observation_spec": json.dumps(policy.spec.to_json(), sort_keys=True),
                "townlet.fingerprint": policy.fingerprint(),
            },
        )
        onnx.save(model, draft)
        session = onnxruntime.InferenceSession(str(draft), providers=["CPUExecutionProvider"])
        largest = 0.0
        for count in (rows, 1, 3):  # other numbers of rows than the one it was traced with
            found = session.run(["logits", "values"], {name: t[:count].numpy() for name, t in inputs.items()})
            with torch.inference_mode():
                expected = module(*(t[:count] for t in inputs.values()))
            largest = max(largest, _difference(expected, found))
        if not largest <= _TOLERANCE:
            raise TrainingError(
                "the exported policy gives other answers than PyTorch",
                where=str(path),
                details=(f"largest difference {largest:g}, allowed {_TOLERANCE:g}", "nothing was written"),
            )
        draft.replace(path)
    return ExportReport(path, rows, largest)


def _on_cpu(network: ConflictAwarePolicyNetwork) -> ConflictAwarePolicyNetwork:
    copy = ConflictAwarePolicyNetwork(network.config)
    copy.load_state_dict({name: tensor.cpu() for name, tensor in network.state_dict().items()})
    return copy


def _random_inputs(policy: TorchPolicy, rows: int, seed: int) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    spec = policy.spec
    inputs: dict[str, Tensor] = {}
    if spec.channels:
        inputs["map"] = torch.randint(0, 256, (rows, *spec.map_shape), generator=generator).to(torch.uint8)
    inputs["features"] = torch.rand((rows, spec.feature_count), generator=generator)
    inputs["action_mask"] = torch.rand((rows, spec.action_count), generator=generator) < 0.5
    return inputs


def _write(module: nn.Module, inputs: dict[str, Tensor], path: Path) -> None:
    row = torch.export.Dim("rows", min=1, max=1 << 20)
    with warnings.catch_warnings(), contextlib.redirect_stdout(None), _quiet("torch.onnx"):
        warnings.simplefilter("ignore")  # the exporter's own use of what PyTorch deprecates does not concern a user
        torch.onnx.export(
            module,
            tuple(inputs.values()),
            path,
            input_names=list(inputs),
            output_names=["logits", "values"],
            dynamic_shapes=tuple({0: row} for _ in inputs),
            opset_version=_OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )


@contextlib.contextmanager
def _quiet(logger: str) -> Iterator[None]:
    """Only errors from ``logger`` meanwhile: it warns of every optional library that is not there."""
    found = logging.getLogger(logger)
    before = found.level
    found.setLevel(logging.ERROR)
    try:
        yield
    finally:
        found.setLevel(before)


def _difference(expected: tuple[Tensor, Tensor], found: list[NDArray[np.float32]]) -> float:
    return max(float(np.abs(a.numpy() - b).max()) for a, b in zip(expected, found, strict=True))
