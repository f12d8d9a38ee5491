"""``TownVectorEnv``: towns as one vector of single-agent environments, for the trainers of the field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from townlet.api import ActionSpace, ObservationBatch
from townlet.config.root import TownletConfig
from townlet.envs.engine import TownEngine
from townlet.envs.render import render_ansi, render_rgb
from townlet.envs.spaces import Forbidden, action_space, as_columns, observation_space, replace_forbidden
from townlet.errors import UsageError

__all__ = ["IDS", "TownVectorEnv", "make_towns"]

IDS = {"townlet/Riverside-v0": "riverside", "townlet/Hamlet-v0": "hamlet"}
"""Ids for ``gymnasium.make_vec``, known once this module is imported, and the maps that they stand for."""

Columns = dict[str, NDArray[Any]]
Step = tuple[Columns, NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]


class TownVectorEnv(VectorEnv[Columns, NDArray[np.int64], NDArray[Any]]):
    """``W`` towns of ``A`` agents as ``W * A`` environments, one row an agent slot; row ``w * A + a``.

    An episode of a row is a life, or a piece of one of ``episode_ticks`` ticks where that is given. Autoreset is
    *same step*: when a life ends, ``terminated`` is true, ``info["final_obs"]`` holds the observation that
    followed (zeros: the agent is gone) and the observation returned belongs to the next episode of the row.
    That episode begins with the 5 to 20 ticks until a newcomer arrives: ``info["active"]`` is false, the
    observation is zero, ``action_mask`` allows action 0 only, the reward is 0 and whatever action is given counts
    as waiting. Trainers may leave those rows out of the loss by ``info["active"]``, or keep them: they are a
    few in a thousand and carry no gradient worth speaking of where actions are masked. When a piece is cut,
    ``truncated`` is true and ``final_obs`` is the observation that really came next: bootstrap from it. The life
    goes on in the next episode.

    In the action space ``goals`` a row pursues what it chose until it is asked again (``info["asked"]``); until then
    its mask allows action 0 only and whatever is given for it is ignored. Sum its rewards until then.

    ``info`` of each step: ``active``, ``asked`` and ``forbidden`` bool ``[N]``, ``reward_parts`` float32 ``[N, P]``,
    and, where episodes ended, ``final_obs`` and ``final_info`` with the masks ``_final_obs`` and ``_final_info``.

    Args:
        config: the town; None for the default one.
        worlds: ``W``.
        seed: seed of the first world until ``reset(seed=...)`` gives others; None for the config's.
        episode_ticks: length after which an episode is truncated; None: never.
        forbidden: ``"wait"`` lets the agent wait for an action that the mask forbids and marks the row in
            ``info["forbidden"]``; ``"error"`` raises BackendContractError.
        threads: threads that step the worlds.
        copy: return copies of the observations; without, they are overwritten by the next step.
        render_mode: ``"rgb_array"``, ``"ansi"`` or None; pictures are of the first four worlds.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012 (gymnasium's own declaration)
        "autoreset_mode": AutoresetMode.SAME_STEP,
        "render_modes": ["rgb_array", "ansi"],
        "render_fps": 20,
    }

    def __init__(
        self,
        config: TownletConfig | None = None,
        worlds: int = 1,
        *,
        seed: int | None = None,
        episode_ticks: int | None = None,
        forbidden: Forbidden = "wait",
        threads: int = 1,
        copy: bool = True,
        render_mode: str | None = None,
    ) -> None:
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise UsageError(f"unknown render mode {render_mode!r}; choose from {self.metadata['render_modes']}")
        config = config or TownletConfig()
        first = config.seed if seed is None else seed
        self.engine = TownEngine(config, range(first, first + worlds), threads=threads)
        self.engine.policy_name = "the caller of step()"
        self.num_envs = self.engine.rows
        self.single_observation_space = observation_space(self.engine.spec)
        self.single_action_space = action_space(self.engine.spec)
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)
        self.render_mode = render_mode
        self.episode_ticks, self.forbidden, self.copy = episode_ticks, forbidden, copy
        self._now = self.engine.observe()
        self._age = np.zeros(self.num_envs, np.int64)
        self._returns = np.zeros(self.num_envs)

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Columns, dict[str, Any]]:
        """Fresh towns.

        Args:
            seed: of the first world (the others follow it), or one for each world. Without a seed each world goes
                on to a new one, a function of the one before.
            options: none are known.
        """
        del options
        self._now = self.engine.reset(self._seeds(seed))
        self._age[:], self._returns[:] = 0, 0.0
        return self._columns(self._now), {"active": self._now.active.copy(), "asked": self.engine.asked.copy()}

    def step(self, actions: NDArray[np.int64]) -> Step:
        """One tick of every town; ``actions`` int64 ``[N]``. See the class for what comes back."""
        chosen = np.asarray(actions, np.int64)
        active, mask = self._now.active.copy(), self._now.action_mask
        chosen = np.where(active, chosen, 0)
        forbidden = np.zeros(self.num_envs, np.bool_)
        if self.forbidden == "wait":
            chosen, forbidden = replace_forbidden(chosen, mask, self.engine.asked)
        result = self.engine.step(chosen)
        self._now = result.observations
        self._age += active
        self._returns += result.rewards
        terminated = result.terminated.copy()
        truncated = np.zeros(self.num_envs, np.bool_)
        if self.episode_ticks is not None:
            truncated = active & ~terminated & (self._age >= self.episode_ticks)
        info: dict[str, Any] = {
            "active": self._now.active.copy(),
            "asked": self.engine.asked.copy(),
            "reward_parts": result.reward_parts.copy(),
            "forbidden": forbidden,
        }
        ended = terminated | truncated
        if ended.any():
            self._end_episodes(info, ended)
        return self._columns(self._now), result.rewards.copy(), terminated, truncated, info

    def render(self) -> Any:
        """One picture (or text) for each of the first four worlds, in a tuple; None without a render mode."""
        worlds = range(min(self.engine.worlds, 4))
        if self.render_mode == "rgb_array":
            return tuple(render_rgb(self.engine, world) for world in worlds)
        if self.render_mode == "ansi":
            return tuple(render_ansi(self.engine, world, colour=False) for world in worlds)
        return None

    def close_extras(self, **kwargs: Any) -> None:
        """End the engine's threads."""
        del kwargs
        self.engine.close()

    def _columns(self, batch: ObservationBatch) -> Columns:
        columns = as_columns(batch)
        return {name: array.copy() for name, array in columns.items()} if self.copy else columns

    def _end_episodes(self, info: dict[str, Any], ended: NDArray[np.bool_]) -> None:
        columns = as_columns(self._now)
        final: NDArray[Any] = np.full(self.num_envs, None, dtype=object)
        for row in np.flatnonzero(ended):
            final[row] = {name: array[row].copy() for name, array in columns.items()}
        info["final_obs"], info["_final_obs"] = final, ended.copy()
        info["final_info"] = {
            "episode_return": np.where(ended, self._returns, 0.0),
            "_episode_return": ended.copy(),
            "episode_length": np.where(ended, self._age, 0),
            "_episode_length": ended.copy(),
        }
        info["_final_info"] = ended.copy()
        self._age[ended], self._returns[ended] = 0, 0.0

    def _seeds(self, seed: int | Sequence[int | None] | None) -> list[int]:
        worlds = self.engine.worlds
        if seed is None:
            return [(old * 6364136223846793005 + 1442695040888963407) % 2**62 for old in self.engine.seeds]
        if isinstance(seed, int | np.integer):
            return [int(seed) + world for world in range(worlds)]
        seeds = [old if new is None else int(new) for old, new in zip(self.engine.seeds, seed, strict=False)]
        if len(seed) != worlds:
            raise UsageError(f"{worlds} worlds need {worlds} seeds, found {len(seed)}")
        return seeds


def make_towns(
    num_envs: int = 1, *, town: str = "riverside", actions: ActionSpace = "primitive", **options: Any
) -> TownVectorEnv:
    """What ``gymnasium.make_vec("townlet/Riverside-v0", num_envs=4)`` makes: four towns.

    Args:
        num_envs: towns; the environments of the vector are the agents of all of them, eight a town in riverside.
        town: map.
        actions: action space, ``"primitive"`` or ``"goals"``.
        options: those of :class:`TownVectorEnv`; ``config`` takes the place of ``town`` and ``actions``.
    """
    config = options.pop("config", None) or TownletConfig.model_validate({"town": {"map": town, "actions": actions}})
    return TownVectorEnv(config, num_envs, **options)


for _id, _town in IDS.items():
    if _id not in gymnasium.registry:
        gymnasium.register(_id, vector_entry_point="townlet.envs.vector:make_towns", kwargs={"town": _town})
