"""A hamlet of four, in which a test puts everybody where its story needs them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from townlet.config.root import TownletConfig
from townlet.envs import TownEngine
from townlet.world.names import FACILITY_KINDS

ALICE, BOB, CAROL, DAVE = range(4)


class Stage:
    """An engine of one hamlet and the words to set a scene; :meth:`see` writes and reads the observations."""

    def __init__(self, variant: str = "hybrid", window: int = 11) -> None:
        self.config = TownletConfig.model_validate(
            {
                "town": {"map": "hamlet", "outside": {"enabled": False}},
                "observation": {"variant": variant, "window": window},
            }
        )
        self.engine = TownEngine(self.config, [7])
        self.state, self.tables = self.engine.state, self.engine.tables

    def put(self, agent: int, y: int, x: int) -> None:
        """Move an agent to a tile, out of nowhere."""
        agents = self.state.agents
        self.state.occupancy[0, agents.y[0, agent], agents.x[0, agent]] = -1
        assert self.state.occupancy[0, y, x] < 0
        assert self.tables.map.walkable[y, x]
        agents.y[0, agent], agents.x[0, agent] = y, x
        self.state.occupancy[0, y, x] = agent

    def object_of(self, kind: str, index: int = 0) -> int:
        """Number of a facility object."""
        return int(np.flatnonzero(self.tables.map.object_kind == FACILITY_KINDS.index(kind))[index])

    def tie(self, agent: int, other: int, *, trust: float = 0, familiarity: float = 0, rivalry: float = 0) -> None:
        """Give an agent a tie in its first empty slot."""
        ties = self.state.ties
        slot = int(np.flatnonzero(ties.other[0, agent] < 0)[0])
        ties.other[0, agent, slot] = other
        ties.trust[0, agent, slot] = trust
        ties.familiarity[0, agent, slot] = familiarity
        ties.rivalry[0, agent, slot] = rivalry

    def see(self, agent: int) -> dict[str, float]:
        """The features of an agent, by name."""
        row = self.engine.observe().features[agent]
        return {name: float(value) for name, value in zip(self.engine.spec.feature_names, row, strict=True)}

    def map_of(self, agent: int) -> dict[str, np.ndarray]:
        """The map of an agent, by channel."""
        return dict(zip(self.engine.spec.channel_names, self.engine.observe().map[agent].copy(), strict=True))


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def make_stage() -> Callable[..., Stage]:
    return Stage
