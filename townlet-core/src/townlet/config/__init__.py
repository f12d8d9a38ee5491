"""The config of a town: frozen models, read from YAML with the place of every error.

``load_config()`` is the default town; ``load_config("town.yaml", ["policy.backend=stub"])`` reads a file and
overrides a value.
"""

from townlet.config.document import ConfigDocument
from townlet.config.evaluation import EvaluationConfig
from townlet.config.loader import gathered, load_config, load_document
from townlet.config.model import Section
from townlet.config.observation import ObservationConfig
from townlet.config.overrides import Override
from townlet.config.policy import PolicyConfig
from townlet.config.rewards import RewardsConfig
from townlet.config.root import TownletConfig, config_digest
from townlet.config.schema import config_schema
from townlet.config.stored import read_stored_config, stored_config
from townlet.config.town import TownConfig
from townlet.config.training import TrainingConfig

__all__ = [
    "ConfigDocument",
    "EvaluationConfig",
    "ObservationConfig",
    "Override",
    "PolicyConfig",
    "RewardsConfig",
    "Section",
    "TownConfig",
    "TownletConfig",
    "TrainingConfig",
    "config_digest",
    "config_schema",
    "gathered",
    "load_config",
    "load_document",
    "read_stored_config",
    "stored_config",
]
