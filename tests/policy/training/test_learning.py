"""The real learner: it learns where failing has no excuse, and survives being killed without a trace."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from townlet.config import load_config
from townlet.plugins import torch_available
from townlet.policy.training import TrainingHarness
from townlet.policy.training.metrics import WALL_CLOCK
from townlet.policy.training.metrics_log import read_metrics

pytestmark = [
    pytest.mark.torch,
    pytest.mark.skipif(not torch_available(), reason="needs PyTorch and the pytorch backend"),
]

SMALL = [
    "training.evaluate=false",
    "training.ppo.rollout.worlds=8",
    "training.ppo.rollout.ticks=64",
    "training.ppo.learning_rate.start=0.002",
    "training.ppo.learning_rate.end=0.0002",
    "training.ppo.settings.gamma=0.95",
    "training.options.hidden=[64, 64]",
    "training.options.map_width=32",
    "training.options.threads=1",
    "training.checkpoints.every=1000",
]


def test_ppo_solves_the_bandit_town(tmp_path: Path) -> None:
    from townlet.envs.tiny import BanditTown

    config = load_config(None, [*SMALL, "training.ppo.updates=20"])
    result = TrainingHarness(config, "rollout", out=tmp_path / "run", engines=lambda _, s, t: BanditTown(s)).train()
    assert result.reward_first < 0.6
    assert result.reward_last > 0.95


def test_ppo_solves_the_navigation_town(tmp_path: Path) -> None:
    from townlet.envs.tiny import NavigationTown

    config = load_config(None, [*SMALL, "training.ppo.updates=40"])
    TrainingHarness(config, "rollout", out=tmp_path / "run", engines=lambda _, s, t: NavigationTown(s)).train()
    returns = [line["return_mean"] for line in read_metrics(tmp_path / "run" / "metrics.jsonl")]
    # Two tiles of the square lie 3.3 steps apart on average; the last step pays instead of costing.
    assert sum(returns[:2]) / 2 < 0.75
    assert sum(returns[-5:]) / 5 > 0.94


SCRIPT = """
import sys
from pathlib import Path
from townlet.config import load_config
from townlet.envs.tiny import BanditTown
from townlet.policy.training import TrainingHarness

out, resume, overrides = Path(sys.argv[1]), sys.argv[2] == "resume", sys.argv[3:]
harness = TrainingHarness(
    load_config(None, overrides), "rollout", out=out, resume=resume, engines=lambda _, seeds, t: BanditTown(seeds)
)
print(harness.train().fingerprint)
"""


def comparable(path: Path) -> list[dict]:
    return [{k: v for k, v in line.items() if k not in WALL_CLOCK} for line in read_metrics(path / "metrics.jsonl")]


@pytest.mark.slow
def test_killed_at_random_moments_and_resumed_it_is_as_if_nothing_happened(tmp_path: Path) -> None:
    overrides = [*SMALL[:-1], "training.checkpoints.every=3", "training.ppo.updates=40"]
    overrides += ["training.ppo.rollout.episode_ticks=500"]

    def start(out: Path, resume: bool) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", SCRIPT, str(out), "resume" if resume else "begin", *overrides]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    unbroken = start(tmp_path / "unbroken", False)
    expected, errors = unbroken.communicate(timeout=300)
    assert unbroken.returncode == 0, errors

    rng = random.Random()
    out, kills = tmp_path / "killed", 0
    while kills < 3:
        before = progress(out)
        running = start(out, (out / "run.json").exists())
        while progress(out) < before + rng.randint(1, 6) and running.poll() is None:
            time.sleep(0.01)
        time.sleep(rng.random() * 0.3)
        running.kill()
        running.communicate()
        kills += 1
    last = start(out, True)
    got, errors = last.communicate(timeout=300)
    assert last.returncode == 0, errors
    assert got == expected
    assert comparable(out) == comparable(tmp_path / "unbroken")


def progress(out: Path) -> int:
    return len(read_metrics(out / "metrics.jsonl"))
