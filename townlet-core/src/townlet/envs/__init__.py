"""Towns that can be stepped: the engine everything else uses, the field's own kinds of environment, tiny towns.

``TownVectorEnv`` lives in ``townlet.envs.vector`` and ``TownParallelEnv`` in ``townlet.envs.parallel``: they import
gymnasium and PettingZoo, which nothing else needs.
"""

from townlet.envs.engine import TownEngine
from townlet.envs.protocol import Engine, StepResult
from townlet.envs.render import render_ansi, render_rgb
from townlet.envs.tiny import BanditTown, NavigationTown, RecallTown

__all__ = [
    "BanditTown",
    "Engine",
    "NavigationTown",
    "RecallTown",
    "StepResult",
    "TownEngine",
    "render_ansi",
    "render_rgb",
]
