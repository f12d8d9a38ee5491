"""The town itself: state in arrays, rules as small compiled functions, one tick that lists them.

``compile_town`` reads a config into a :class:`Town`; ``new_state`` puts ``W`` worlds of it at tick 0; ``bind`` makes
both visible to compiled code; ``mask_worlds`` says who can do what; ``step_towns`` is a tick.
"""

from townlet.world.compile_town import compile_town
from townlet.world.masks import mask_worlds
from townlet.world.names import ACTIONS, EVENTS, EXIT_REASONS, FACILITY_KINDS
from townlet.world.start import new_state, reset_world
from townlet.world.state import WorldState
from townlet.world.tables import Tables, Town
from townlet.world.tick import step_towns
from townlet.world.views import Bound, bind

__all__ = [
    "ACTIONS",
    "Bound",
    "EVENTS",
    "EXIT_REASONS",
    "FACILITY_KINDS",
    "Tables",
    "Town",
    "WorldState",
    "bind",
    "compile_town",
    "mask_worlds",
    "new_state",
    "reset_world",
    "step_towns",
]
