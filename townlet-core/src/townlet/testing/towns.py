"""Real towns for the kit: small, and with lives short enough that births and deaths happen while one looks."""

from __future__ import annotations

from townlet.config import TownletConfig
from townlet.envs import TownEngine

__all__ = ["hamlet_config", "short_lived_hamlet"]

_SHORT_LIVES = {"collapse_ticks": 5, "exits_per_day": 1000, "exit_gap": 15, "respawn_min": 3, "respawn_max": 8}
_QUIET = {"enabled": False}


def hamlet_config(config: TownletConfig | None = None, *, lives: dict[str, int] | None = None) -> TownletConfig:
    """A hamlet of four in which nothing comes from outside, observed as ``config`` says."""
    observation = (config or TownletConfig()).observation.model_dump()
    town = {"map": "hamlet", "outside": _QUIET, "lives": lives or {}}
    return TownletConfig.model_validate({"town": town, "observation": observation})


def short_lived_hamlet(config: TownletConfig | None = None) -> TownEngine:
    """Two hamlets in which half of the people are about to starve, one after the other, whatever they do."""
    engine = TownEngine(hamlet_config(config, lives=_SHORT_LIVES), [11, 12])
    engine.state.agents.hunger[:, ::2] = 0.0
    engine.state.agents.groceries[:, ::2] = 0
    engine.state.agents.meals[:, ::2] = 0
    return engine
