"""Eight people live a whole day on a service that thinks by the rules, in lockstep and in real time."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("httpx")
pytest.importorskip("jinja2")

from townlet.config import TownletConfig, load_config
from townlet.data import open_dataset

sys.path.insert(0, str(Path(__file__).parent))
from test_llm import asked, key, play, service  # noqa: F401 (fixtures)

DAY = 1000


@pytest.fixture(scope="module")
def config() -> TownletConfig:
    """Goals: what is decided holds for a while, so a day takes few questions."""
    return load_config(None, ["town.actions=goals", "town.ask_every=10"])


@pytest.mark.slow
def test_in_lockstep(service, play, tmp_path) -> None:  # noqa: F811
    outcome = play(service, folder=tmp_path / "town", ticks=DAY, patience={"cadence": 5}, concurrency=8)
    told, figures = outcome.ledgers[0].ledger, outcome.kpis.totals()
    assert outcome.kpis.agent_sums.shape[1] == 8
    assert 100 < told.plans == told.questions < 800, "some thirty questions a person, where a decision is a goal"
    assert told.failures == 0
    assert figures["exit"] == 0
    assert figures["sufficient_days"] >= 7, "they eat, wash and sleep"
    assert figures["wages"] > 0
    assert open_dataset(tmp_path / "town").ticks == DAY


@pytest.mark.slow
def test_in_real_time(service, play, tmp_path) -> None:  # noqa: F811
    service.latency = 0.01
    patience = {"mode": "realtime", "tick_seconds": 0.01, "cadence": 5}
    outcome = play(service, folder=tmp_path / "town", ticks=DAY, patience=patience, concurrency=8)
    told = outcome.ledgers[0].ledger
    assert told.plans > 100
    assert told.latency_ticks > 0
    assert open_dataset(tmp_path / "town").ticks == DAY
