"""From names on a command line to the minds that they stand for in the arena, and which of them may be tested."""

from __future__ import annotations

from townlet.arena.suites import Suite, load_suite
from townlet.play import Casting, MindSpec
from townlet.play.reserve import refuse_taught_there

__all__ = ["RANDOM", "mind_under_test", "refuse_taught"]

RANDOM = MindSpec(requested="random", backend="scripted", options={"preset": "random"})
"""Who acts at random, among what is possible."""


def mind_under_test(name: str, suite: Suite, casting: Casting) -> MindSpec:
    """The mind of a name: ``random``, an archetype of the suite or of ``public``, or any name of a policy.

    Raises:
        UsageError, CheckpointError, RegistryError: as :meth:`Casting.mind`.
    """
    if name == RANDOM.requested:
        return RANDOM
    for archetypes in (suite.minds, load_suite("public").minds):
        if name in archetypes:
            return archetypes[name].mind(name)
    return casting.mind(name, where=name)


def refuse_taught(mind: MindSpec) -> None:
    """Refuse a mind of which a checkpoint was taught in a town that is held out.

    Raises:
        UsageError: it was; with the file that says so.
    """
    for single in mind.singles():
        if single.checkpoint is not None:
            instead = "play the public suite, or train it in a town that is not held out"
            refuse_taught_there(single.checkpoint.path, who=repr(single.requested), instead=instead)
