"""Pictures of towns, policies and training. Needs the extra ``townlet-core[plots]``."""

from townlet.evaluation.plots.policies import Curve, Gate, comparison_plot, estimates_plot, learning_curves
from townlet.evaluation.plots.style import FORMATS, save_figure, svg_of
from townlet.evaluation.plots.towns import (
    Spell,
    Tie,
    agent_day,
    figures_per_day,
    heat_map,
    queue_lengths,
    ties_graph,
)

__all__ = [
    "FORMATS",
    "Curve",
    "Gate",
    "Spell",
    "Tie",
    "agent_day",
    "comparison_plot",
    "estimates_plot",
    "figures_per_day",
    "heat_map",
    "learning_curves",
    "queue_lengths",
    "save_figure",
    "svg_of",
    "ties_graph",
]
