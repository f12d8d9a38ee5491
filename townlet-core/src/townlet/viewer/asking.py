"""Asking a mind again what it thinks of a recorded town, tick by tick, in the order in which it happened."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from townlet.api import ObservationBatch
from townlet.config import TownletConfig
from townlet.envs.engine import TownEngine
from townlet.minds.runtime import PolicyRuntime
from townlet.play import Casting, Troupe
from townlet.viewer.thoughts import Scores, chances

__all__ = ["Asked", "ask_again"]


class Asked:
    """A mind that is asked at every tick, with its memory.

    Args:
        runtime: started for this one town.
    """

    def __init__(self, runtime: PolicyRuntime) -> None:
        self._runtime = runtime
        self._asked = self._agreed = 0
        self._scored = False

    def scores(self, observations: ObservationBatch, taken: NDArray[np.int64]) -> Scores:
        """Its probabilities over what is possible, if it gives logits, and its values."""
        decision = self._runtime.decide(observations)
        living = observations.active
        self._asked += int(living.sum())
        self._agreed += int((decision.actions == taken)[living].sum())
        if decision.logits is None:
            return Scores(None, decision.values)
        self._scored = True
        return Scores(chances(decision.logits, observations.action_mask), decision.values)

    def note(self) -> str:
        """Who was asked, and how often it would have done the same."""
        share = self._agreed / max(self._asked, 1)
        silent = "" if self._scored else " It gives no probabilities."
        return f"Asked again: {self._runtime.requested}; it would have done the same in {share:.1%} of choices.{silent}"


def ask_again(name: str, config: TownletConfig, engine: TownEngine) -> Asked:
    """Make ready the mind ``name``, a form that ``townlet run --backend`` takes, for the one town of ``engine``.

    Raises:
        TownletError: where it is not installed, cannot be loaded or does not fit the observations.
    """
    troupe = Troupe.open(Casting.of(config).cast(name), engine.spec, seed=config.seed)
    runtime = troupe.runtime(engine.spec, engine.agent_names)
    runtime.start(engine.agents, engine.policy_seeds())
    return Asked(runtime)
