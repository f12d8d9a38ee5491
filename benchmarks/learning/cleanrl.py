"""A PPO in the manner of CleanRL's ``ppo.py``, with its settings: one plain loop over steps, no masks, no frills."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from vectors import flat, keep_towns, put_back_towns, standing, towns

from townlet.config import TownletConfig

TICKS, EPOCHS, MINIBATCHES = 128, 4, 4
RATE, GAMMA, LAMBDA, CLIP, ENTROPY, VALUE, NORM = 2.5e-4, 0.99, 0.95, 0.2, 0.01, 0.5, 0.5


def _layer(inputs: int, outputs: int, scale: float = 2**0.5) -> nn.Linear:
    layer = nn.Linear(inputs, outputs)
    nn.init.orthogonal_(layer.weight, scale)
    nn.init.constant_(layer.bias, 0.0)
    return layer


def _network(inputs: int, outputs: int, scale: float) -> nn.Sequential:
    return nn.Sequential(_layer(inputs, 64), nn.Tanh(), _layer(64, 64), nn.Tanh(), _layer(64, outputs, scale))


class PlainLoop:
    """The loop. Like the original it takes the end of a piece of a life for its end.

    Attributes:
        samples: steps of all rows so far.
        decisions: those of them at which an agent was asked.
    """

    def __init__(self, config: TownletConfig, worlds: int, seed: int) -> None:
        torch.manual_seed(seed)
        np.random.seed(seed)
        self.town = towns(config, worlds)
        self.rows = self.town.num_envs
        first = flat(standing(self.town))
        inputs = first.shape[1]
        self.actor = _network(inputs, int(self.town.single_action_space.n), 0.01)
        self.critic = _network(inputs, 1, 1.0)
        self.parameters = [*self.actor.parameters(), *self.critic.parameters()]
        self.optimizer = torch.optim.Adam(self.parameters, lr=RATE, eps=1e-5)
        self.seen = torch.zeros((TICKS, self.rows, inputs))
        self.actions, self.log_probs, self.rewards, self.dones, self.values = (
            torch.zeros((TICKS, self.rows)) for _ in range(5)
        )
        self.next_seen, self.next_done = torch.from_numpy(first), torch.zeros(self.rows)
        self.samples = self.decisions = 0

    def scores(self, seen: Any) -> Any:
        with torch.no_grad():
            return self.actor(torch.from_numpy(seen)).numpy()

    def keep(self, folder: Path) -> None:
        keep_towns(self.town, folder)
        parts = {"actor": self.actor, "critic": self.critic, "optimizer": self.optimizer}
        state: dict[str, Any] = {name: part.state_dict() for name, part in parts.items()}
        torch.save({**state, "counts": (self.samples, self.decisions), "done": self.next_done}, folder / "loop.pt")

    def put_back(self, folder: Path) -> None:
        put_back_towns(self.town, folder)
        state = torch.load(folder / "loop.pt", weights_only=True)
        for name in ("actor", "critic", "optimizer"):
            getattr(self, name).load_state_dict(state[name])
        (self.samples, self.decisions), self.next_done = state["counts"], state["done"]
        self.next_seen = torch.from_numpy(flat(standing(self.town)))

    def iterate(self, share: float) -> None:
        """One rollout and one update; the step size falls to 0 as ``share`` rises to 1."""
        self.optimizer.param_groups[0]["lr"] = (1.0 - share) * RATE
        for step in range(TICKS):
            self.seen[step], self.dones[step] = self.next_seen, self.next_done
            with torch.no_grad():
                distribution = torch.distributions.Categorical(logits=self.actor(self.next_seen))
                action = distribution.sample()
                self.log_probs[step] = distribution.log_prob(action)
                self.values[step] = self.critic(self.next_seen).flatten()
            self.actions[step] = action
            self.decisions += int(self.town.engine.asked.sum())
            seen, rewards, terminated, truncated, _ = self.town.step(action.numpy())
            self.rewards[step] = torch.from_numpy(rewards)
            self.next_seen = torch.from_numpy(flat(seen))
            self.next_done = torch.from_numpy((terminated | truncated).astype(np.float32))
        self.samples += TICKS * self.rows
        advantages = self._advantages()
        self._update(advantages, advantages + self.values)

    def _advantages(self) -> torch.Tensor:
        advantages, last = torch.zeros_like(self.rewards), torch.zeros(self.rows)
        with torch.no_grad():
            after = self.critic(self.next_seen).flatten()
        alive = 1.0 - self.next_done
        for step in reversed(range(TICKS)):
            delta = self.rewards[step] + GAMMA * after * alive - self.values[step]
            advantages[step] = last = delta + GAMMA * LAMBDA * alive * last
            after, alive = self.values[step], 1.0 - self.dones[step]
        return advantages

    def _update(self, advantages: torch.Tensor, returns: torch.Tensor) -> None:
        seen = self.seen.flatten(0, 1)
        flat_of = [x.reshape(-1) for x in (self.actions, self.log_probs, advantages, returns, self.values)]
        order = np.arange(len(seen))
        for _ in range(EPOCHS):
            np.random.shuffle(order)
            for index in np.split(order, MINIBATCHES):
                actions, old_log_probs, advantage, target, old_values = (x[index] for x in flat_of)
                distribution = torch.distributions.Categorical(logits=self.actor(seen[index]))
                ratio = (distribution.log_prob(actions) - old_log_probs).exp()
                value = self.critic(seen[index]).flatten()
                advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
                policy_loss = torch.max(-advantage * ratio, -advantage * ratio.clamp(1 - CLIP, 1 + CLIP)).mean()
                clipped = old_values + (value - old_values).clamp(-CLIP, CLIP)
                value_loss = 0.5 * torch.max((value - target) ** 2, (clipped - target) ** 2).mean()
                loss = policy_loss - ENTROPY * distribution.entropy().mean() + VALUE * value_loss
                self.optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(self.parameters, NORM)
                self.optimizer.step()
