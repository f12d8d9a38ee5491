"""The trainer state on disk: tensors in safetensors, numbers in JSON. No pickle."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
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
_LIMIT_BYTES = 1 << 20

Count = Annotated[int, Field(ge=0, le=2**53)]


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


class _Statistics(_Stored):
    updates: Count
    mean: Annotated[float, Field(ge=-1e150, le=1e150)]  # its square is a number, too
    square: Annotated[float, Field(ge=0, le=1e300)]


class _Numbers(_Stored):
    """What the file of numbers holds."""

    format: Literal["townlet-pytorch-trainer"]
    version: Literal[1]
    updates: Count
    clonings: Count
    value_statistics: _Statistics
    holds_reference: bool


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
    numbers = _read_numbers(directory / NUMBERS)
    stored = numbers.value_statistics
    values = ValueStatistics(stored.updates, stored.mean, stored.square)
    found = TrainerState(state.optimizer, values, numbers.updates, numbers.clonings)
    moments = {name.removeprefix(_ADAM): t for name, t in tensors.items() if name.startswith(_ADAM)}
    _check_moments(network, moments, directory / TENSORS)
    if numbers.holds_reference:
        weights = {name.removeprefix(_REFERENCE): t for name, t in tensors.items() if name.startswith(_REFERENCE)}
        misfit = first_misfit(network.state_dict(), weights)
        if misfit is not None:
            raise CheckpointError(
                "the reference policy does not fit", where=str(directory / TENSORS), details=(misfit,)
            )
        found.reference = frozen_copy(network)
        found.reference.load_state_dict(weights)
    return moments, found


def _read_numbers(path: Path) -> _Numbers:
    try:
        with path.open("rb") as file:
            data = file.read(_LIMIT_BYTES + 1)
    except OSError as error:
        raise CheckpointError("a file of the checkpoint is missing", where=str(path), details=(str(error),)) from error
    if len(data) > _LIMIT_BYTES:
        raise CheckpointError(
            "the trainer state is too large", where=str(path), details=(f"at most {_LIMIT_BYTES:,} bytes are read",)
        )
    try:
        return _Numbers.model_validate_json(data)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)[:3]
        other = wrong[0]["loc"] in (("format",), ("version",))
        raise CheckpointError(
            "the trainer state is of another format" if other else "the trainer state cannot be read",
            where=str(path),
            details=[f"{'.'.join(map(str, each['loc'])) or 'the file'}: {each['msg']}" for each in wrong],
        ) from None


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
