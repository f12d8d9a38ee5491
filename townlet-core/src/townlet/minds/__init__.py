"""Who decides: the runtime that holds the active policy, and the small policies that wrap others."""

from townlet.minds.activation import StubFallbackWarning
from townlet.minds.mixture import MixturePolicy
from townlet.minds.policy_names import parse_policy
from townlet.minds.possession import Pilot, PossessedPolicy
from townlet.minds.runtime import PolicyRuntime
from townlet.minds.stub import StubPolicy

__all__ = [
    "MixturePolicy",
    "Pilot",
    "PolicyRuntime",
    "PossessedPolicy",
    "StubFallbackWarning",
    "StubPolicy",
    "parse_policy",
]
