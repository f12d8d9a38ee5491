"""A study without a town: what a trial earns is a formula of its settings, so that a search can be watched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pytest

from townlet.config import TownletConfig, load_config
from townlet.evaluation import EvaluationResult, estimate
from townlet.tuning import TrialJob, TrialOutcome

SMALL = (
    "town.map=hamlet",
    "observation.variant=compact",
    "policy.options.preset=classic",
    "tuning.seeds=2",
    "tuning.days=0.1",
    "tuning.finalists=2",
    "tuning.final_seeds=2",
    "tuning.judge_seeds=2",
    'tuning.constraints=["attendance >= 0.85"]',
)


def small(*overrides: str) -> TownletConfig:
    """A config whose study is over in seconds."""
    return load_config(None, [*SMALL, *overrides])


def earned(job: TrialJob) -> dict[str, float]:
    """Best at eat_below 0.7 and patience 1; hungry people are not self-sufficient."""
    options = TownletConfig.model_validate_json(job.config).policy.options
    eat, patience = float(options.get("eat_below", 0.48)), float(options.get("patience", 3))
    return {
        "reward": 1.0 - (eat - 0.7) ** 2 - 0.01 * (patience - 1.0) ** 2,
        "self_sufficiency": min(1.0, 0.5 + eat),
        "attendance": 1.0,
    }


def evaluation(job: TrialJob, figures: dict[str, float]) -> EvaluationResult:
    """The formula's figures as an evaluation, a little luckier on some towns than on others."""
    luck = np.array([1e-3 * (seed % 7 - 3) for seed in job.seeds])
    samples = {name: value + luck for name, value in figures.items()}
    return EvaluationResult.model_validate(
        {
            "policy": "scripted",
            "provenance": {},
            "config_id": "formula",
            "explore": False,
            "seeds": job.seeds,
            "days": job.days,
            "agents": 4,
            "kpis": {name: estimate(sample) for name, sample in samples.items()},
            "per_seed": {name: tuple(sample.tolist()) for name, sample in samples.items()},
            "unknown": (),
        }
    )


class Formula:
    """Runs jobs by the formula and remembers them; ``stop_at`` interrupts before that many are done."""

    def __init__(self, stop_at: int | None = None, fails: Callable[[TrialJob], bool] = lambda job: False) -> None:
        self.jobs: list[TrialJob] = []
        self._stop_at = stop_at
        self._fails = fails

    def __call__(self, play: Callable[[TrialJob], TrialOutcome], jobs: Sequence[TrialJob]) -> Iterable[TrialOutcome]:
        for job in jobs:
            if self._stop_at is not None and len(self.jobs) >= self._stop_at:
                raise KeyboardInterrupt
            self.jobs.append(job)
            yield (
                TrialOutcome(None, "it broke down") if self._fails(job) else TrialOutcome(evaluation(job, earned(job)))
            )


@pytest.fixture
def formula() -> type[Formula]:
    return Formula


@pytest.fixture(name="small")
def _small() -> Callable[..., TownletConfig]:
    return small
