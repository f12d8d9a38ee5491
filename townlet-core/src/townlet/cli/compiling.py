"""Says that the first start compiles, before half a minute of silence."""

from __future__ import annotations

from townlet.cli.output import console
from townlet.envs.kernel import ENTRY_POINTS
from townlet.world.compiled import compile_pending, kept_on_disk

__all__ = ["say_that_it_compiles"]


def say_that_it_compiles() -> None:
    """Tell on stderr, where the rules of the town are not compiled yet; silent at every later start that finds them."""
    if not compile_pending(*ENTRY_POINTS):
        return
    if kept_on_disk(*ENTRY_POINTS):
        console().print(
            "compiling the town's rules for this machine: about half a minute, once; later starts take a second"
        )
    else:
        console().print(
            "compiling the town's rules: about half a minute at every start, because no folder was found that "
            "they could be kept in; set NUMBA_CACHE_DIR to one that can be written"
        )
