"""How slow minds are asked: the section ``policy.patience``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from townlet.config.model import Section

__all__ = ["PatienceConfig", "PatienceMode"]

PatienceMode = Literal["lockstep", "realtime"]
"""Whether the town waits for an answer, or goes on."""


class PatienceConfig(Section):
    """How core asks a backend that takes seconds (capability `slow`); others do not read it.

    Budgets are those of one town, so that a town plays the same alone and among others. Where one is spent, the agents
    of that town continue with the fallback.
    """

    mode: PatienceMode = Field(
        "lockstep",
        description="lockstep: the town waits for each answer, so a run is as reproducible as the answers are. "
        "realtime: agents act by the fallback until theirs comes.",
    )
    cadence: int = Field(
        25, ge=1, le=1_000_000, description="Ticks from one question of an agent to its next, at least."
    )
    most_steps: int = Field(6, ge=1, le=64, description="Steps of a plan, at most.")
    words: Literal["short", "long"] = Field("short", description="How much an agent is told of what it sees.")
    fallback: str = Field(
        "scripted",
        min_length=1,
        max_length=4096,
        description="The mind that acts where there is no plan, in a form of policy.backend.",
    )
    deadline_seconds: float = Field(
        120.0, gt=0, le=86_400, description="In lockstep: seconds after which a town no longer waits for an answer."
    )
    deadline_ticks: int = Field(
        200, ge=1, le=1_000_000, description="In realtime: ticks after which an answer is too late."
    )
    tick_seconds: float = Field(
        0.0,
        ge=0,
        le=3600,
        description="In realtime: seconds that a tick takes at least, so that there is time to think.",
    )
    budget_questions: int | None = Field(None, ge=1, description="Questions that a town may ask; null for no limit.")
    budget_tokens: int | None = Field(
        None, ge=1, description="Tokens, in and out, after which a town asks no more; null for no limit."
    )
    budget_cost: float | None = Field(
        None, gt=0, description="Cost, in the backend's currency, after which a town asks no more; null for no limit."
    )
