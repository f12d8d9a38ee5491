"""The town as Stable-Baselines3 and loops like CleanRL's want it, and how what they learn is judged."""

# ruff: noqa: ARG002 (the protocols name the arguments)

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np

from townlet.api import greedy_actions
from townlet.config import TownletConfig
from townlet.envs.engine import TownEngine
from townlet.envs.spaces import as_columns
from townlet.envs.vector import TownVectorEnv
from townlet.telemetry.kpis import TownKpis

FIRST = 5_000_000
"""Seed of the first town that others train in."""

Scores = Callable[[Any], Any]
"""From flat observations, float32 ``[N, F]``, to scores of the actions ``[N, K]``."""


def towns(config: TownletConfig, worlds: int) -> TownVectorEnv:
    """Towns whose agents' lives are cut into episodes of five days; a forbidden action is to wait."""
    return TownVectorEnv(config, worlds=worlds, seed=FIRST, episode_ticks=5000, forbidden="wait")


def standing(town: TownVectorEnv) -> dict[str, np.ndarray[Any, Any]]:
    """What is seen in the towns as they stand."""
    return {name: array.copy() for name, array in as_columns(town.engine.observe()).items()}


def keep_towns(town: TownVectorEnv, folder: Path) -> None:
    """Write the towns into a folder."""
    town.engine.save(folder / "towns")
    np.save(folder / "ages.npy", town._age)


def put_back_towns(town: TownVectorEnv, folder: Path) -> None:
    """Go on where :func:`keep_towns` was."""
    town.engine.load(folder / "towns")
    town._now = town.engine.observe()
    town._age[:] = np.load(folder / "ages.npy")


def flat(seen: Any) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Map in 0..1 where there is one, features and mask, float32 ``[N, all]``."""
    parts = [seen["features"], seen["action_mask"].astype(np.float32)]
    if "map" in seen:
        parts.insert(0, seen["map"].reshape(len(seen["map"]), -1).astype(np.float32) / 255.0)
    return np.concatenate(parts, axis=1)


def vector(config: TownletConfig, worlds: int) -> Any:
    """The towns as a ``VecEnv``. Its extractor for images cannot read a window of 11 by 11 tiles, so all is flat.

    Besides what Stable-Baselines3 asks of it, it tells sb3-contrib's masks, and counts in ``decisions`` the steps at
    which agents were asked: those at which what was given as an action could matter.
    """
    from stable_baselines3.common.vec_env import VecEnv

    town = towns(config, worlds)

    class Vector(VecEnv):
        decisions = 0

        def __init__(self) -> None:
            self.town = town
            seen = standing(town)
            space = gymnasium.spaces.Box(0.0, 1.0, (flat(seen).shape[1],), np.float32)
            super().__init__(town.num_envs, space, gymnasium.spaces.Discrete(int(town.single_action_space.n)))

        def reset(self) -> Any:  # called once, and again when a learner was read back: the towns go on
            seen = standing(town)
            self.masks = seen["action_mask"] > 0
            return flat(seen)

        def step_async(self, actions: Any) -> None:
            self.chosen = actions

        def step_wait(self) -> Any:
            self.decisions += int(town.engine.asked.sum())
            seen, rewards, terminated, truncated, info = town.step(self.chosen)
            self.masks = seen["action_mask"] > 0
            infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
            ended = terminated | truncated
            if ended.any():
                last = flat({name: np.stack([final[name] for final in info["final_obs"][ended]]) for name in seen})
                for number, row in enumerate(np.flatnonzero(ended)):
                    infos[row] = {
                        "terminal_observation": last[number],
                        "TimeLimit.truncated": bool(truncated[row] and not terminated[row]),
                    }
            return flat(seen), rewards, ended, infos

        def close(self) -> None:
            town.close()

        def get_attr(self, name: str, indices: Any = None) -> Any:
            return [None] * self.num_envs

        def has_attr(self, name: str) -> bool:
            return name == "action_masks"

        def set_attr(self, name: str, value: Any, indices: Any = None) -> None: ...

        def env_method(self, name: str, *args: Any, indices: Any = None, **kwargs: Any) -> Any:
            return list(self.masks) if name == "action_masks" else [None] * self.num_envs

        def env_is_wrapped(self, wrapper: Any, indices: Any = None) -> Any:
            return [False] * self.num_envs

    return Vector()


def lived(config: TownletConfig, scores: Scores, seeds: Sequence[int], days: int) -> TownKpis:
    """Towns in which everybody who is asked takes the possible action with the highest score."""
    engine = TownEngine(config, list(seeds))
    seen = engine.observe()
    for _ in range(days * 1000):
        rows = np.flatnonzero(engine.asked)
        actions = np.zeros(engine.rows, np.int64)
        if rows.size:
            columns = {"features": seen.features[rows], "action_mask": seen.action_mask[rows]}
            if seen.map.size:
                columns["map"] = seen.map[rows]
            actions[rows] = greedy_actions(np.asarray(scores(flat(columns)), np.float32), seen.action_mask[rows])
        seen = engine.step(actions).observations
    return engine.kpis()
