"""A hamlet whose counters a test can read."""

from __future__ import annotations

import numpy as np
import pytest

from townlet.config.root import TownletConfig
from townlet.envs import StepResult, TownEngine


class Census:
    """An engine of hamlets in which everybody waits."""

    def __init__(self, worlds: int = 1) -> None:
        self.config = TownletConfig.model_validate({"town": {"map": "hamlet", "outside": {"enabled": False}}})
        self.engine = TownEngine(self.config, range(worlds))
        self.state, self.rules = self.engine.state, self.engine.tables.rules

    def content(self, level: float = 1.0) -> None:
        """Set all needs of everybody."""
        agents = self.state.agents
        agents.hunger[:], agents.energy[:], agents.hygiene[:] = level, level, level

    def wait(self, ticks: int = 1, *, contented: bool = False) -> StepResult:
        """Ticks in which everybody waits (contented: with needs filled before each)."""
        for _ in range(ticks):
            if contented:
                self.content()
            result = self.engine.step(np.zeros(self.engine.rows, np.int64))
        return result

    def to_the_last_tick_of_the_day(self) -> None:
        """Put the clock one tick before midnight."""
        self.state.clock.tick[:] = self.rules.day_ticks - 1


@pytest.fixture
def census() -> Census:
    return Census()


@pytest.fixture
def two_towns() -> Census:
    return Census(2)
