"""``TownParallelEnv``: one town as a PettingZoo environment in which people come and go."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from pettingzoo import ParallelEnv
from pettingzoo.utils import parallel_to_aec

from townlet.config.root import TownletConfig
from townlet.envs.engine import TownEngine
from townlet.envs.names import slot_names
from townlet.envs.render import render_ansi, render_rgb
from townlet.envs.spaces import Forbidden, action_space, as_columns, observation_space, replace_forbidden
from townlet.errors import BackendContractError, UsageError

__all__ = ["TownParallelEnv", "env", "parallel_env"]

Observation = dict[str, NDArray[Any]]
Step = tuple[dict[str, Observation], dict[str, float], dict[str, bool], dict[str, bool], dict[str, dict[str, Any]]]


class TownParallelEnv(ParallelEnv[str, Observation, int]):
    """One town; an agent is a person, not a slot.

    An agent that dies or is evicted terminates and never returns. A newcomer is a new agent with the next name,
    present in the dictionaries from the step in which it arrives (reward 0). All are truncated after ``max_cycles``
    ticks. ``infos`` hold ``slot``, ``asked`` (whether the next action counts: in the action space ``goals`` a person
    pursues what it chose until it is asked again), and ``forbidden`` where waiting replaced an impossible action.

    Args:
        config: the town; None for the default one.
        seed: until ``reset(seed=...)`` gives another; None for the config's.
        max_cycles: ticks of an episode.
        forbidden: ``"wait"`` lets the agent wait for an action that the mask forbids and says so in its info;
            ``"error"`` raises BackendContractError.
        render_mode: ``"rgb_array"``, ``"ansi"`` or None.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012 (PettingZoo's own declaration)
        "name": "townlet_v1",
        "render_modes": ["rgb_array", "ansi"],
        "render_fps": 20,
        "is_parallelizable": True,
    }

    def __init__(
        self,
        config: TownletConfig | None = None,
        *,
        seed: int | None = None,
        max_cycles: int = 5000,
        forbidden: Forbidden = "wait",
        render_mode: str | None = None,
    ) -> None:
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise UsageError(f"unknown render mode {render_mode!r}; choose from {self.metadata['render_modes']}")
        config = config or TownletConfig()
        self.engine = TownEngine(config, [config.seed if seed is None else seed])
        self.engine.policy_name = "the caller of step()"
        self.max_cycles, self.forbidden, self.render_mode = max_cycles, forbidden, render_mode
        self._observation_spaces: dict[str, spaces.Dict] = {}
        self._action_spaces: dict[str, spaces.Discrete] = {}
        self._person_of_slot: list[str | None] = []
        self.agents: list[str] = []
        self._arrivals = 0
        self._mask = np.zeros((0, 0), np.bool_)

    @property
    def possible_agents(self) -> list[str]:
        """Everybody who may live here: the first settlers, then newcomers in the order of their arrival.

        While an episode runs, these are as many as there could be by the bounds on exits; when it is over, those
        who did live.
        """
        if self._arrivals and not self.agents:
            return list(slot_names(self._arrivals))
        rules, slots = self.engine.tables.rules, self.engine.agents
        by_day = rules.exits_per_day * (self.max_cycles // rules.day_ticks + 1)
        by_gap = self.max_cycles // max(rules.exit_gap, 1) + 1
        return list(slot_names(slots + min(by_day, by_gap)))

    def observation_space(self, agent: str) -> spaces.Dict:
        """The space of ``agent``, always the same object."""
        if agent not in self._observation_spaces:
            self._observation_spaces[agent] = observation_space(self.engine.spec)
        return self._observation_spaces[agent]

    def action_space(self, agent: str) -> spaces.Discrete:
        """The space of ``agent``, always the same object."""
        if agent not in self._action_spaces:
            self._action_spaces[agent] = action_space(self.engine.spec)
        return self._action_spaces[agent]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Observation], dict[str, dict[str, Any]]]:
        """A fresh town; without a seed the same one again."""
        del options
        batch = self.engine.reset(None if seed is None else [seed])
        names = slot_names(self.engine.agents)
        self._person_of_slot = [names[a] if batch.active[a] else None for a in range(self.engine.agents)]
        self._arrivals = self.engine.agents
        self.agents = [name for name in self._person_of_slot if name is not None]
        return self._observations(), {name: self._info(a) for a, name in self._living()}

    def step(self, actions: dict[str, int]) -> Step:
        """One tick; ``actions`` of everybody in ``agents``."""
        if not self.agents:
            return {}, {}, {}, {}, {}
        before = self._living()
        chosen, replaced = self._chosen(before, actions)
        result = self.engine.step(chosen)
        over = self.engine.tick >= self.max_cycles
        rewards = {name: float(result.rewards[a]) for a, name in before}
        terminations = {name: bool(result.terminated[a]) for a, name in before}
        infos: dict[str, dict[str, Any]] = {name: self._info(a) for a, name in before}
        for name in replaced:
            infos[name]["forbidden"] = True
        observations = self._observations()
        for a, name in before:
            if terminations[name]:
                self._person_of_slot[a] = None
        for a, name in self._welcome(result.observations.active):
            observations[name] = self._observation(a)
            rewards[name], terminations[name], infos[name] = 0.0, False, self._info(a)
        truncations = {name: over and not terminations[name] for name in terminations}
        self.agents = [] if over else [name for _, name in self._living()]
        return observations, rewards, terminations, truncations, infos

    def render(self) -> Any:
        """The picture (uint8 ``[height, width, 3]``) or text of the town; None without a render mode."""
        if self.render_mode == "rgb_array":
            return render_rgb(self.engine)
        return render_ansi(self.engine, colour=False) if self.render_mode == "ansi" else None

    def state(self) -> NDArray[Any]:
        """What all slots see, features only: float32 ``[A, F]``."""
        return self.engine.observe().features.copy()

    def close(self) -> None:
        """End the engine's threads."""
        self.engine.close()

    def _living(self) -> list[tuple[int, str]]:
        return [(a, name) for a, name in enumerate(self._person_of_slot) if name is not None]

    def _chosen(self, living: list[tuple[int, str]], actions: dict[str, int]) -> tuple[NDArray[np.int64], list[str]]:
        chosen = np.zeros(self.engine.agents, np.int64)
        for a, name in living:
            if name not in actions:
                raise BackendContractError(f"{name} is alive and got no action")
            chosen[a] = int(actions[name])
        if self.forbidden == "error":
            return chosen, []
        chosen, replaced = replace_forbidden(chosen, self.engine.observe().action_mask, self.engine.asked)
        return chosen, [name for a, name in living if replaced[a]]

    def _info(self, a: int) -> dict[str, Any]:
        return {"slot": a, "asked": bool(self.engine.asked[a])}

    def _observation(self, a: int) -> Observation:
        return {name: array[a].copy() for name, array in as_columns(self.engine.observe()).items()}

    def _observations(self) -> dict[str, Observation]:
        columns = as_columns(self.engine.observe())
        return {name: {key: array[a].copy() for key, array in columns.items()} for a, name in self._living()}

    def _welcome(self, active: NDArray[np.bool_]) -> list[tuple[int, str]]:
        """Name those who have just moved in."""
        arrived = []
        for a in range(self.engine.agents):
            if active[a] and self._person_of_slot[a] is None:
                name = slot_names(self._arrivals + 1)[-1]
                self._arrivals += 1
                self._person_of_slot[a] = name
                arrived.append((a, name))
        return arrived


def parallel_env(**options: Any) -> TownParallelEnv:
    """A town by PettingZoo's convention."""
    return TownParallelEnv(**options)


def env(**options: Any) -> Any:
    """The same town as PettingZoo's turn-based kind (AEC)."""
    return parallel_to_aec(parallel_env(**options))
