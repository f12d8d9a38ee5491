"""``townlet bench``, on a small town for a moment."""

from __future__ import annotations

import json

import pytest

WORDS = (
    "bench",
    "--set",
    "town.map=hamlet",
    "--backend",
    "stub",
    "--worlds",
    "1",
    "--worlds",
    "3",
    "--seconds",
    "0.01",
)


@pytest.mark.slow
def test_json(townlet) -> None:
    outcome = townlet(*WORDS, "--json")
    assert outcome.code == 0, outcome.err
    document = json.loads(outcome.out)
    assert list(document) == ["config_id", "policy", "threads", "start_seconds", "rows"]
    assert document["policy"]["active"] == "stub"
    assert [(row["worlds"], row["agents"]) for row in document["rows"]] == [(1, 4), (3, 12)]
    for row in document["rows"]:
        assert list(row) == ["worlds", "agents", "town", "deciding", "together"]
        assert row["together"] > 0
        assert row["together"] < row["town"] * 1.5


@pytest.mark.slow
def test_table(townlet) -> None:
    outcome = townlet(*WORDS)
    assert outcome.code == 0, outcome.err
    assert "WORLDS  AGENTS  TOWN" in outcome.out
    assert "policy stub, 1 thread\n" in outcome.out


@pytest.mark.parametrize("words", [("--worlds", "0"), ("--seconds", "0"), ("--threads", "0")])
def test_refused(townlet, words: tuple[str, str]) -> None:
    assert townlet("bench", *words).code == 2
