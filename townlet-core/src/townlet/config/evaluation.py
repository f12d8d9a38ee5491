"""How a policy is judged: the section ``evaluation``."""

from __future__ import annotations

from pydantic import Field

from townlet.config.model import Section

__all__ = ["EvaluationConfig", "MarginsConfig", "StrangersConfig"]


class MarginsConfig(Section):
    """How much worse than its teacher a candidate may be: the 95 % interval of the difference must stay within it."""

    reward: float = Field(0.05, ge=0, description="Reward per agent-day.")
    self_sufficiency: float = Field(0.02, ge=0, description="Share of agent-days without a lost need.")


class StrangersConfig(Section):
    """What must hold among strangers before a checkpoint is promoted: it may do no worse there than the release."""

    suite: str | None = Field(
        None,
        description="Suite of the arena that is played: public, held-out, or a YAML file, a relative path starting at "
        "this file's folder; None: none is required.",
    )
    focal_return: float = Field(
        0.05,
        ge=0,
        description="How much less than the release it may earn, reward per agent-day: the 95 % interval of the "
        "difference must stay within it.",
    )
    background_return: float = Field(
        0.05, ge=0, description="How much less than beside the release the others may earn, reward per agent-day."
    )


class EvaluationConfig(Section):
    """The towns that a policy is judged on, and what makes it a candidate for release."""

    seeds: int = Field(8, ge=1, le=100_000, description="Towns, each with its own seed; the same for every policy.")
    first_seed: int = Field(
        1_000_000, ge=0, lt=2**62, description="Seed of the first town; kept apart from the seeds trained on."
    )
    days: float = Field(2.0, gt=0, le=10_000, description="Length of each town's life, days.")
    worlds: int = Field(8, ge=1, le=4096, description="Towns stepped side by side; results do not depend on it.")
    threads: int = Field(1, ge=1, le=64, description="Threads that step the towns; results do not depend on it.")
    explore: bool = Field(
        False, description="Whether to sample actions from the policy instead of taking the most likely one."
    )
    required_passes: int = Field(
        2,
        ge=1,
        le=100,
        description="Number of passed evaluations in a row that make a checkpoint a candidate for release.",
    )
    margins: MarginsConfig = Field(
        default_factory=MarginsConfig, description="How much worse than its teacher a candidate may be."
    )
    required_scenarios: tuple[str, ...] = Field(
        (),
        description="Scenarios whose expectations a checkpoint must meet before it is promoted; `all` for every one.",
    )
    strangers: StrangersConfig = Field(
        default_factory=StrangersConfig, description="What must hold among strangers before a checkpoint is promoted."
    )
