"""Who decides: the runtime that asks the minds of a town, and the small policies that wrap others."""

from townlet.minds.ledger import Ledger
from townlet.minds.mixture import MixturePolicy
from townlet.minds.parts import Part
from townlet.minds.patience import Patience
from townlet.minds.policy_names import parse_policy
from townlet.minds.possession import Pilot
from townlet.minds.runtime import PolicyRuntime
from townlet.minds.stub import StubPolicy

__all__ = ["Ledger", "MixturePolicy", "Part", "Patience", "Pilot", "PolicyRuntime", "StubPolicy", "parse_policy"]
