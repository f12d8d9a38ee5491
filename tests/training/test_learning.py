"""The real learner: it learns where failing has no excuse, and survives being killed without a trace."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from townlet.config import load_config
from townlet.plugins import torch_available
from townlet.training import TrainingHarness
from townlet.training.metrics.fields import WALL_CLOCK
from townlet.training.metrics.log import read_metrics

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
from townlet.training import TrainingHarness

out, resume, overrides = Path(sys.argv[1]), sys.argv[2] == "resume", sys.argv[3:]
harness = TrainingHarness(
    load_config(None, overrides), "rollout", out=out, resume=resume, engines=lambda _, seeds, t: BanditTown(seeds)
)
print(harness.train().fingerprint)
"""


def comparable(path: Path) -> list[str]:
    """The lines of metrics without what says how long something took."""
    lines = [{k: v for k, v in line.items() if k not in WALL_CLOCK} for line in read_metrics(path / "metrics.jsonl")]
    return [json.dumps(line) for line in lines]


def progress(out: Path) -> int:
    return len(read_metrics(out / "metrics.jsonl"))


def kill_at(out: Path, lines: int, running: subprocess.Popen[str], rng: random.Random) -> bool:
    """Kill a training a moment after its metrics have that many lines; whether it was still running then."""
    while (not (out / "run.json").exists() or progress(out) < lines) and running.poll() is None:
        time.sleep(0.01)
    time.sleep(rng.random() * 0.3)
    alive = running.poll() is None
    running.kill()
    running.communicate()
    return alive


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
    out = tmp_path / "killed"
    for _ in range(3):
        before = progress(out)
        kill_at(out, before + rng.randint(1, 6), start(out, (out / "run.json").exists()), rng)
    last = start(out, True)
    got, errors = last.communicate(timeout=300)
    assert last.returncode == 0, errors
    assert got == expected
    assert comparable(out) == comparable(tmp_path / "unbroken")


RIVERSIDE = """
training:
  evaluate: false
  options: {hidden: [32, 32], map_width: 16, threads: 1}
  demonstrations: {worlds: 2, ticks: 300}
  bc: {settings: {batch_size: 256}, accuracy_threshold: 0.0}
  ppo:
    rollout: {worlds: 2, ticks: 80, episode_ticks: 200, groups: 2}
    settings: {minibatches: 2, epochs: 1}
    critic_warmup: 2
    bc_batch: 64
  anneal:
    stages:
      - {cycle: 0, mode: bc, epochs: 3, teacher_ratio: 1.0}
      - {cycle: 1, mode: bc, epochs: 2, teacher_ratio: 0.3}
      - {cycle: 2, mode: ppo, epochs: 7, bc_weight: 0.1}
      - {cycle: 3, mode: ppo, epochs: 8}
  checkpoints: {every: 2}
"""
LINES = (range(7), range(10, 14), range(18, 21))
"""Lines of metrics after which to kill. 0 is while the teacher is recorded, 1 to 7 are of cloning, 8 to 15 and 16 to 24
of the two stages of PPO with their gates; there the moments are such that the resume has towns under way to continue.
"""


@pytest.mark.slow
def test_so_it_is_in_the_real_town_along_the_stages_of_an_anneal(tmp_path: Path) -> None:
    (tmp_path / "town.yaml").write_text(RIVERSIDE)

    def start(*words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "townlet", "train", *words, "--quiet"]
        return subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    unbroken = start("town.yaml", "--mode", "anneal", "--out", "unbroken")
    rng = random.Random()
    moments = [rng.choice(lines) for lines in LINES]
    out, kills = tmp_path / "killed", 0
    for lines in moments:
        begun = (out / "run.json").exists()
        running = start("--resume", "killed") if begun else start("town.yaml", "--mode", "anneal", "--out", "killed")
        kills += kill_at(out, lines, running, rng)
    last = start("--resume", "killed")
    for training in (unbroken, last):
        _, errors = training.communicate(timeout=300)
        assert training.returncode == 0, (moments, errors)

    assert kills >= 2, "a machine so fast that the trainings were over before they were killed proves nothing"
    assert comparable(out) == comparable(tmp_path / "unbroken"), moments
    assert contents(out) == contents(tmp_path / "unbroken"), moments


def contents(out: Path) -> dict[str, bytes]:
    """Weights and all else that is learned, recorded or under way, by file: what is left at the end, byte for byte."""
    kinds = ("weights.safetensors", "trainer_state.*", "shard-*.safetensors", "experience.*", "worlds.safetensors")
    found = {path.relative_to(out).as_posix(): path for kind in kinds for path in out.rglob(kind)}
    assert len([name for name in found if name.endswith("weights.safetensors")]) >= 5, (
        "one before each stage, and after"
    )
    return {name: path.read_bytes() if path.stem != "worlds" else arrays(path) for name, path in found.items()}


def arrays(path: Path) -> bytes:
    """The arrays of a file whose header's order is left to chance."""
    return b"".join(name.encode() + array.tobytes() for name, array in sorted(load_file(path).items()))
