"""From names on a command line to the minds that they stand for in the arena."""

from __future__ import annotations

from townlet.arena.suites import Suite
from townlet.play import Casting, MindSpec

__all__ = ["RANDOM", "mind_under_test"]

RANDOM = MindSpec(requested="random", backend="scripted", options={"preset": "random"})
"""Who acts at random, among what is possible."""


def mind_under_test(name: str, suite: Suite, casting: Casting) -> MindSpec:
    """The mind of a name: ``random``, an archetype of the suite, or any name of a policy.

    Raises:
        UsageError, CheckpointError, RegistryError: as :meth:`Casting.mind`.
    """
    if name == RANDOM.requested:
        return RANDOM
    if name in suite.minds:
        return suite.minds[name].mind(name)
    return casting.mind(name, where=name)
