"""Threads that step the towns: what the config says, or what suits the machine."""

from __future__ import annotations

import os

import pytest

from townlet.config import load_config
from townlet.errors import ConfigError
from townlet.training.experience.threads import town_threads


def rollout(threads: str = "auto"):
    return load_config(None, [f"training.ppo.rollout.threads={threads}"]).training.ppo.rollout


@pytest.mark.parametrize(
    ("cores", "towns", "threads"),
    [(1, 4096, 1), (2, 4096, 1), (16, 1, 1), (16, 31, 1), (16, 32, 2), (16, 128, 8), (16, 2048, 15)],
)
def test_auto_suits_the_machine_and_the_towns(monkeypatch, cores, towns, threads) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(cores)), raising=False)
    assert town_threads(rollout(), towns) == threads


def test_a_worker_has_the_machine_not_to_itself(monkeypatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(16)), raising=False)
    assert town_threads(rollout(), 4096, alone=False) == 1


def test_a_number_is_taken_as_it_is() -> None:
    assert town_threads(rollout("3"), 1) == 3
    assert town_threads(rollout("3"), 1, alone=False) == 3


@pytest.mark.parametrize("threads", ["0", "65", "many", "1.5"])
def test_anything_else_is_refused(threads) -> None:
    with pytest.raises(ConfigError, match=r"training\.ppo\.rollout\.threads"):
        rollout(threads)
