"""Hamlets in a known state: four people with names, each where a test's story needs them."""

from __future__ import annotations

import numpy as np

from townlet.api import Decision, ObservationBatch
from townlet.config import TownletConfig
from townlet.envs import StepResult, TownEngine
from townlet.errors import UsageError
from townlet.testing.towns import hamlet_config
from townlet.world.names import ACTIONS, FACILITY_KINDS

__all__ = ["StagedTown", "everyday_scene"]

_NEEDS = ("hunger", "energy", "hygiene")


class StagedTown:
    """One hamlet of four (alice, bob, carol and dave) in which nothing happens but what a test says.

    Nothing comes from outside; observations are those of ``config``, or of the default config if it is None.

    Attributes:
        engine: the town.
        spec: what its observations mean.
        names: of the people; row ``n`` is the one named ``names[n]``.
    """

    def __init__(self, config: TownletConfig | None = None, seed: int = 7) -> None:
        self.engine = TownEngine(hamlet_config(config), [seed])
        self.spec = self.engine.spec
        self.names = self.engine.agent_names

    def row(self, who: str) -> int:
        """The row of a person. Raises UsageError for a name that nobody has."""
        if who not in self.names:
            raise UsageError(f"no agent is called {who!r}", details=(f"known: {', '.join(self.names)}",))
        return self.names.index(who)

    def put(self, who: str, at: str) -> StagedTown:
        """Put a person on a free tile from which ``use`` acts on a facility of this kind (``"stove"``, ``"bed"``, ...).

        For ``"bed"`` and ``"desk"`` any will do, not only one's own. Raises UsageError if there is none.
        """
        if at not in FACILITY_KINDS:
            raise UsageError(f"there is no facility {at!r}", details=(f"choose from {', '.join(FACILITY_KINDS)}",))
        state, town = self.engine.state, self.engine.tables.map
        kinds = np.append(town.object_kind, -1)[town.use_object]
        free = (kinds == FACILITY_KINDS.index(at)) & town.walkable & (state.occupancy[0] < 0)
        if not free.any():
            raise UsageError(f"no tile at a {at} is free")
        row, (y, x) = self.row(who), np.argwhere(free)[0]
        agents = state.agents
        state.occupancy[0, agents.y[0, row], agents.x[0, row]] = -1
        agents.y[0, row], agents.x[0, row] = y, x
        state.occupancy[0, y, x] = row
        return self

    def feel(self, who: str, **needs: float) -> StagedTown:
        """Set needs of a person (``hunger``, ``energy``, ``hygiene``), 1 satisfied, 0 at the worst."""
        for name, value in needs.items():
            if name not in _NEEDS or not 0 <= value <= 1:
                raise UsageError(
                    f"{name} = {value} is not a need between 0 and 1", details=(f"needs: {', '.join(_NEEDS)}",)
                )
            getattr(self.engine.state.agents, name)[0, self.row(who)] = value
        return self

    def own(
        self, who: str, *, money: float | None = None, groceries: int | None = None, meals: int | None = None
    ) -> StagedTown:
        """Set what a person has: coins and pieces."""
        for name, value in (("money", money), ("groceries", groceries), ("meals", meals)):
            if value is not None:
                getattr(self.engine.state.agents, name)[0, self.row(who)] = value
        return self

    def observe(self) -> ObservationBatch:
        """What all see now: a view, which the next step writes into again."""
        return self.engine.observe()

    def see(self, who: str) -> dict[str, float]:
        """The features of one person, by name."""
        row = self.observe().features[self.row(who)]
        return {name: float(value) for name, value in zip(self.spec.feature_names, row, strict=True)}

    def can(self, who: str) -> set[str]:
        """The actions that are possible for one person now."""
        mask = self.observe().action_mask[self.row(who)]
        return {name for name, possible in zip(self.spec.action_names, mask, strict=True) if possible}

    def chosen(self, decision: Decision) -> dict[str, str]:
        """Who does what by a decision: name to name of the action."""
        actions = decision.actions.tolist()
        return {who: self.spec.action_names[action] for who, action in zip(self.names, actions, strict=True)}

    def do(self, **choices: str) -> StepResult:
        """One tick in which people do as said (``alice="use"``) and all others wait.

        Raises:
            BackendContractError: if somebody cannot do that now.
        """
        actions = np.zeros(self.engine.rows, np.int64)
        for who, action in choices.items():
            actions[self.row(who)] = ACTIONS.index(action)
        return self.engine.step(actions)


def everyday_scene(config: TownletConfig | None = None) -> StagedTown:
    """Alice is hungry at the stove with groceries, Bob tired in bed, Carol dirty in the shower, Dave on a bench."""
    scene = StagedTown(config)
    for who in scene.names:
        scene.feel(who, hunger=0.8, energy=0.8, hygiene=0.8).own(who, money=30.0, groceries=0, meals=0)
    scene.put("alice", "stove").feel("alice", hunger=0.2).own("alice", groceries=2)
    scene.put("bob", "bed").feel("bob", energy=0.15)
    scene.put("carol", "shower").feel("carol", hygiene=0.1)
    return scene.put("dave", "bench")
