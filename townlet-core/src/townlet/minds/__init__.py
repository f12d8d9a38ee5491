"""Who decides: the runtime that asks the minds of a town, and the small policies that wrap others."""

from townlet.minds.mixture import MixturePolicy
from townlet.minds.parts import Part
from townlet.minds.policy_names import parse_policy
from townlet.minds.possession import Pilot
from townlet.minds.runtime import PolicyRuntime
from townlet.minds.stub import StubPolicy

__all__ = ["MixturePolicy", "Part", "Pilot", "PolicyRuntime", "StubPolicy", "parse_policy"]
