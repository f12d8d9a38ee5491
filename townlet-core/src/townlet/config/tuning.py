"""How settings are searched for: the section ``tuning``, of ``townlet tune``."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from townlet.config.model import Section

__all__ = ["TuningConfig", "TuningMode", "TuningSampler"]

TuningSampler = Literal["local", "tpe", "random"]
"""How the next trial is proposed: near the best so far, by Optuna's TPE, or anywhere."""

TuningMode = Literal["bc", "ppo", "anneal"]
"""How a trial trains, where settings of training vary."""


class TuningConfig(Section):
    """What is tried, on which towns, and what counts as good.

    Trials are played on the towns ``first_seed`` and after; the best of them again on the towns that follow; the
    winner is judged on those of the section ``evaluation``, which no trial has seen.
    """

    search: dict[str, Any] = Field(
        default_factory=dict,
        description="Settings to vary: an option of the policy or a key of the config, with `LOW:HIGH`, a list of "
        "choices, or `auto` for the range of its model; empty: every option of the policy that has a range.",
    )
    objective: str = Field("reward", min_length=1, description="Key figure to optimise.")
    constraints: tuple[str, ...] = Field(
        ("self_sufficiency >= 0.99", "attendance >= 0.85"),
        description="Bounds on key figures, as `FIGURE >= NUMBER` or `FIGURE <= NUMBER`; a trial that meets them "
        "beats any that does not.",
    )
    trials: int = Field(
        200, ge=1, le=1_000_000, description="Number of trials; the first uses the settings as they are."
    )
    max_seconds: float | None = Field(
        None, gt=0, description="Wall time after which no new trials start, seconds; None: no limit."
    )
    batch: int = Field(
        2,
        ge=1,
        le=4096,
        description="Number of trials proposed together; the search depends on this, but not on the number of workers.",
    )
    sampler: TuningSampler = Field(
        "local",
        description="How to propose trials: local, by steps from the best so far; tpe, by Optuna's model; random, "
        "anywhere.",
    )
    seeds: int = Field(24, ge=1, le=100_000, description="Towns of a trial, each with its own seed; the same for all.")
    first_seed: int = Field(
        2_000_000, ge=0, lt=2**62, description="Seed of the first town; kept apart from those judged on."
    )
    days: float = Field(5.0, gt=0, le=10_000, description="Length of each town's life, days.")
    finalists: int = Field(5, ge=1, le=1000, description="Best trials that are played again on further towns.")
    final_seeds: int = Field(48, ge=1, le=100_000, description="Further towns that decide among the finalists.")
    judge_seeds: int = Field(
        64, ge=1, le=100_000, description="Towns that the winner is judged on, from evaluation.first_seed on."
    )
    train_mode: TuningMode = Field("anneal", description="Mode of training of a trial, where keys of `training` vary.")
