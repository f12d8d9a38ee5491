"""Evaluation of what was trained, and its way into the registry."""

from __future__ import annotations

from pathlib import Path

from townlet.config.root import TownletConfig

__all__ = ["PromotionServiceAdapter"]


class PromotionServiceAdapter:
    """Records evaluations of checkpoints and says whether they may be promoted.

    Args:
        config: its ``evaluation`` says how a policy is judged.
        runs: folder of the registry.
    """

    def __init__(self, config: TownletConfig, runs: Path) -> None:
        self._config = config
        self._runs = runs
