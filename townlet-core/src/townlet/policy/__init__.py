"""Who decides: the runtime that holds the active policy, and the small policies that wrap others."""

from townlet.policy.activation import StubFallbackWarning
from townlet.policy.mixture import MixturePolicy
from townlet.policy.possession import Pilot, PossessedPolicy
from townlet.policy.runtime import PolicyRuntime
from townlet.policy.selection import parse_policy
from townlet.policy.stub import StubPolicy

__all__ = [
    "MixturePolicy",
    "Pilot",
    "PolicyRuntime",
    "PossessedPolicy",
    "StubFallbackWarning",
    "StubPolicy",
    "parse_policy",
]
