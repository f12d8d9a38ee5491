"""``Setting``: a scenario made ready to be played with any mind in the places that it leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from townlet.arena.suites import MatchScenario, Suite
from townlet.config import TownletConfig
from townlet.envs.names import slot_names
from townlet.errors import UsageError
from townlet.observations import town_facts
from townlet.play import Cast, Job, MindSpec, Role
from townlet.play.own_space import in_own_space
from townlet.world.chance import stream_keys
from townlet.world.names import STREAM_POLICY

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
        others = [Role(_percent(share * left), in_own_space(one, own)) for one, share in self.background[:-1]]
        return Cast((focal, *others, Role("*", in_own_space(self.background[-1][0], own))))

    def job(self, mind: MindSpec) -> Job:
        """The job of playing it with ``mind``."""
        return Job(self.config, self.cast(mind), self.seeds, self.ticks)

    def baseline(self) -> Job:
        """The same towns with the last mind of the background in the places under test: the town without you."""
        return self.job(self.background[-1][0])

    def seating(self) -> NDArray[np.intp]:
        """How many people the mind under test (first) and each mind of the background play in each town: ``[W, R]``."""
        cast = self.cast(MindSpec.of_learner())
        names = slot_names(town_facts(self.config.town).agents)
        keys = stream_keys(np.array(self.seeds, np.uint64))[:, STREAM_POLICY] >> np.uint64(1)
        return np.stack([np.bincount(cast.seats(names, int(key)), minlength=len(cast.roles)) for key in keys])

    def left_out(self) -> str | None:
        """Who has no place in it, where there are fewer people than minds; else None."""
        seating = self.seating()
        agents, under_test = int(seating[0].sum()), seating[:, 0]
        for seed, count in zip(self.seeds, under_test.tolist(), strict=True):
            if not 0 < count < agents:
                return f"in the town of seed {seed} the mind under test plays {count} of {agents} people"
        for (mind, _), count in zip(self.background, seating[:, 1:].sum(0).tolist(), strict=True):
            if count == 0:
                left = agents - int(under_test.max())
                return (
                    f"{mind.requested!r} plays nobody in any of its towns: {left} of {agents} people are left for "
                    f"{len(self.background)} minds of the background"
                )
        return None

    def refuse_left_out(self) -> None:
        """Refuse it where somebody has no place. Raises UsageError."""
        fault = self.left_out()
        if fault is not None:
            raise UsageError(
                f"scenario {self.name!r}: {fault}",
                details=("give its focal and background other shares, or fewer minds, or a map of more people",),
            )


def _percent(share: float) -> str:
    """As exact as equal shares need: those of three minds must not differ, or the last gets no place."""
    return f"{100 * share:.12f}".rstrip("0").rstrip(".") + "%"
