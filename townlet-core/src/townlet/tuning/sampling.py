"""Who proposes the next trial. Optuna keeps the study in memory; the journal of the study's folder is what lasts.

A proposal depends on the seed, its number and the trials told before it, on nothing else: a study that was
interrupted continues exactly as it would have.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from townlet.config.tuning import TuningSampler
from townlet.errors import UsageError
from townlet.tuning.fields import Value
from townlet.tuning.journal import Trial
from townlet.tuning.space import Dimension, Space

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler

__all__ = ["importances", "need_optuna", "propose"]

_STEPS = (0.04, 0.1, 0.25)
"""Sizes of a step of the local search, as shares of a range; one is drawn for each proposal."""
_SHARES = (0.08, 0.2, 0.5)
"""Shares of the settings that a step moves."""


def need_optuna() -> None:
    """Ask before anything else whether there can be a search. Raises UsageError without Optuna."""
    if importlib.util.find_spec("optuna") is None:
        raise UsageError("tuning needs Optuna", details=('install it with:  pip install "townlet-core[tune]"',))


def propose(
    space: Space, trials: Sequence[Trial], *, sampler: TuningSampler, seed: int, number: int, maximise: bool
) -> dict[str, Value]:
    """Settings to try next. They may be refused together, or have been tried: then ask again with another seed.

    Args:
        space: what varies.
        trials: those that are done, in their order.
        sampler: who proposes.
        seed: of the search.
        number: of the trial.
        maximise: whether more of the objective is better.
    """
    if sampler == "local":
        return _near(space, trials, np.random.default_rng([seed, number]), maximise)
    study = _study(space, trials, maximise, _optuna_sampler(sampler, seed + number))
    proposed = study.ask({d.key: _distribution(d) for d in space.dimensions})
    return {d.key: proposed.params[d.key] for d in space.dimensions}


def importances(space: Space, trials: Sequence[Trial], *, maximise: bool) -> dict[str, float]:
    """How much each setting mattered: share of the whole by Optuna's PED-ANOVA, most important first.

    Watanabe, Bansal and Hutter, "PED-ANOVA: efficiently quantifying hyperparameter importance in arbitrary subspaces"
    (IJCAI 2023). Empty where less than ten trials have something to say.
    """
    told = [trial for trial in trials if trial.objective is not None]
    if len(told) < 10:
        return {}
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    study = _study(space, told, maximise, None)
    found = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
    return {key: float(share) for key, share in found.items()}


def _near(space: Space, trials: Sequence[Trial], rng: np.random.Generator, maximise: bool) -> dict[str, Value]:
    """A step from the best trial so far: some settings, drawn anew, move by a normal step of a size drawn anew.

    Steps of several sizes make the search insensitive to how far the good settings are; that it only compares makes
    it insensitive to constraints (Rastrigin's "random search with step adaptation", without the adaptation).
    """
    best = min(trials, key=lambda trial: trial.rank(maximise=maximise))
    shares = np.array(space.shares(best.values))
    moved = rng.random(len(shares)) < rng.choice(_SHARES)
    moved[rng.integers(len(shares))] = True
    stepped = shares + moved * rng.normal(0.0, rng.choice(_STEPS), len(shares))
    stepped = np.abs(stepped)  # a step beyond an end comes back into the range
    stepped = 1.0 - np.abs(1.0 - stepped)
    values = space.values([float(share) for share in stepped])
    for dimension, step in zip(space.dimensions, moved, strict=True):
        if not step:
            values[dimension.key] = best.values[dimension.key]
        elif values[dimension.key] == best.values[dimension.key] and dimension.kind != "float":
            values[dimension.key] = _beside(dimension, best.values[dimension.key], rng)
    return values


def _beside(dimension: Dimension, value: Value, rng: np.random.Generator) -> Value:
    """Another value of whole numbers or choices, one step away: small steps would never leave the value."""
    if dimension.kind == "choice":
        others = [choice for choice in dimension.choices if choice != value]
        return others[int(rng.integers(len(others)))]
    assert isinstance(value, int | float)
    step = 1 if rng.random() < 0.5 else -1
    inside = dimension.low <= value + step <= dimension.high
    return round(value) + (step if inside else -step)


def _optuna_sampler(name: TuningSampler, seed: int) -> BaseSampler:
    from optuna.exceptions import ExperimentalWarning
    from optuna.samplers import RandomSampler, TPESampler

    if name == "random":
        return RandomSampler(seed=seed)
    with warnings.catch_warnings():  # that some of it is called experimental is our concern, not the user's
        warnings.simplefilter("ignore", category=ExperimentalWarning)
        return TPESampler(seed=seed, multivariate=True)


def _study(space: Space, trials: Sequence[Trial], maximise: bool, sampler: BaseSampler | None) -> Study:
    """The trials for Optuna, which is told their places, best highest: all that it uses here is their order, and
    in it constraints have their say whatever Optuna knows of constraints."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    distributions = {d.key: _distribution(d) for d in space.dimensions}
    ranked = sorted(trials, key=lambda trial: trial.rank(maximise=maximise))
    places = {trial.number: float(len(ranked) - place) for place, trial in enumerate(ranked)}
    for trial in trials:
        if trial.objective is None or not all(d.holds(trial.values[d.key]) for d in space.dimensions):
            continue
        study.add_trial(
            optuna.trial.create_trial(
                params=dict(trial.values), distributions=dict(distributions), value=places[trial.number]
            )
        )
    return study


def _distribution(dimension: Dimension) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if dimension.kind == "choice":
        return CategoricalDistribution(dimension.choices)
    if dimension.kind == "int":
        return IntDistribution(int(dimension.low), int(dimension.high), log=dimension.log)
    return FloatDistribution(dimension.low, dimension.high, log=dimension.log)
