"""The mind in a town: it keeps itself fed, clean, awake and employed; nobody else here does."""

from __future__ import annotations

import pytest

from townlet.config import load_config
from townlet.envs.engine import TownEngine
from townlet.minds import PolicyRuntime, StubPolicy
from townlet.rollout import SimulationLoop
from townlet_backend_scripted import ScriptedOptions, ScriptedPolicy


def live(policy_of, days, seeds, *overrides):
    engine = TownEngine(load_config(None, overrides), list(range(seeds)))
    SimulationLoop(engine, PolicyRuntime(policy_of(engine.spec), engine.spec)).run(days * 1000)
    return engine.kpis()


def scripted(spec):
    return ScriptedPolicy(spec, ScriptedOptions())


def test_a_hamlet_lives_two_days():
    found = live(scripted, 2, 4, "town.map=hamlet").summary()
    assert found["exits"] < 0.1
    assert found["attendance"] > 0.8
    assert 1.5 < found["finished_table"] < 5
    assert found["wages"] > 10


def test_where_everybody_waits_nobody_is_well():
    found = live(lambda spec: StubPolicy(), 2, 4, "town.map=hamlet").summary()
    assert found["self_sufficiency"] == 0
    assert found["wages"] == found["finished_table"] == 0


@pytest.mark.slow
def test_riverside_meets_the_balance_targets():
    found = live(scripted, 5, 16).summary()
    assert found["self_sufficiency"] >= 0.80
    assert found["attendance"] >= 0.85
    assert found["starvations"] < 0.05


@pytest.mark.slow
def test_other_thresholds_earn_more_so_there_is_something_to_learn():
    plain = live(scripted, 3, 8).summary()["reward"]

    def eager(spec):
        return ScriptedPolicy(spec, ScriptedOptions(sleep_below=0.85, wash_below=0.8, eat_below=0.6))

    assert live(eager, 3, 8).summary()["reward"] > plain + 0.05
