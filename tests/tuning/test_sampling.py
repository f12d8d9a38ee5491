from __future__ import annotations

import sys

import pytest

from townlet.errors import UsageError
from townlet.tuning import Dimension, Space, Trial
from townlet.tuning.sampling import importances, need_optuna, propose

pytest.importorskip("optuna")

SPACE = Space(
    (
        Dimension("a", "float", 0.0, 1.0, 0.5),
        Dimension("b", "int", 1, 4, 2),
        Dimension("c", "choice", 0, 1, "x", choices=("x", "y")),
    )
)
START = Trial(number=0, values={"a": 0.5, "b": 2, "c": "x"}, objective=0.0)


def trials(count: int) -> list[Trial]:
    """Only ``a`` matters: the nearer to 0.8 the better."""
    told = [START]
    for number in range(1, count):
        values = propose(SPACE, told, sampler="random", seed=5, number=number, maximise=True)
        told.append(Trial(number=number, values=values, objective=-((float(values["a"]) - 0.8) ** 2)))
    return told


@pytest.mark.parametrize("sampler", ["local", "tpe", "random"])
def test_a_proposal_depends_on_seed_number_and_trials_alone(sampler):
    told = trials(15)

    def ask(seed: int, number: int):
        return propose(SPACE, told, sampler=sampler, seed=seed, number=number, maximise=True)

    assert ask(1, 15) == ask(1, 15)
    assert len({str(ask(seed, 15)) for seed in range(8)}) > 1
    assert len({str(ask(1, number)) for number in range(15, 23)}) > 1


@pytest.mark.parametrize("sampler", ["local", "tpe", "random"])
def test_proposals_lie_in_the_ranges_and_are_of_the_settings_kind(sampler):
    told = trials(12)
    for number in range(60):
        values = propose(SPACE, told, sampler=sampler, seed=3, number=number, maximise=True)
        assert all(dimension.holds(values[dimension.key]) for dimension in SPACE.dimensions)
        assert isinstance(values["b"], int)


def test_the_local_search_steps_from_the_best_and_moves_something():
    told = trials(12)
    best = min(told, key=lambda trial: trial.rank(maximise=True))
    steps = [propose(SPACE, told, sampler="local", seed=0, number=n, maximise=True) for n in range(100)]
    assert all(step != best.values for step in steps)
    assert sum(step["c"] == best.values["c"] for step in steps) > 40
    assert sum(abs(float(step["a"]) - float(best.values["a"])) < 0.3 for step in steps) > 80


def test_less_can_be_better():
    told = [START, START.model_copy(update={"number": 1, "values": {"a": 0.1, "b": 1, "c": "y"}, "objective": -9.0})]
    steps = [propose(SPACE, told, sampler="local", seed=0, number=n, maximise=False) for n in range(40)]
    assert sum(float(step["a"]) < 0.4 for step in steps) > 30


def test_what_mattered_matters_most():
    found = importances(SPACE, trials(60), maximise=True)
    assert next(iter(found)) == "a"
    assert found["a"] > 0.6
    assert sum(found.values()) == pytest.approx(1.0)


def test_too_few_trials_say_nothing_of_what_mattered():
    assert importances(SPACE, trials(9), maximise=True) == {}


def test_without_optuna_a_study_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r'pip install "townlet-core\[tune\]"'):
        need_optuna()
