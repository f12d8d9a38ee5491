"""Policies and learners from requests."""

from __future__ import annotations

from pathlib import Path

import torch

from townlet.api import ExportRequest, LearnerRequest, ObservationSpec, PolicyRequest
from townlet.errors import BackendError, CheckpointError, ConfigError
from townlet_backend_pytorch.devices import resolve_device
from townlet_backend_pytorch.export_mlp import export_mlp
from townlet_backend_pytorch.graphs import refuse_graphs
from townlet_backend_pytorch.learner import TorchLearner
from townlet_backend_pytorch.network import ConflictAwarePolicyNetwork
from townlet_backend_pytorch.options import PyTorchOptions
from townlet_backend_pytorch.policy import TorchPolicy
from townlet_backend_pytorch.resident import ResidentLearner
from townlet_backend_pytorch.trainer_files import NUMBERS
from townlet_backend_pytorch.weights import WEIGHTS, read_weights

__all__ = ["create_learner", "create_policy", "export_checkpoint"]


def create_policy(request: PolicyRequest) -> TorchPolicy:
    """A policy: from the request's checkpoint, or with fresh weights.

    Raises:
        BackendError: if the device is not there.
        CheckpointError: if the checkpoint does not fit.
        ConfigError: if the options are not this backend's.
    """
    options = _options(request.options)
    device = resolve_device(options.device)
    network = _network(options, request.spec, request.seed, request.checkpoint).to(device).eval()
    network.requires_grad_(False)
    return TorchPolicy(network, request.spec, device, options.decision_threads, options.rows_per_pass)


def create_learner(request: LearnerRequest) -> TorchLearner:
    """A learner: it goes on where the request's checkpoint stopped, or starts with fresh weights.

    A checkpoint without a trainer state gives its weights alone.

    Raises:
        BackendError: if the device is not there, or cannot do what the options ask of it.
        CheckpointError: if the checkpoint does not fit.
        ConfigError: if the options are not this backend's.
    """
    options = _options(request.options)
    device = resolve_device(options.device)
    resident = options.is_resident(device.type)
    if options.graphs:
        refuse_graphs(device, resident)
    network = _network(options, request.spec, request.seed, request.checkpoint).to(device)
    kind = ResidentLearner if resident else TorchLearner
    learner = kind(network, request.spec, options, device)
    if request.checkpoint is not None and (request.checkpoint / NUMBERS).is_file():
        learner.load(request.checkpoint)
    return learner


def export_checkpoint(request: ExportRequest) -> Path:
    """Write a checkpoint's policy to a file for others; returns its path.

    Raises:
        As ``townlet_export_policy``.
    """
    if request.format not in ("mlp", "onnx"):
        raise BackendError(
            f"policy backend 'pytorch' does not export {request.format!r}", details=("formats it exports: mlp, onnx",)
        )
    network = _network(_options(request.options), request.spec, 0, request.checkpoint).eval()
    if request.format == "mlp":
        return export_mlp(network, request.target)
    from townlet_backend_pytorch.export import export_onnx  # the exporter loads a good part of PyTorch

    if network.memory is not None:
        raise BackendError(
            "policy backend 'pytorch' does not export a network with memory",
            where=str(request.checkpoint),
            details=("an exported file cannot carry memory; export a network trained with memory: none",),
        )
    return export_onnx(TorchPolicy(network, request.spec, torch.device("cpu")), request.target).path


def _options(options: object) -> PyTorchOptions:
    if options is None:
        return PyTorchOptions()
    if not isinstance(options, PyTorchOptions):
        raise ConfigError(
            "the options of policy backend 'pytorch' must be PyTorchOptions",
            details=(f"found {type(options).__name__}", "validate a mapping with PyTorchOptions.model_validate"),
        )
    return options


def _network(
    options: PyTorchOptions, spec: ObservationSpec, seed: int, checkpoint: Path | None
) -> ConflictAwarePolicyNetwork:
    if checkpoint is None:
        return ConflictAwarePolicyNetwork(options.network(spec), seed)
    stored = read_weights(checkpoint / WEIGHTS)
    stored.refuse_other_spec(spec)
    refusal = options.first_refusal(stored.config)
    if refusal is not None:
        raise CheckpointError(
            "the checkpoint is of another network than the options ask for",
            where=str(stored.path),
            details=(refusal, "leave the option out: the checkpoint knows its own network"),
        )
    return stored.build()
