"""The interface of a town with a given config."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from townlet.api import Action, ActionSpace, Affordance, ObservationSpec
from townlet.observations.channels import map_channels
from townlet.observations.features import town_features
from townlet.world.affordances import load_affordances
from townlet.world.names import ACTION_MEANINGS, ACTIONS, FACILITY_KINDS, GOAL_MEANINGS, GOALS

if TYPE_CHECKING:
    from townlet.config.root import TownletConfig

__all__ = ["build_spec", "spec_in_goals", "spec_without_map"]

_ACTIONS: Final[Mapping[ActionSpace, tuple[Action, ...]]] = {
    "primitive": tuple(Action(name, ACTION_MEANINGS[name]) for name in ACTIONS),
    "goals": tuple(Action(name, GOAL_MEANINGS[name]) for name in GOALS),
}


def build_spec(config: TownletConfig) -> ObservationSpec:
    """What observations and actions of a town with this config mean.

    Raises:
        ConfigError: if its affordance manifest cannot be read or is wrong.
    """
    town, variant, window = config.town, config.observation.variant, config.observation.window
    size = 0 if variant == "compact" else window
    affordances = tuple(
        Affordance(a.id, a.facility) for a in load_affordances(town.affordances, town.text_of(town.affordances))
    )
    return ObservationSpec(
        variant=variant,
        channels=map_channels(variant),
        map_height=size,
        map_width=size,
        features=town_features(affordances, town.time.day_ticks, town.actions, last_goal=config.observation.last_goal),
        actions=_ACTIONS[town.actions],
        action_space=town.actions,
        facility_kinds=FACILITY_KINDS,
        affordances=affordances,
        day_ticks=town.time.day_ticks,
    )


def spec_in_goals(spec: ObservationSpec, *, last_goal: bool = True) -> ObservationSpec:
    """What a mind that chooses goals sees in a town with this spec of primitive actions, and what it chooses from.

    Args:
        spec: of the town.
        last_goal: it sees the goal that it chose last.
    """
    features = town_features(spec.affordances, spec.day_ticks, "goals", last_goal=last_goal)
    return replace(spec, features=features, actions=_ACTIONS["goals"], action_space="goals")


def spec_without_map(spec: ObservationSpec) -> ObservationSpec:
    """What is seen in a town with this spec by a mind that was taught without a map: the same features, no map."""
    return replace(spec, variant="compact", channels=(), map_height=0, map_width=0)
