"""What agents see: names and meanings, and the compiled writers that fill a batch of observations."""

from townlet.observations.channels import map_channels
from townlet.observations.facts import town_facts
from townlet.observations.features import feature_names, town_features
from townlet.observations.spec import build_spec, spec_in_goals, spec_without_map

__all__ = [
    "build_spec",
    "feature_names",
    "map_channels",
    "spec_in_goals",
    "spec_without_map",
    "town_facts",
    "town_features",
]
