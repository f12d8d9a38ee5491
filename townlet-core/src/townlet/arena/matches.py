"""``Setting``: a scenario made ready to be played with any mind in the places that it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from townlet.arena.suites import MatchScenario, Suite
from townlet.config import TownletConfig
from townlet.play import Cast, Job, MindSpec, Role
from townlet.play.own_space import in_own_space

__all__ = ["Setting"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A scenario, or a cell of the matrix, without the mind under test.

    Attributes:
        name: of the scenario.
        config: of its towns.
        focal: whom the mind under test plays, as in a role.
        background: who plays the others, with their shares of them; the last one plays the rest.
        seeds: one a town.
        ticks: length of each.
    """

    name: str
    config: TownletConfig
    focal: str
    background: tuple[tuple[MindSpec, float], ...]
    seeds: tuple[int, ...]
    ticks: int

    @classmethod
    def of(cls, suite: Suite, scenario: MatchScenario) -> Self:
        """The setting of a suite's scenario."""
        config = scenario.laid_over(suite.interface)
        return cls(
            name=scenario.name,
            config=config,
            focal=scenario.focal,
            background=tuple((suite.minds[name].mind(name), share) for name, share in scenario.background.items()),
            seeds=suite.seeds_of(scenario),
            ticks=suite.ticks_of(scenario, config.town.time.day_ticks),
        )

    def cast(self, mind: MindSpec) -> Cast:
        """``mind`` in the places under test, which are drawn from each town's seed and are the same for every mind.

        A mind that was taught to choose goals is led by them where the town's actions are primitive.
        """
        own = self.config.town.actions
        focal = Role(self.focal, in_own_space(mind, own))
        left = 1.0 if focal.share is None else 1.0 - focal.share
        others = [Role(f"{100 * share * left:.6f}%", in_own_space(one, own)) for one, share in self.background[:-1]]
        return Cast((focal, *others, Role("*", in_own_space(self.background[-1][0], own))))

    def job(self, mind: MindSpec) -> Job:
        """The job of playing it with ``mind``."""
        return Job(self.config, self.cast(mind), self.seeds, self.ticks)

    def baseline(self) -> Job:
        """The same towns with the last mind of the background in the places under test: the town without you."""
        return self.job(self.background[-1][0])

    def under_test(self, agent_names: Sequence[str], seed: int) -> int:
        """How many people the mind under test plays in a town with these people."""
        return int((self.cast(MindSpec.of_learner()).seats(agent_names, seed) == 0).sum())
