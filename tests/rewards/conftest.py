"""A hamlet in which everybody waits, so that a test decides what there is to reward."""

from __future__ import annotations

from collections.abc import Callable

import numba
import numpy as np
import pytest

from townlet.config.root import TownletConfig
from townlet.envs import StepResult, TownEngine
from townlet.envs.kernel import as_contents
from townlet.rewards import reward_world
from townlet.world.compiled import jit_enabled


def _pay(contents_ref, w):
    contents = as_contents(contents_ref)
    reward_world(contents.state, contents.tables, contents.settings, contents.memory, contents.earnings, w)


pay_world = numba.njit(_pay) if jit_enabled() else _pay

ALICE, BOB, CAROL, DAVE = range(4)


class Purse:
    """An engine of one hamlet; :meth:`pay` runs only the reward of the tick that the test has written down."""

    def __init__(self, stage: str = "OFF", **rewards: float) -> None:
        self.config = TownletConfig.model_validate(
            {"town": {"map": "hamlet", "outside": {"enabled": False}}, "rewards": rewards}
        )
        self.engine = TownEngine(self.config, [7], social_stage=stage)
        self.state, self.settings = self.engine.state, self.config.rewards
        self.content(1.0)

    def content(self, level: float) -> None:
        """Set all needs of everybody."""
        agents = self.state.agents
        agents.hunger[:], agents.energy[:], agents.hygiene[:] = level, level, level

    def wait(self) -> StepResult:
        """One tick in which everybody waits."""
        return self.engine.step(np.zeros(self.engine.rows, np.int64))

    def pay(self) -> StepResult:
        """The reward of what the test has written into state and events, without a tick of the world."""
        pay_world(self.engine._contents.ref, 0)
        return self.engine._result

    def parts(self, result: StepResult, agent: int = ALICE) -> dict[str, float]:
        """The parts of an agent's reward, by name."""
        names = self.engine.reward_part_names
        return {name: float(v) for name, v in zip(names, result.reward_parts[agent], strict=True)}


@pytest.fixture
def make_purse() -> Callable[..., Purse]:
    return Purse


@pytest.fixture
def purse() -> Purse:
    return Purse()


@pytest.fixture(scope="session")
def shared_purse() -> Purse:
    """One for tests that reset it themselves (hypothesis runs many examples on it)."""
    return Purse()
