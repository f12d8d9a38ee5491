"""The trainer state on disk: tensors in safetensors, numbers in JSON. No pickle."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor

from townlet.errors import CheckpointError
from townlet_backend_pytorch.network import ConflictAwarePolicyNetwork
from townlet_backend_pytorch.trainer_state import (
    TrainerState,
    ValueStatistics,
    frozen_copy,
    moments_of,
    set_moments,
)
from townlet_backend_pytorch.weights import first_misfit, read_tensors

__all__ = ["NUMBERS", "TENSORS", "read_trainer_state", "write_trainer_state"]

TENSORS = "trainer_state.safetensors"
NUMBERS = "trainer_state.json"

_FORMAT = "townlet-pytorch-trainer"
_VERSION = 1
_ADAM, _REFERENCE = "adam.", "reference."


def write_trainer_state(network: ConflictAwarePolicyNetwork, state: TrainerState, directory: Path) -> None:
    """Write everything but the weights. There is no random state: each update derives its own from its seed."""
    tensors = {f"{_ADAM}{name}": tensor for name, tensor in moments_of(network, state.optimizer).items()}
    if state.reference is not None:
        tensors |= {f"{_REFERENCE}{name}": tensor for name, tensor in state.reference.state_dict().items()}
    save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, directory / TENSORS)
    numbers = {
        "format": _FORMAT,
        "version": _VERSION,
        "updates": state.updates,
        "clonings": state.clonings,
        "value_statistics": asdict(state.values),
        "holds_reference": state.reference is not None,
    }
    (directory / NUMBERS).write_text(json.dumps(numbers, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def read_trainer_state(
    network: ConflictAwarePolicyNetwork, state: TrainerState, directory: Path
) -> tuple[dict[str, Tensor], TrainerState]:
    """Read what :func:`write_trainer_state` wrote for a network shaped like ``network``; changes nothing.

    Returns:
        Adam's moments, for :func:`set_moments`, and a state that keeps the optimiser of ``state``.

    Raises:
        CheckpointError: if anything is missing, damaged or of other shapes.
    """
    tensors, _ = read_tensors(directory / TENSORS)
    path = directory / NUMBERS
    try:
        numbers = json.loads(path.read_text(encoding="utf-8"))
        if (numbers["format"], numbers["version"]) != (_FORMAT, _VERSION):
            raise CheckpointError(
                "the trainer state is of another format",
                where=str(path),
                details=(f"expected {_FORMAT} {_VERSION}, found {numbers['format']} {numbers['version']}",),
            )
        stored = numbers["value_statistics"]
        values = ValueStatistics(int(stored["updates"]), float(stored["mean"]), float(stored["square"]))
        found = TrainerState(state.optimizer, values, int(numbers["updates"]), int(numbers["clonings"]))
        holds_reference = bool(numbers["holds_reference"])
    except OSError as error:
        raise CheckpointError("a file of the checkpoint is missing", where=str(path), details=(str(error),)) from error
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError("the trainer state cannot be read", where=str(path), details=(repr(error),)) from error
    moments = {name.removeprefix(_ADAM): t for name, t in tensors.items() if name.startswith(_ADAM)}
    _check_moments(network, moments, directory / TENSORS)
    if holds_reference:
        weights = {name.removeprefix(_REFERENCE): t for name, t in tensors.items() if name.startswith(_REFERENCE)}
        misfit = first_misfit(network.state_dict(), weights)
        if misfit is not None:
            raise CheckpointError(
                "the reference policy does not fit", where=str(directory / TENSORS), details=(misfit,)
            )
        found.reference = frozen_copy(network)
        found.reference.load_state_dict(weights)
    return moments, found


def _check_moments(network: ConflictAwarePolicyNetwork, moments: dict[str, Tensor], path: Path) -> None:
    expected: dict[str, Tensor] = {}
    for name, parameter in network.named_parameters():
        if f"step.{name}" in moments:
            expected[f"step.{name}"] = moments[f"step.{name}"].new_zeros(())
            expected[f"exp_avg.{name}"] = expected[f"exp_avg_sq.{name}"] = parameter.detach()
    misfit = first_misfit(expected, moments)
    if misfit is not None:
        raise CheckpointError("the optimiser's state does not fit", where=str(path), details=(misfit,))


def adopt(
    network: ConflictAwarePolicyNetwork, state: TrainerState, moments: dict[str, Tensor], found: TrainerState
) -> None:
    """Make ``state`` what :func:`read_trainer_state` found."""
    set_moments(network, state.optimizer, moments)
    state.values, state.updates, state.clonings = found.values, found.updates, found.clonings
    state.reference = found.reference
