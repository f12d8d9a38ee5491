"""A learner whose experience stays where it learns: observations cross the bus once, and all else happens there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from townlet.api import (
    ArrayState,
    Decision,
    ObservationBatch,
    ObservationSpec,
    PolicyState,
    PPOMetrics,
    PPOSettings,
    RolloutBatch,
)
from townlet.errors import BackendContractError
from townlet_backend_pytorch.ahead import optimise_ahead
from townlet_backend_pytorch.clock import Stopwatch
from townlet_backend_pytorch.devices import cpu_threads, device_errors
from townlet_backend_pytorch.experience import Experience
from townlet_backend_pytorch.graphs import Replayed, record_on_cuda
from townlet_backend_pytorch.learner import TorchLearner
from townlet_backend_pytorch.memory import DeviceMemory, MemoryPlace, Seen
from townlet_backend_pytorch.network import ConflictAwarePolicyNetwork
from townlet_backend_pytorch.options import PyTorchOptions
from townlet_backend_pytorch.policy import TorchPolicy
from townlet_backend_pytorch.recurrent import Pieces
from townlet_backend_pytorch.resident_experience import resident_experience
from townlet_backend_pytorch.sampling import greedy_actions, row_uniforms, sample_actions

__all__ = ["ResidentLearner", "ResidentPolicy"]


class ResidentPolicy(TorchPolicy):
    """Decides from the learner's memory where it is asked about what lies there, and like any other elsewhere.

    ``logits`` are not among what it tells of the former: nothing needs them, and they would have to cross.

    Attributes:
        memory: of rollouts; None before one was asked for.
    """

    def __init__(
        self, network: ConflictAwarePolicyNetwork, spec: ObservationSpec, options: PyTorchOptions, watch: Stopwatch
    ) -> None:
        device = network.value_head.weight.device
        super().__init__(network, spec, device, options.decision_threads, options.rows_per_pass, watch)
        self.memory: DeviceMemory | None = None
        self._replayed = Replayed(self._drawn, record_on_cuda) if options.graphs else None
        self._held_on_device: dict[str, tuple[NDArray[Any], Tensor]] = {}

    def decide(self, observations: ObservationBatch, state: PolicyState, *, explore: bool = False) -> Decision:
        """As :meth:`TorchPolicy.decide`. Raises BackendError as well, if the device fails."""
        place = None if self.memory is None else self.memory.place_of(observations)
        if self.memory is None or place is None:
            return super().decide(observations, state, explore=explore)
        held = self._held(observations, state)
        with (
            device_errors(self.device, "chose actions"),
            torch.inference_mode(),
            cpu_threads(self._threads),
        ):
            with self._watch("deciding.copies"):
                seen = self.memory.cross(place)
            actions, log_probs, values, finite = self._chosen(place, seen, held, explore)
            with self._watch("deciding.copies"):  # the one wait
                # a recording writes over its answers the next time
                own = self._replayed is not None
                told = [tensor.to("cpu", copy=own).numpy() for tensor in (actions, log_probs, values)]
        if not bool(finite):
            raise BackendContractError(
                "policy backend 'pytorch' gave scores or values that are not finite",
                details=("the weights or the observations hold NaN or infinity", "go back to the last good checkpoint"),
            )
        after = {"key": held["key"], "counter": held["counter"] + np.uint64(1)}
        self._remember(place, after["counter"])
        return Decision(told[0], ArrayState(after), log_probs=told[1], values=told[2])

    def _chosen(
        self, place: MemoryPlace, seen: Seen, held: Mapping[str, NDArray[Any]], explore: bool
    ) -> tuple[Tensor, ...]:
        """Actions, their log-probabilities, values in units of reward, and whether all numbers are finite."""
        if explore and self._replayed is not None:
            counted = [self._there(place, name, held) for name in ("key", "counter")]
            with self._watch("deciding.graph"):
                return self._replayed(*seen, *counted)
        with self._watch("deciding.forward"):
            logits, values, finite = self._judged(seen)
        with self._watch("deciding.sampling"):
            mask = seen.mask & seen.active.unsqueeze(1)
            if not explore:
                return greedy_actions(logits, mask), torch.zeros_like(values), values, finite
            uniforms = row_uniforms(self._there(place, "key", held), self._there(place, "counter", held))
            return *sample_actions(logits, mask, uniforms), values, finite

    def _drawn(
        self, codes: Tensor, features: Tensor, mask: Tensor, active: Tensor, keys: Tensor, counters: Tensor
    ) -> tuple[Tensor, ...]:
        """What :meth:`_chosen` gives with ``explore``, of tensors on the device alone and without a clock."""
        logits, values, finite = self._judged(Seen(codes, features, mask, active))
        uniforms = row_uniforms(keys, counters)
        return *sample_actions(logits, mask & active.unsqueeze(1), uniforms), values, finite

    def _judged(self, seen: Seen) -> tuple[Tensor, Tensor, Tensor]:
        """Scores, values in units of reward, and whether all of them are finite."""
        answers = [told for _, told in self._passes.run(seen.codes, seen.features.float(), None)]
        logits = torch.cat([scores for scores, _, _ in answers])
        values = torch.cat([value for _, value, _ in answers])
        finite = torch.isfinite(logits).all() & torch.isfinite(values).all()
        return logits, values * self.network.value_scale.float() + self.network.value_mean.float(), finite

    def _there(self, place: MemoryPlace, name: str, held: Mapping[str, NDArray[Any]]) -> Tensor:
        """Keys or counters on the device, int64 ``[B]``: those of the last tick, where they are what is held now."""
        known = self._held_on_device.get(f"{name} {place.rows.start}")
        if known is None or known[0] is not held[name]:
            known = (held[name], torch.from_numpy(held[name].view(np.int64)).to(self.device, copy=True))
            self._held_on_device[f"{name} {place.rows.start}"] = known
        return known[1]

    def _remember(self, place: MemoryPlace, counter: NDArray[Any]) -> None:
        """Count on the device as well, so that nothing has to cross on the next tick."""
        name = f"counter {place.rows.start}"
        if name in self._held_on_device:
            self._held_on_device[name] = (counter, self._held_on_device[name][1] + 1)


class ResidentLearner(TorchLearner):
    """Implements ``RemembersRollouts`` as well. What it learns is what :class:`TorchLearner` learns.

    On one device with one version of PyTorch two runs are alike bit by bit, resumed or not; between devices they are
    not, since each adds in its own order.
    """

    def __init__(
        self,
        network: ConflictAwarePolicyNetwork,
        spec: ObservationSpec,
        options: PyTorchOptions,
        device: torch.device,
    ) -> None:
        super().__init__(network, spec, options, device)
        self._resident = ResidentPolicy(network, spec, options, self._watch)
        self._policy = self._resident
        self._optimise = optimise_ahead

    def rollout_memory(self, ticks: int, rows: int, *, spans: bool) -> DeviceMemory:
        """Memory for rollouts, page-locked where the device is not the CPU, with room on the device.

        Raises:
            BackendError: if the device has no room for it.
        """
        kept = torch.bfloat16 if self.options.resident_features == "bfloat16" else torch.float32
        self._resident.memory = DeviceMemory(self.spec, ticks, rows, self.device, spans=spans, features=kept)
        return self._resident.memory

    def update(self, rollout: RolloutBatch, settings: PPOSettings) -> PPOMetrics:
        """As :meth:`TorchLearner.update`. Raises BackendError as well, if the device fails."""
        with device_errors(self.device, "learned from a rollout"):
            return super().update(rollout, settings)

    def _prepare(self, rollout: RolloutBatch, settings: PPOSettings) -> tuple[Experience, Pieces | None]:
        memory = self._resident.memory
        if memory is None or rollout.memory is not memory:
            return super()._prepare(rollout, settings)
        return resident_experience(memory, rollout, self.spec, settings, self._watch), None

    def _generator(self, settings: PPOSettings) -> torch.Generator:
        """Of the order of the minibatches, on the device: millions of numbers would take as long to draw elsewhere."""
        return torch.Generator(self.device).manual_seed(super()._generator(settings).initial_seed())
