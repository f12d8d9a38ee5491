"""How a mind does among minds it has never met: scenarios with strangers, and everybody with everybody."""

from townlet.arena.joining import join_results
from townlet.arena.linting import lint
from townlet.arena.matches import Setting
from townlet.arena.meeting import meet
from townlet.arena.results import Anchor, ArenaResult, Cell, CrossPlay, ScenarioResult, Standing, Total
from townlet.arena.suites import Suite, load_suite, suite_names

__all__ = [
    "Anchor",
    "ArenaResult",
    "Cell",
    "CrossPlay",
    "ScenarioResult",
    "Setting",
    "Standing",
    "Suite",
    "Total",
    "join_results",
    "lint",
    "load_suite",
    "meet",
    "suite_names",
]
