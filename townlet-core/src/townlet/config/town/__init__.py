"""The town section of a config: map, time, needs, work, money, ties, outside events, lives."""

from townlet.config.town.economy import EconomyConfig
from townlet.config.town.jobs import JobsConfig, ShiftConfig
from townlet.config.town.lives import LivesConfig
from townlet.config.town.needs import NeedsConfig
from townlet.config.town.outside import OutsideConfig, ScheduledEvent
from townlet.config.town.place import GeneratorConfig, MovementConfig, QueueConfig, TimeConfig
from townlet.config.town.social import SocialConfig
from townlet.config.town.town import SHIPPED_MANIFESTS, SHIPPED_MAPS, TownConfig

__all__ = [
    "SHIPPED_MANIFESTS",
    "SHIPPED_MAPS",
    "EconomyConfig",
    "GeneratorConfig",
    "JobsConfig",
    "LivesConfig",
    "MovementConfig",
    "NeedsConfig",
    "OutsideConfig",
    "QueueConfig",
    "ScheduledEvent",
    "ShiftConfig",
    "SocialConfig",
    "TimeConfig",
    "TownConfig",
]
