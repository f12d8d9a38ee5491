"""Small observations, rollouts and towns that a network can be proved on in seconds."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from townlet.api import (
    DemonstrationBatch,
    ObservationBatch,
    ObservationSpec,
    PolicyBackendProtocol,
    PolicyState,
    RolloutBatch,
)

if importlib.util.find_spec("townlet_backend_pytorch") is None:
    collect_ignore_glob = ["test_*.py"]
elif importlib.util.find_spec("torch") is None:
    collect_ignore_glob = ["test_[!w]*.py"]  # test_without_torch.py stays
else:
    import torch

    from townlet_backend_pytorch.bc_trainer import BCTrajectoryDataset
    from townlet_backend_pytorch.learner import TorchLearner
    from townlet_backend_pytorch.network import ConflictAwarePolicyNetwork
    from townlet_backend_pytorch.options import PyTorchOptions


@pytest.fixture(autouse=True)
def _one_thread():
    if importlib.util.find_spec("torch") is None:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def spec() -> ObservationSpec:
    """Five by five cells in two channels, six features, four actions."""
    return ObservationSpec.of_names(
        "tiny",
        channels=("wall", "facility"),
        map_size=(5, 5),
        features=tuple("abcdef"),
        actions=("wait", "north", "use", "chat"),
    )


@pytest.fixture
def blind_spec() -> ObservationSpec:
    """Without a map."""
    return ObservationSpec.of_names(
        "blind",
        features=("left", "right", "bias"),
        actions=("wait", "left", "right"),
    )


@pytest.fixture
def options() -> PyTorchOptions:
    return PyTorchOptions(hidden=(32, 32), map_width=16, value_hidden=16, device="cpu", precision="float32")


@pytest.fixture
def make_learner(options: PyTorchOptions) -> Callable[..., TorchLearner]:
    def make(spec: ObservationSpec, seed: int = 0, **changes: object) -> TorchLearner:
        chosen = PyTorchOptions.model_validate(options.model_dump() | changes)
        network = ConflictAwarePolicyNetwork(chosen.network(spec), seed)
        return TorchLearner(network, spec, chosen, torch.device("cpu"))

    return make


@pytest.fixture
def see() -> Callable[..., ObservationBatch]:
    def see(spec: ObservationSpec, rows: int, seed: int = 0, active: float = 1.0) -> ObservationBatch:
        rng = np.random.default_rng(seed)
        mask = rng.random((rows, spec.action_count)) < 0.6
        mask[:, 0] = True
        return ObservationBatch(
            (rng.integers(0, 13, (rows, *spec.map_shape)) * 20).astype(np.uint8),
            rng.random((rows, spec.feature_count), np.float32),
            mask,
            rng.random(rows) < active,
            np.zeros(rows, np.bool_),
        )

    return see


@pytest.fixture
def make_rollout(see) -> Callable[..., RolloutBatch]:
    """A rollout acted by ``policy`` on random observations, with births, deaths and cuts at random."""

    def make(policy, spec: ObservationSpec, ticks: int = 8, rows: int = 6, seed: int = 0) -> RolloutBatch:
        rng = np.random.default_rng(seed + 1000)
        state = policy.initial_state(rows, seed)
        columns: dict[str, list[np.ndarray]] = {}
        for tick in range(ticks):
            seen = see(spec, rows, seed * 1000 + tick, active=0.9)
            decision = policy.decide(seen, state, explore=True)
            state = decision.state
            for name, value in (
                ("map", seen.map),
                ("features", seen.features),
                ("action_mask", seen.action_mask),
                ("active", seen.active),
                ("episode_start", seen.episode_start),
                ("actions", decision.actions),
                ("log_probs", decision.log_probs),
                ("values", decision.values),
                ("rewards", rng.normal(2.0, 0.5, rows).astype(np.float32)),
                ("terminated", rng.random(rows) < 0.05),
                ("truncated", rng.random(rows) < 0.05),
                ("bootstrap", rng.normal(2.0, 0.5, rows).astype(np.float32)),
            ):
                columns.setdefault(name, []).append(value)
        return RolloutBatch(**{name: np.stack(values) for name, values in columns.items()})

    return make


@pytest.fixture
def teacher(spec, see) -> BCTrajectoryDataset:
    """A teacher who goes by the features: the possible action whose feature is largest."""

    def part(rows: int, seed: int) -> DemonstrationBatch:
        seen = see(spec, rows, seed)
        wishes = np.where(seen.action_mask, seen.features[:, : spec.action_count], -1.0)
        return DemonstrationBatch(seen, wishes.argmax(1).astype(np.int64))

    return BCTrajectoryDataset(spec, part(4096, 1), part(1024, 2))


@dataclass
class CueTown:
    """A bandit with a cue: features say which of two actions pays 1; the other pays 0; waiting pays 0.2.

    Lives last ten ticks. ``collect`` is a plain rollout loop over ``rows`` lives at once.
    """

    rows: int = 32
    seed: int = 0

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.tick = 0
        self.state: PolicyState | None = None

    def look(self) -> ObservationBatch:
        left = self.rng.random(self.rows) < 0.5
        features = np.stack([left, ~left, np.ones(self.rows)], 1).astype(np.float32)
        return ObservationBatch(
            np.zeros((self.rows, 0, 0, 0), np.uint8),
            features,
            np.ones((self.rows, 3), np.bool_),
            np.ones(self.rows, np.bool_),
            np.full(self.rows, self.tick % 10 == 0),
        )

    def collect(self, policy: PolicyBackendProtocol, ticks: int = 20) -> RolloutBatch:
        state = self.state or policy.initial_state(self.rows, self.seed)
        columns: dict[str, list[np.ndarray]] = {}
        for _ in range(ticks):
            seen = self.look()
            decision = policy.decide(seen, state, explore=True)
            state = decision.state
            right_choice = np.where(seen.features[:, 0] > 0, 1, 2)
            rewards = np.where(decision.actions == right_choice, 1.0, np.where(decision.actions == 0, 0.2, 0.0))
            self.tick += 1
            ends = np.full(self.rows, self.tick % 10 == 0)
            for name, value in (
                ("map", seen.map),
                ("features", seen.features),
                ("action_mask", seen.action_mask),
                ("active", seen.active),
                ("episode_start", seen.episode_start),
                ("actions", decision.actions),
                ("log_probs", decision.log_probs),
                ("values", decision.values),
                ("rewards", rewards.astype(np.float32)),
                ("terminated", ends),
                ("truncated", np.zeros(self.rows, np.bool_)),
                ("bootstrap", np.zeros(self.rows, np.float32)),
            ):
                columns.setdefault(name, []).append(value)
        self.state = state
        return RolloutBatch(**{name: np.stack(values) for name, values in columns.items()})


@pytest.fixture
def cue_town() -> CueTown:
    return CueTown()
