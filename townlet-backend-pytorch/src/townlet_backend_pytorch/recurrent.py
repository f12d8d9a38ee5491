"""Learning with a memory: pieces of lives instead of single ticks, the error traced back through each piece.

A rollout is cut into pieces of ``memory_ticks`` ticks of one row. Each begins with what the policy remembered there
when it acted, found by one pass over the rollout from the state that came with it, and kept for the whole update
("stored state", Kapturowski et al. 2019, "Recurrent experience replay in distributed reinforcement learning"). Pieces
are shuffled, not ticks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from townlet.api import (
    DemonstrationSequences,
    DemonstrationSource,
    ObservationSpec,
    PPOSettings,
    RolloutBatch,
    SequenceSource,
)
from townlet.api.demonstrations import Split
from townlet.errors import ContractError, DatasetError, TrainingError
from townlet_backend_pytorch.devices import autocast
from townlet_backend_pytorch.experience import Experience, flatten_rollout
from townlet_backend_pytorch.losses import masked_log_softmax
from townlet_backend_pytorch.network import ConflictAwarePolicyNetwork
from townlet_backend_pytorch.passes import to_tensor

__all__ = ["Pieces", "cut_rollout", "piece_logits", "reference_of_pieces", "sequences_of", "taught_logits"]


class Pieces(NamedTuple):
    """``P`` pieces of ``L`` ticks, the last of a row padded with ticks that do not count.

    Attributes:
        codes: uint8 ``[L, P, C, H, W]``.
        features: float32 ``[L, P, F]``.
        starts: bool ``[L, P]``: the memory is zeros before this tick.
        counts: bool ``[L, P]``: a decision to learn from; the memory moves here.
        places: int64 ``[L, P]``: where the decision stands in the flat experience; 0 where nothing counts.
        memory: float32 ``[P, M]``, before the first tick.
    """

    codes: Tensor
    features: Tensor
    starts: Tensor
    counts: Tensor
    places: Tensor
    memory: Tensor

    def take(self, pieces: Tensor) -> Pieces:
        """The pieces at ``pieces``, int64, copied."""
        cut = {name: tensor.index_select(1, pieces) for name, tensor in self._asdict().items() if name != "memory"}
        return Pieces(**cut, memory=self.memory.index_select(0, pieces))


def cut_rollout(
    network: ConflictAwarePolicyNetwork,
    rollout: RolloutBatch,
    spec: ObservationSpec,
    settings: PPOSettings,
    device: torch.device,
    length: int,
) -> tuple[Experience, Pieces]:
    """The decisions of a rollout as flat tensors, and the pieces of lives that they stand in.

    Raises:
        ContractError: if the rollout is not of ``spec``, or its state is not one of this network's.
        TrainingError: as :func:`flatten_rollout`.
    """
    experience = flatten_rollout(rollout, spec, settings, device)
    length = min(length, rollout.ticks)
    asked = torch.tensor(rollout.asked)
    index = (asked.flatten().long().cumsum(0) - 1).clamp(min=0).view_as(asked)
    timed = {
        "codes": to_tensor(rollout.map),
        "features": to_tensor(rollout.features),
        "starts": torch.tensor(rollout.episode_start),
        "counts": asked,
        "places": torch.where(asked, index, 0),
    }
    cut = {name: _fold(tensor, length).to(device) for name, tensor in timed.items()}
    return experience, _remembered(network, cut, _first_memory(network, rollout, device), rollout.rows)


def _fold(tensor: Tensor, length: int) -> Tensor:
    """``[T, N, ...]`` to ``[L, ceil(T / L) * N, ...]``, padded with zeros: pieces of the same ticks side by side."""
    ticks, rows = tensor.shape[:2]
    count = -(-ticks // length)
    if count * length > ticks:
        tensor = torch.cat([tensor, tensor.new_zeros((count * length - ticks, *tensor.shape[1:]))])
    rest = tensor.shape[2:]
    return tensor.reshape(count, length, rows, *rest).transpose(0, 1).reshape(length, count * rows, *rest)


def _first_memory(network: ConflictAwarePolicyNetwork, rollout: RolloutBatch, device: torch.device) -> Tensor:
    width = network.config.memory_width
    state = (rollout.state or {}).get("memory")
    if state is None:  # a recording: nobody knows what was remembered
        return torch.zeros((rollout.rows, width), device=device)
    if state.shape != (rollout.rows, width) or state.dtype != np.float32:
        raise ContractError(
            "the rollout's state is not one of this network's",
            details=(
                f"memory: expected float32 {[rollout.rows, width]}, found {state.dtype.name} {list(state.shape)}",
            ),
        )
    return to_tensor(state).to(device)


def _remembered(network: ConflictAwarePolicyNetwork, cut: dict[str, Tensor], memory: Tensor, rows: int) -> Pieces:
    """The pieces, with what was remembered before each: one pass, piece after piece."""
    before: list[Tensor] = []
    with torch.no_grad():
        for first in range(0, cut["starts"].shape[1], rows):
            part = slice(first, first + rows)
            before.append(memory)
            _, _, memory = network.unroll(
                cut["codes"][:, part], cut["features"][:, part], memory, cut["starts"][:, part], cut["counts"][:, part]
            )
    pieces = Pieces(**cut, memory=torch.cat(before))
    return pieces.take(pieces.counts.any(0).nonzero().squeeze(1))


def piece_logits(network: ConflictAwarePolicyNetwork, pieces: Pieces) -> tuple[Tensor, Tensor, Tensor]:
    """Scores ``[B, K]`` and normalised values ``[B]`` of the decisions in some pieces, and where they stand ``[B]``."""
    scores, values, _ = network.unroll(pieces.codes, pieces.features, pieces.memory, pieces.starts, pieces.counts)
    return scores[pieces.counts], values[pieces.counts], pieces.places[pieces.counts]


def reference_of_pieces(
    reference: ConflictAwarePolicyNetwork, experience: Experience, pieces: Pieces, bfloat16: bool
) -> Tensor:
    """The reference policy's log-probabilities of all actions, float32 ``[B, K]``, remembering what it saw itself.

    Each piece begins with the memory of the policy that acted: what the reference would have remembered of earlier
    rollouts is not known.
    """
    found = torch.zeros_like(experience.mask, dtype=torch.float32)
    with torch.no_grad(), autocast(experience.mask.device, bfloat16):
        scores, _, places = piece_logits(reference, pieces)
        found[places] = masked_log_softmax(scores, experience.mask[places])
    return found


def sequences_of(
    demonstrations: DemonstrationSource, part: Split, length: int, batch_size: int, seed: int | None
) -> Iterator[DemonstrationSequences]:
    """Pieces of a teacher's lives.

    Raises:
        DatasetError: if the source cannot show them.
    """
    if not isinstance(demonstrations, SequenceSource):
        raise DatasetError(
            "a policy with memory learns from pieces of lives, which these demonstrations cannot provide",
            details=("use a recorded dataset", "or a network without one: memory: none"),
        )
    return demonstrations.sequences(part, length, batch_size, seed=seed)


def taught_logits(
    network: ConflictAwarePolicyNetwork, batch: DemonstrationSequences, device: torch.device
) -> tuple[Tensor, Tensor, Tensor]:
    """Scores ``[B, K]``, mask ``[B, K]`` and actions ``[B]`` of what counts in ``batch``.

    Raises:
        TrainingError: if nothing counts in it.
    """
    counts = to_tensor(batch.counts).to(device)
    if not counts.any():
        raise TrainingError("a batch of demonstrations holds nothing that counts")
    memory = torch.zeros((batch.actions.shape[1], network.config.memory_width), device=device)
    scores, _, _ = network.unroll(
        to_tensor(batch.map).to(device),
        to_tensor(batch.features).to(device),
        memory,
        to_tensor(batch.starts).to(device),
        None,
    )
    mask, actions = to_tensor(batch.action_mask).to(device), to_tensor(batch.actions).to(device)
    return scores[counts], mask[counts], actions[counts]
