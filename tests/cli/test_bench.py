"""``townlet bench town`` and ``townlet bench train``, on a small town for a moment."""

from __future__ import annotations

import json
import re

import pytest

WORDS = (
    "bench",
    "town",
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
    assert re.search(r"^towns +agents +town +deciding +together$", outcome.out, re.MULTILINE)
    assert "policy stub, 1 thread\n" in outcome.out


@pytest.mark.parametrize("words", [("--worlds", "0"), ("--seconds", "0"), ("--threads", "0")])
def test_refused(townlet, words: tuple[str, str]) -> None:
    assert townlet("bench", "town", *words).code == 2


TRAIN = (
    "bench",
    "train",
    "--set",
    "town.map=hamlet",
    "--set",
    "training.options={hidden: [16, 16], map_width: 8, threads: 1}",
    "--set",
    "training.ppo.rollout.ticks=32",
    "--worlds",
    "2",
    "--device",
    "cpu",
    "--iterations",
    "2",
)


@pytest.mark.slow
@pytest.mark.torch
def test_training_json(townlet) -> None:
    outcome = townlet(*TRAIN, "--json")
    assert outcome.code == 0, outcome.err
    document = json.loads(outcome.out)
    assert document["learner"]["active"] == "pytorch"
    shape = [document[name] for name in ("worlds", "groups", "ticks", "epochs", "iterations")]
    assert shape == [2, 2, 32, 3.0, 2]
    pieces = {piece["name"]: piece for piece in document["pieces"]}
    outer = ("towns", "deciding", "update", "rest")
    assert set(pieces) > {*outer, "deciding.forward", "update.steps"}
    assert sum(pieces[name]["seconds"] for name in outer) == pytest.approx(document["seconds"], rel=0.5)
    for name in ("towns", "deciding", "update"):
        assert pieces[name]["bound_seconds"] > 0
    assert pieces["update"]["seconds"] > pieces["update.steps"]["seconds"]
    assert document["peak_bytes"] > 100 * 2**20 > document["experience_bytes"] > 33 * 8 * 500
    assert document["per_second"] == pytest.approx(document["agent_steps"] / document["seconds"], abs=1)


@pytest.mark.slow
@pytest.mark.torch
def test_training_table(townlet) -> None:
    outcome = townlet(*TRAIN)
    assert outcome.code == 0, outcome.err
    assert "2 towns in 2 groups, 32 ticks, 3 epochs; median of 2 iterations" in outcome.out
    names = [line.split("  ")[0] for line in outcome.out.splitlines() if line[:1].isalpha()]
    assert names[-7:-1] == ["piece", "end to end", "towns", "deciding", "update", "rest"]
    last = outcome.out.splitlines()[-1]
    assert re.fullmatch(r"memory: [\d.]+ MiB of experience; the process took [\d,]+ MiB at most", last)
    assert all(len(line) <= 80 for line in outcome.out.splitlines())


@pytest.mark.parametrize("words", [("--worlds", "0"), ("--iterations", "0"), ("--device",)])
def test_training_refused(townlet, words: tuple[str, ...]) -> None:
    assert townlet("bench", "train", *words).code == 2


@pytest.mark.torch
def test_a_device_that_is_not_there_is_named(townlet) -> None:
    outcome = townlet("bench", "train", "--device", "cuda:77")
    assert outcome.code == 3
    assert "cuda:77" in outcome.err
    assert "cpu" in outcome.err
