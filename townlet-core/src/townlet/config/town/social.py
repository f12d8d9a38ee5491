"""Chats and ties."""

from __future__ import annotations

from pydantic import Field

from townlet.config.model import Section

__all__ = ["SocialConfig"]


class SocialConfig(Section):
    """A chat succeeds with ``base * (1 + trust_factor * trust) * (1 + familiarity_factor * familiarity)``."""

    chat_base: float = Field(0.7, ge=0, le=1, description="Probability between strangers.")
    chat_trust: float = Field(0.3, ge=0, le=10, description="Share that full trust adds.")
    chat_familiarity: float = Field(0.2, ge=0, le=10, description="Share that full familiarity adds.")
    chat_reach: int = Field(
        2, ge=1, le=5, description="Distance over which agents can chat, tiles (the larger of rows and columns)."
    )
    chat_cooldown: int = Field(12, ge=0, le=10_000, description="Ticks after a chat before an agent may start another.")
    tie_decay: float = Field(0.998, gt=0, le=1, description="Factor on trust, familiarity and rivalry each hour.")
    shared_meal_window: int = Field(20, ge=1, le=1000, description="Ticks between two meals that count as shared.")
    shared_meal_bonus: float = Field(0.05, ge=0, le=1, description="Hunger that company adds to a meal.")
