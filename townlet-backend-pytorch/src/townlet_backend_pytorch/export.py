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
    """Masking and the critic's units go into the file: what comes out needs nothing but an argmax."""

    def __init__(self, network: ConflictAwarePolicyNetwork) -> None:
        super().__init__()
        self.network = network
        self.mean = float(network.value_mean)
        self.scale = float(network.value_scale)

    def forward(self, codes: Tensor, features: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        logits, values = self.network(codes, features)
        nothing = (~mask).all(1, keepdim=True)
        first = torch.arange(mask.shape[1]).unsqueeze(0) == 0
        possible = mask | (nothing & first)
        return torch.where(possible, logits, -1e9), values * self.scale + self.mean


def export_onnx(policy: TorchPolicy, path: Path, *, rows: int = 64, seed: int = 0) -> ExportReport:
    """Write ``policy`` to ``path`` and compare it with PyTorch on random observations before it is kept.

    Inputs: ``map`` uint8 ``[N, C, H, W]`` (``[N, 0, 0, 0]`` for a spec without a map), ``features`` float32 ``[N, F]``,
    ``action_mask`` bool ``[N, K]``. Outputs: ``logits`` float32 ``[N, K]``, -1e9 where impossible, and ``values``
    float32 ``[N]`` in units of reward. The metadata hold ``townlet.spec`` (``ObservationSpec.to_json``) and
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
    codes, features, mask = _random_inputs(policy, rows, seed)
    names = ["map", "features", "action_mask"]
    module = _Exported(_on_cpu(policy.network)).eval()
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        draft = Path(folder) / "draft.onnx"
        _write(module, (codes, features, mask), names, draft)
        model = onnx.load(draft)
        onnx.helper.set_model_props(
            model,
            {
                "townlet.spec": json.dumps(policy.spec.to_json(), sort_keys=True),
                "townlet.fingerprint": policy.fingerprint(),
                "townlet.inputs": "map uint8 [N,C,H,W]; features float32 [N,F]; action_mask bool [N,K]",
            },
        )
        onnx.save(model, draft)
        session = onnxruntime.InferenceSession(str(draft), providers=["CPUExecutionProvider"])
        largest = 0.0
        for count in (rows, 1, 3):  # other numbers of rows than the one it was traced with
            given = {n: t[:count].numpy() for n, t in zip(names, (codes, features, mask), strict=True)}
            found = session.run(["logits", "values"], given)
            with torch.inference_mode():
                expected = module(codes[:count], features[:count], mask[:count])
            largest = max(largest, _difference(expected, found))
        if not largest <= _TOLERANCE:
            raise TrainingError(
                "the exported policy does not answer as PyTorch does",
                where=str(path),
                details=(f"largest difference {largest:g}, allowed {_TOLERANCE:g}", "nothing was written"),
            )
        draft.replace(path)
    return ExportReport(path, rows, largest)


def _on_cpu(network: ConflictAwarePolicyNetwork) -> ConflictAwarePolicyNetwork:
    copy = ConflictAwarePolicyNetwork(network.config)
    copy.load_state_dict({name: tensor.cpu() for name, tensor in network.state_dict().items()})
    return copy


def _random_inputs(policy: TorchPolicy, rows: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    codes = torch.randint(0, 256, (rows, *policy.spec.map_shape), generator=generator).to(torch.uint8)
    features = torch.rand((rows, policy.spec.features), generator=generator)
    mask = torch.rand((rows, policy.spec.actions), generator=generator) < 0.5
    return codes, features, mask


def _write(module: nn.Module, inputs: tuple[Tensor, ...], names: list[str], path: Path) -> None:
    row = torch.export.Dim("rows", min=1, max=1 << 20)
    with warnings.catch_warnings(), contextlib.redirect_stdout(None), _quiet("torch.onnx"):
        warnings.simplefilter("ignore")  # the exporter's own use of what PyTorch deprecates is no news for a user
        torch.onnx.export(
            module,
            inputs,
            path,
            input_names=names,
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
