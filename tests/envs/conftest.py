"""Engines of hamlets, and people who choose at random among what is possible."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from townlet.config.root import TownletConfig
from townlet.envs import Engine, TownEngine


def hamlet_config(**sections: object) -> TownletConfig:
    """The config of a hamlet."""
    return TownletConfig.model_validate({"town": {"map": "hamlet"}, **sections})


class Wanderers:
    """Random possible actions, the same for the same world whatever else is stepped: one generator a world."""

    def __init__(self, engine: Engine, seed: int = 0, first_world: int = 0) -> None:
        self.agents = engine.agents
        self.generators = [np.random.default_rng([seed, first_world + w]) for w in range(engine.worlds)]

    def __call__(self, mask: np.ndarray) -> np.ndarray:
        draws = np.concatenate([g.random((self.agents, mask.shape[1])) for g in self.generators])
        return np.where(mask, draws, -1.0).argmax(axis=1)


@pytest.fixture
def make_engine() -> Callable[..., TownEngine]:
    def make(seeds=(0,), threads=1, check=False, **sections) -> TownEngine:
        return TownEngine(hamlet_config(**sections), list(seeds), threads=threads, check=check)

    return make


@pytest.fixture
def wanderers() -> type[Wanderers]:
    return Wanderers
