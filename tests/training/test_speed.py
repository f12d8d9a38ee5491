"""How training's speed is measured, with a toy world and a toy learner whose times are known."""

from __future__ import annotations

import time

import pytest

from townlet.training import speed
from townlet.training.speed import measure_training


@pytest.fixture
def toy_towns(toy, monkeypatch):
    monkeypatch.setattr(speed, "town_engine", lambda config, seeds, threads: toy.ToyEngine(seeds))


def test_iterations_are_those_asked_for_and_the_first_is_left_out(toy_towns, learner, toy_config) -> None:
    done = []
    update = learner.update
    learner.update = lambda rollout, settings: (done.append(settings), update(rollout, settings))[1]
    told = measure_training(toy_config, iterations=3, warm_up=2)
    assert len(done) == 5
    assert all(settings.target_kl is None for settings in done)
    assert (told.towns, told.groups, told.ticks, told.iterations) == (4, 1, 32, 3)
    assert told.agent_steps == 4 * 2 * 32
    assert told.learner.active == "toy"


def test_pieces_sum_to_the_whole(toy_towns, learner, toy_config) -> None:
    told = measure_training(toy_config, iterations=1)  # medians of several need not
    assert [piece.name for piece in told.pieces] == ["towns", "deciding", "update", "rest"]
    assert sum(piece.seconds for piece in told.pieces) == pytest.approx(told.seconds, abs=0.001)
    assert told.pieces[0].bound > 0
    assert told.bound is None, "the toy learner tells nothing of its arithmetic"


def test_a_learner_that_tells_the_time_is_shown_piece_by_piece(toy_towns, learner, toy_config, monkeypatch) -> None:
    asked = []

    def clock(self):
        asked.append("clock")
        return {"deciding.dice": 0.25, "update.sums": 0.5}

    monkeypatch.setattr(type(learner), "clock", clock, raising=False)
    monkeypatch.setattr(
        type(learner), "bare", lambda self, rows, decisions, settings: {"deciding": 0.01, "update": 2.0}, raising=False
    )
    told = measure_training(toy_config, iterations=2)
    assert len(asked) == 1 + 3
    pieces = {piece.name: piece for piece in told.pieces}
    assert list(pieces) == ["towns", "deciding", "deciding.dice", "update", "update.sums", "rest"]
    assert (pieces["deciding.dice"].seconds, pieces["update.sums"].seconds) == (0.25, 0.5)
    assert pieces["deciding"].bound == pytest.approx(0.01 * 32)
    assert told.bound == pytest.approx(2.0 + max(0.32, pieces["towns"].bound))


def test_where_the_time_goes_is_seen(toy_towns, learner, toy_config) -> None:
    update = learner.update

    def slowly(rollout, settings):
        time.sleep(0.05)
        return update(rollout, settings)

    learner.update = slowly
    told = measure_training(toy_config, iterations=2)
    assert told.seconds > 0.05
    towns, deciding, _, _ = (piece.seconds for piece in told.pieces)
    assert towns + deciding < told.seconds - 0.05


def test_memory_is_stated(toy_towns, learner, toy_config) -> None:
    told, larger = (
        measure_training(toy_config.model_copy(update={"training": training}), iterations=1)
        for training in (toy_config.training, with_ticks(toy_config.training, 64))
    )
    assert 1.8 < larger.experience_bytes / told.experience_bytes < 2.0, "a rollout keeps one tick more than it has"
    assert told.peak_bytes is None or larger.peak_bytes >= told.peak_bytes > told.experience_bytes


def with_ticks(training, ticks):
    rollout = training.ppo.rollout.model_copy(update={"ticks": ticks})
    return training.model_copy(update={"ppo": training.ppo.model_copy(update={"rollout": rollout})})
