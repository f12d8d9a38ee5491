"""Backends built for earlier versions act, conform and learn beside the core of today."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.wheels, pytest.mark.slow]
OLDER = Path(__file__).parent / "older"
VERSIONS = sorted(path.name for path in OLDER.iterdir()) if OLDER.is_dir() else []
HAMLET = ("--set", "town.map=hamlet")
LEARNERS = ("scaffold-learner", "numpy-learner")


@pytest.fixture(scope="session", params=VERSIONS)
def place(request: pytest.FixtureRequest, environment: Callable[..., Any], link_folder: Callable[..., Path]) -> Any:
    """Today's core, and the backends of one earlier version."""
    needed = link_folder("kit", "townlet-core", "hypothesis", "psutil")
    wheels = sorted((OLDER / request.param).glob("*.whl"))
    assert len(wheels) == 3
    return environment(f"older-{request.param}", further=wheels, base=needed)


def test_some_are_kept() -> None:
    assert VERSIONS


def test_they_are_found_and_can_be_used(place: Any) -> None:
    states = place.states()
    assert states["townlet-backend-scripted:scripted"] == "present"
    for name in LEARNERS:
        assert states[f"townlet-backend-{name}:{name}"] == "present"


@pytest.mark.parametrize("name", ["scripted", *LEARNERS])
def test_they_conform(place: Any, name: str) -> None:
    report = place.json("backends", "check", name)
    assert report["conforms"], [r for r in report["results"] if r["outcome"] != "passed"]


def test_the_rules_act(place: Any) -> None:
    done = place.townlet("run", "--backend", "scripted", "--ticks", "20", "--set", "policy.on_missing=error", *HAMLET)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", LEARNERS)
def test_a_learner_learns(place: Any, tmp_path: Path, name: str) -> None:
    done = place.json(
        *("train", "--mode", "rollout", "--backend", name, "--out", str(tmp_path / "ppo"), "--quiet", *HAMLET),
        *("--set", "training.ppo.updates=1", "--set", "training.ppo.critic_warmup=0"),
        *("--set", "training.ppo.reference_kl.start=0", "--set", "training.ppo.reference_kl.end=0"),
        *("--set", "training.ppo.rollout.worlds=2", "--set", "training.ppo.rollout.ticks=32"),
        *("--set", "training.evaluate=false"),
    )
    assert done["result"]["updates"] == 1
