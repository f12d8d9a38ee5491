"""What agents see: names, and the compiled writers that fill a batch of observations."""

from townlet.observations.features import build_spec, feature_names, map_channels

__all__ = ["build_spec", "feature_names", "map_channels"]
