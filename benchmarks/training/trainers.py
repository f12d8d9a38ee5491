"""Three PPO trainers on the same town, network and hyper-parameters; each does one iteration when asked."""

# ruff: noqa: ARG002 (the protocols name the arguments)

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

import gymnasium
import numpy as np
import torch
from towns import CueTown

from townlet.api import ActionArray, ObservationBatch, PPOSettings
from townlet.envs.protocol import StepResult
from townlet.minds.runtime import PolicyRuntime
from townlet.rollout import Collector, RolloutBuffer
from townlet_backend_pytorch.learner import TorchLearner
from townlet_backend_pytorch.matrices import Linear
from townlet_backend_pytorch.network import ConflictAwarePolicyNetwork
from townlet_backend_pytorch.options import PyTorchOptions

ROWS, TICKS, EPOCHS, MINIBATCHES = 64, 128, 4, 4
SAMPLES = ROWS * TICKS
RATE, GAMMA, LAMBDA, CLIP, ENTROPY, VALUE, NORM = 1e-3, 0.9, 0.95, 0.2, 0.01, 0.5, 0.5


_CLOCKS = [time.perf_counter]


def clock() -> float:
    """Seconds; of wall time, or of the process's own after :func:`count_processor_time`."""
    return _CLOCKS[-1]()


def count_processor_time() -> None:
    """Let neighbours not count. Fair with one thread only."""
    torch.set_num_threads(1)
    _CLOCKS.append(time.process_time)


class Trainer(Protocol):
    """One trainer under test."""

    name: str

    def iterate(self) -> tuple[float, float]:
        """One rollout and one update: seconds, and mean reward of the rollout."""
        ...


class _TimedTown(CueTown):
    """The town, with the wall time that its ticks take."""

    spent = 0.0

    def step(self, actions: ActionArray, into: ObservationBatch | None = None) -> StepResult:
        began = time.perf_counter()
        result = super().step(actions, into)
        self.spent += time.perf_counter() - began
        return result


class Townlet:
    """Ours, as ``townlet train`` drives it.

    Attributes:
        shares: of each iteration's wall time, by name: ``network`` (forward passes and gradient steps), ``world``, the
            learner's ``sampling`` and ``preparing`` (checks, advantages, copies), and ``loop``, which is all the rest.
    """

    def __init__(self, options: PyTorchOptions, precision: str) -> None:
        self.name = f"townlet {precision}"
        town = self.town = _TimedTown(ROWS)
        network = ConflictAwarePolicyNetwork(options.network(town.spec), 0)
        self.learner = TorchLearner(network, town.spec, options, torch.device("cpu"))
        self.buffer = RolloutBuffer(town.spec, TICKS, ROWS, reward_parts=1)
        self.collector = Collector(town, PolicyRuntime(self.learner.policy, town.spec), self.buffer)
        self.settings = PPOSettings(
            learning_rate=RATE, gamma=GAMMA, gae_lambda=LAMBDA, epochs=EPOCHS, minibatches=MINIBATCHES,
            clip_range=CLIP, entropy_coefficient=ENTROPY, value_coefficient=VALUE, max_grad_norm=NORM,
            precision=precision,
        )  # fmt: skip
        self.shares: list[dict[str, float]] = []
        self.learner.clock()

    def iterate(self) -> tuple[float, float]:
        self.town.spent, started, began = 0.0, time.perf_counter(), clock()
        stats = self.collector.collect()
        self.learner.update(self.buffer.batch(), self.settings)
        spent, wall, took = clock() - began, time.perf_counter() - started, self.learner.clock()
        parts = {
            "network": took["deciding.forward"] + took["update.steps"],
            "world": self.town.spent,
            "sampling": took["deciding.sampling"],
            "preparing": took["update.preparing"],
        }
        parts["loop"] = wall - sum(parts.values())
        self.shares.append({name: seconds / wall for name, seconds in parts.items()})
        return spent, stats.reward


def network_of_others(options: PyTorchOptions, town: CueTown) -> ConflictAwarePolicyNetwork:
    """The network for those that Townlet is held against: the same weights in PyTorch's own linear layers."""
    network = ConflictAwarePolicyNetwork(options.network(town.spec), 0)
    for layer in network.modules():
        if isinstance(layer, Linear):
            layer.__class__ = torch.nn.Linear
    return network


class PlainLoop:
    """A loop in the manner of CleanRL's ``ppo.py``, written plainly: float32 buffers, one file, no frills."""

    name = "cleanrl-style"

    def __init__(self, options: PyTorchOptions) -> None:
        self.town = CueTown(ROWS)
        self.network = network_of_others(options, self.town)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=RATE, eps=1e-5)
        spec = self.town.spec
        self.maps = torch.zeros((TICKS, ROWS, *spec.map_shape))
        self.features = torch.zeros((TICKS, ROWS, spec.feature_count))
        self.actions, self.log_probs, self.rewards, self.dones, self.values = (
            torch.zeros((TICKS, ROWS)) for _ in range(5)
        )
        seen = self.town.reset()
        self.next_map, self.next_features = torch.Tensor(seen.map), torch.Tensor(seen.features)
        self.next_done = torch.zeros(ROWS)

    def _act(self, maps: torch.Tensor, features: torch.Tensor, action: torch.Tensor | None = None) -> Any:
        logits, value = self.network(maps, features)
        distribution = torch.distributions.Categorical(logits=logits)
        if action is None:
            action = distribution.sample()
        return action, distribution.log_prob(action), distribution.entropy(), value

    def iterate(self) -> tuple[float, float]:
        began = clock()
        for step in range(TICKS):
            self.maps[step], self.features[step] = self.next_map, self.next_features
            self.dones[step] = self.next_done
            with torch.no_grad():
                action, log_prob, _, value = self._act(self.next_map, self.next_features)
            self.values[step], self.actions[step], self.log_probs[step] = value, action, log_prob
            result = self.town.step(action.numpy())
            self.rewards[step] = torch.tensor(result.rewards)
            self.next_map = torch.Tensor(result.observations.map)
            self.next_features = torch.Tensor(result.observations.features)
            self.next_done = torch.Tensor(result.terminated)
        with torch.no_grad():
            following = self._act(self.next_map, self.next_features)[3]
            advantages = torch.zeros_like(self.rewards)
            last = torch.zeros(ROWS)
            for t in reversed(range(TICKS)):
                alive = 1.0 - (self.next_done if t == TICKS - 1 else self.dones[t + 1])
                after = following if t == TICKS - 1 else self.values[t + 1]
                delta = self.rewards[t] + GAMMA * after * alive - self.values[t]
                advantages[t] = last = delta + GAMMA * LAMBDA * alive * last
            returns = advantages + self.values
        self._update(advantages, returns)
        return clock() - began, float(self.rewards.mean())

    def _update(self, advantages: torch.Tensor, returns: torch.Tensor) -> None:
        maps, features = self.maps.flatten(0, 1), self.features.flatten(0, 1)
        flat = [x.reshape(-1) for x in (self.actions, self.log_probs, advantages, returns, self.values)]
        order = np.arange(SAMPLES)
        for _ in range(EPOCHS):
            np.random.shuffle(order)
            for start in range(0, SAMPLES, SAMPLES // MINIBATCHES):
                index = order[start : start + SAMPLES // MINIBATCHES]
                actions, old_log_probs, advantage, target, old_values = (x[index] for x in flat)
                _, log_prob, entropy, value = self._act(maps[index], features[index], actions.long())
                ratio = (log_prob - old_log_probs).exp()
                with torch.no_grad():
                    ((ratio - 1) - (log_prob - old_log_probs)).mean()
                    ((ratio - 1.0).abs() > CLIP).float().mean().item()
                advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
                policy_loss = torch.max(-advantage * ratio, -advantage * ratio.clamp(1 - CLIP, 1 + CLIP)).mean()
                clipped = old_values + (value - old_values).clamp(-CLIP, CLIP)
                value_loss = 0.5 * torch.max((value - target) ** 2, (clipped - target) ** 2).mean()
                loss = policy_loss - ENTROPY * entropy.mean() + VALUE * value_loss
                self.optimizer.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(self.network.parameters(), NORM)
                self.optimizer.step()


def stable_baselines(options: PyTorchOptions) -> Trainer:
    """Stable-Baselines3's PPO; its features extractor is our network's trunk, its heads are as ours."""
    from stable_baselines3 import PPO
    from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
    from stable_baselines3.common.vec_env import VecEnv

    town = CueTown(ROWS)
    spaces = gymnasium.spaces

    class Vector(VecEnv):
        def __init__(self) -> None:
            seen = spaces.Dict(
                {
                    "map": spaces.Box(0, 255, town.spec.map_shape, np.uint8),
                    "features": spaces.Box(0, 1, (town.spec.feature_count,), np.float32),
                }
            )
            super().__init__(ROWS, seen, spaces.Discrete(town.spec.action_count))
            self.total = 0.0

        def reset(self) -> Any:
            seen = town.reset()
            return {"map": seen.map.copy(), "features": seen.features.copy()}

        def step_async(self, actions: Any) -> None:
            self.chosen = actions

        def step_wait(self) -> Any:
            result = town.step(self.chosen)
            self.total += float(result.rewards.sum())
            seen = {"map": result.observations.map.copy(), "features": result.observations.features.copy()}
            infos: list[dict[str, Any]] = [{} for _ in range(ROWS)]
            return seen, result.rewards, result.terminated, infos

        def close(self) -> None: ...
        def get_attr(self, name: str, indices: Any = None) -> Any:
            return [None] * ROWS

        def set_attr(self, name: str, value: Any, indices: Any = None) -> None: ...
        def env_method(self, name: str, *args: Any, indices: Any = None, **kwargs: Any) -> Any:
            return [None] * ROWS

        def env_is_wrapped(self, wrapper: Any, indices: Any = None) -> Any:
            return [False] * ROWS

    class Trunk(BaseFeaturesExtractor):
        def __init__(self, space: Any) -> None:
            super().__init__(space, options.hidden[-1])
            self.network = network_of_others(options, town)

        def forward(self, seen: Any) -> Any:
            return self.network.trunk(seen["map"], seen["features"])

    vector = Vector()
    model = PPO(
        "MultiInputPolicy", vector, learning_rate=RATE, n_steps=TICKS, batch_size=SAMPLES // MINIBATCHES,
        n_epochs=EPOCHS, gamma=GAMMA, gae_lambda=LAMBDA, clip_range=CLIP, clip_range_vf=CLIP, ent_coef=ENTROPY,
        vf_coef=VALUE, max_grad_norm=NORM, device="cpu", seed=0,
        policy_kwargs={
            "features_extractor_class": Trunk, "normalize_images": False, "activation_fn": torch.nn.ReLU,
            "net_arch": {"pi": [], "vf": [options.value_hidden]}, "ortho_init": True,
        },
    )  # fmt: skip

    class StableBaselines:
        name = "stable-baselines3"

        def iterate(self) -> tuple[float, float]:
            vector.total = 0.0
            began = clock()
            model.learn(SAMPLES, reset_num_timesteps=False)
            return clock() - began, vector.total / SAMPLES

    return StableBaselines()


def make_trainers(options: PyTorchOptions) -> list[Callable[[], Trainer]]:
    """How to make each trainer."""
    return [
        lambda: Townlet(options, "float32"),
        lambda: Townlet(options, "bfloat16"),
        lambda: PlainLoop(options),
        lambda: stable_baselines(options),
    ]
