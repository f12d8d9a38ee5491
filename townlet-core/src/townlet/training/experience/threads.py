"""How many threads step the towns of a rollout."""

from __future__ import annotations

import os

from townlet.config.training import RolloutConfig

__all__ = ["town_threads"]

_TOWNS_A_THREAD = 16
"""A thread pays for so many towns; with fewer, handing them out takes longer than they do."""


def town_threads(config: RolloutConfig, towns: int, *, alone: bool = True) -> int:
    """Threads for ``towns`` towns that are stepped together: as many as the config says, or as suit the machine.

    Results do not depend on it, so a resumed run may use another number.

    Args:
        config: what is asked for.
        towns: stepped together, such as those of one group.
        alone: whether this process has the machine to itself; one of several workers gets one thread.
    """
    if config.threads != "auto":
        return config.threads
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(here - 1, towns // _TOWNS_A_THREAD)) if alone else 1
