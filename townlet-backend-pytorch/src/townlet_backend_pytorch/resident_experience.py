"""A rollout that lies on the device already, as flat tensors there."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from townlet.api import BoolArray, ObservationSpec, PPOSettings, RolloutBatch
from townlet_backend_pytorch.clock import Stopwatch
from townlet_backend_pytorch.experience import (
    NUMBERS,
    Experience,
    refuse_impossible,
    refuse_not_finite,
    refuse_other_rollout,
)
from townlet_backend_pytorch.gae import rollout_advantages
from townlet_backend_pytorch.memory import DeviceMemory, Seen
from townlet_backend_pytorch.passes import to_tensor

__all__ = ["resident_experience"]


def resident_experience(
    memory: DeviceMemory, rollout: RolloutBatch, spec: ObservationSpec, settings: PPOSettings, watch: Stopwatch
) -> Experience:
    """The decisions of a rollout that lies in ``memory``; as :func:`~.experience.flatten_rollout` gives them.

    Raises:
        ContractError: if the rollout is not of ``spec``, or an action in it was impossible.
        TrainingError: if a number in it is not finite, or nobody was asked.
    """
    refuse_other_rollout(rollout, spec)
    device = memory.device
    for name in NUMBERS:
        refuse_not_finite(name, getattr(rollout, name), rollout.asked)
    with watch("update.copies"):
        seen = memory.whole(rollout.ticks)
        order = np.flatnonzero(rollout.asked) if rollout.every_tick else _decision_by_decision(rollout.asked)
        kept = to_tensor(order).to(device)
        places: Tensor | None = kept
        if seen is None:  # decisions that span ticks: only what was asked crosses
            seen, places = _asked(rollout, order, device), None
        elif len(order) == rollout.actions.size:
            places = None
    with watch("update.gae"):
        advantages, returns = rollout_advantages(
            rollout, settings.gamma, settings.gae_lambda, settings.value_lambda, device=device
        )

    def decided(array: NDArray[np.generic] | Tensor) -> Tensor:
        tensor = array if isinstance(array, Tensor) else to_tensor(array).to(device)
        return tensor.flatten().index_select(0, kept)

    experience = Experience(
        codes=seen.codes,
        features=seen.features,
        mask=seen.mask,
        actions=decided(rollout.actions),
        log_probs=decided(rollout.log_probs),
        values=decided(rollout.values),
        advantages=decided(advantages),
        returns=decided(returns),
        reference=torch.empty((len(order), 0), device=device),
        places=places,
    )
    _refuse(experience, rollout, spec)
    return experience


def _decision_by_decision(asked: BoolArray) -> NDArray[np.intp]:
    """Where the asked entries lie, the first of each row before the second of any: as core hands them out itself."""
    tick, row = np.nonzero(asked)
    number = np.cumsum(asked, axis=0)[tick, row]
    places: NDArray[np.intp] = (tick * asked.shape[1] + row)[np.lexsort((row, number))]
    return places


def _asked(rollout: RolloutBatch, order: NDArray[np.intp], device: torch.device) -> Seen:
    arrays = (rollout.map, rollout.features, rollout.action_mask, rollout.active)
    return Seen(*(to_tensor(array.reshape(-1, *array.shape[2:])[order]).to(device) for array in arrays))


def _refuse(experience: Experience, rollout: RolloutBatch, spec: ObservationSpec) -> None:
    """Look on the device whether all is in order; only what is not is looked at again here, to say where."""
    possible = True
    for number, (_, features, mask) in enumerate(experience.parts(_AT_ONCE)):
        actions = experience.actions[number * _AT_ONCE : (number + 1) * _AT_ONCE]
        known = (actions >= 0) & (actions < spec.action_count)
        taken = mask.gather(1, torch.where(known, actions, 0).unsqueeze(1)).squeeze(1)
        fine = known & (taken | ((actions == 0) & ~mask.any(1)))
        possible &= bool((fine.all() & torch.isfinite(features).all()).item())
    if possible:
        return
    active = rollout.asked.reshape(-1)
    refuse_not_finite("features", rollout.features, rollout.asked)
    refuse_impossible(
        rollout.actions.reshape(-1)[active], rollout.action_mask.reshape(-1, spec.action_count)[active], "rollout"
    )


_AT_ONCE = 2**20
"""Decisions that are looked at together: their observations are copied once more on the device."""
