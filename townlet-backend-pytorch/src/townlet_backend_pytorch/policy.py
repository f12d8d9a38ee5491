"""The policy: a network that acts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from townlet.api import (
    ArrayState,
    Decision,
    ObservationBatch,
    ObservationSpec,
    PolicyState,
    greedy_actions,
    row_keys,
    row_uniforms,
    sample_actions,
)
from townlet.errors import BackendContractError, ContractError
from townlet_backend_pytorch.clock import Stopwatch
from townlet_backend_pytorch.devices import cpu_threads
from townlet_backend_pytorch.network import ConflictAwarePolicyNetwork
from townlet_backend_pytorch.passes import ROWS_PER_PASS, Passes

__all__ = ["TorchPolicy"]

_ONE = np.uint64(1)


class TorchPolicy:
    """Acts with a network's current weights. The memory of a row is a random key and a counter.

    Args:
        network: shared with the learner, if there is one.
        spec: the observations it is shown.
        device: where the network is.
        threads: CPU threads of a decision.
        rows_per_pass: on the CPU an answer is that of a forward pass of so many rows (:mod:`.passes`).
        watch: counts where the time goes; one of its own without.
    """

    def __init__(
        self,
        network: ConflictAwarePolicyNetwork,
        spec: ObservationSpec,
        device: torch.device,
        threads: int = 1,
        rows_per_pass: int = ROWS_PER_PASS,
        watch: Stopwatch | None = None,
    ) -> None:
        self.network = network
        self.spec = spec
        self.device = device
        self._threads = threads
        self._names = {"key", "counter"} if network.memory is None else {"key", "counter", "memory"}
        self._passes = Passes(network, device, rows_per_pass)
        self._watch = Stopwatch(device) if watch is None else watch

    def initial_state(self, rows: int, seed: int) -> ArrayState:
        """A key and a counter for each of ``rows`` rows, and zeros to remember in, where the network has a memory."""
        state: dict[str, NDArray[Any]] = {"key": row_keys(rows, seed), "counter": np.zeros(rows, np.uint64)}
        if self.network.memory is not None:
            state["memory"] = np.zeros((rows, self.network.config.memory_width), np.float32)
        return ArrayState(state)

    def decide(self, observations: ObservationBatch, state: PolicyState, *, explore: bool = False) -> Decision:
        """Choose an action a row: the best score, or drawn from the softmax with ``explore``.

        A row that is not asked takes action 0. ``log_probs`` are 0 without ``explore``: nothing was drawn.

        Raises:
            BackendContractError: if the network's answer is not finite.
            ContractError: if the observations or the state are not of this policy's kind.
        """
        self._check(observations)
        held = self._held(observations, state)
        if not observations.everybody_asked:
            return self._decide_asked(observations, held, explore)
        logits, values, memory = self._answer(observations, held.get("memory"))
        mask = observations.action_mask & observations.active[:, None]  # a row that nobody lives in takes action 0
        with self._watch("deciding.sampling"):
            actions, log_probs = _choose(logits, mask, held["key"], held["counter"], explore)
        after: dict[str, NDArray[Any]] = {"key": held["key"], "counter": held["counter"] + _ONE}
        if memory is not None:
            after["memory"] = memory
        return Decision(actions, ArrayState(after), log_probs=log_probs, values=values, logits=logits)

    def values(self, observations: ObservationBatch, state: PolicyState) -> NDArray[np.float32]:
        """Values in units of reward, float32 ``[N]``, without acting. Raises as :meth:`decide`."""
        self._check(observations)
        return self._answer(observations, self._held(observations, state).get("memory"))[1]

    def evaluate(self, observations: ObservationBatch) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Scores before masking float32 ``[N, K]`` and values in units of reward float32 ``[N]``, without a past.

        Raises:
            BackendContractError: if any is not finite.
        """
        memory = self.initial_state(observations.rows, 0).arrays().get("memory")
        return self._answer(observations, memory)[:2]

    def _decide_asked(
        self, observations: ObservationBatch, held: Mapping[str, NDArray[Any]], explore: bool
    ) -> Decision:
        """Where decisions span ticks: the few rows that are asked answer, the others take action 0 at no cost."""
        rows = observations.rows
        logits = np.zeros((rows, self.spec.action_count), np.float32)
        values, log_probs = np.zeros(rows, np.float32), np.zeros(rows, np.float32)
        actions = np.zeros(rows, np.int64)
        after = {**held, "counter": held["counter"] + observations.asked}
        asked = np.flatnonzero(observations.asked)
        if len(asked):
            remembered = held["memory"][asked] if "memory" in held else None
            shown = observations.take(asked)
            logits[asked], values[asked], recalled = scores, _, _ = self._answer(shown, remembered)
            key, counter = held["key"][asked], held["counter"][asked]
            actions[asked], log_probs[asked] = _choose(scores, shown.action_mask, key, counter, explore)
            if recalled is not None:
                after["memory"] = held["memory"].copy()
                after["memory"][asked] = recalled
        return Decision(actions, ArrayState(after), log_probs=log_probs, values=values, logits=logits)

    def _answer(
        self, observations: ObservationBatch, memory: NDArray[np.float32] | None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32] | None]:
        rows = observations.rows
        logits = np.empty((rows, self.spec.action_count), np.float32)
        values = np.empty(rows, np.float32)
        if memory is not None:
            memory = np.where(observations.episode_start[:, None], np.float32(0), memory)
        after = None if memory is None else np.empty_like(memory)
        with torch.inference_mode(), cpu_threads(self._threads), self._watch("deciding.forward"):
            for part, (scores, value, recalled) in self._passes.run(observations.map, observations.features, memory):
                logits[part] = scores.cpu().numpy()
                values[part] = value.cpu().numpy()
                if after is not None and recalled is not None:
                    after[part] = recalled.cpu().numpy()
        if not _finite(logits, values):
            raise BackendContractError(
                "policy backend 'pytorch' gave scores or values that are not finite",
                details=("the weights or the observations hold NaN or infinity", "go back to the last good checkpoint"),
            )
        values *= np.float32(self.network.value_scale.item())
        values += np.float32(self.network.value_mean.item())
        if memory is not None and after is not None:  # who is not asked remembers what it did
            after = np.where(observations.asked[:, None], after, memory)
        return logits, values, after

    def fingerprint(self) -> str:
        """SHA-256 (hex) of the network's shapes and weights."""
        digest = hashlib.sha256(self.network.config.model_dump_json().encode())
        for name, tensor in sorted(self.network.state_dict().items()):
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()

    def close(self) -> None:
        """Nothing is held outside Python."""

    def _held(self, observations: ObservationBatch, state: PolicyState) -> Mapping[str, NDArray[Any]]:
        held = state.arrays()
        if held.keys() != self._names or any(len(array) != observations.rows for array in held.values()):
            raise ContractError(
                f"the state is not one of this policy's for {observations.rows} rows",
                details=(f"found { ({name: array.shape for name, array in held.items()}) }",),
            )
        return held

    def _check(self, observations: ObservationBatch) -> None:
        expected = (self.spec.map_shape, self.spec.feature_count, self.spec.action_count)
        found = (observations.map.shape[1:], observations.features.shape[1], observations.action_mask.shape[1])
        if found != expected:
            raise ContractError(
                "the observations are not of the kind this policy was made for",
                details=(f"map, features and actions: expected {expected}, found {found}",),
            )


def _finite(*arrays: NDArray[np.float32]) -> bool:
    for array in arrays:
        finite = np.isfinite(array)
        if finite.size and not finite.item(finite.argmin()):  # for few rows a fraction of what all() takes
            return False
    return True


def _choose(
    logits: NDArray[np.float32],
    mask: NDArray[np.bool_],
    keys: NDArray[np.uint64],
    counters: NDArray[np.uint64],
    explore: bool,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Actions and their log-probabilities; of the best ones these are 0, since nothing was drawn."""
    if explore:
        return sample_actions(logits, mask, row_uniforms(keys, counters))
    return greedy_actions(logits, mask), np.zeros(len(logits), np.float32)
