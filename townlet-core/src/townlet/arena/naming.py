"""From names on a command line to the minds that they stand for in the arena, and which of them may be tested."""

from __future__ import annotations

from townlet.api import TownFacts
from townlet.arena.suites import Suite
from townlet.checkpoints import is_checkpoint, read_checkpoint
from townlet.errors import UsageError
from townlet.play import Casting, MindSpec
from townlet.play.reserve import reserved

__all__ = ["RANDOM", "mind_under_test", "refuse_taught_there"]

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


def refuse_taught_there(mind: MindSpec) -> None:
    """Refuse a mind whose checkpoint says that it was taught in a town that is held out.

    A checkpoint of another's own kind does not say where it was taught, and is let pass.

    Raises:
        UsageError: it was; with the file that says so.
    """
    for single in mind.singles():
        stored = single.checkpoint
        facts = None
        if stored is not None and is_checkpoint(stored.path):
            facts = read_checkpoint(stored.path, verify=False).manifest.facts
        if stored is not None and facts is not None and (found := reserved(TownFacts.from_json(facts))):
            raise UsageError(
                f"{single.requested!r} was taught where it would be tested: {found[0]}",
                where=str(stored.path / "manifest.json"),
                details=("play the public suite, or train it in a town that is not held out",),
            )
