"""Trains the people of the suites who learned, and writes them beside the suites. Needs the pytorch backend.

    OMP_NUM_THREADS=1 python benchmarks/arena/strangers.py    # some ten minutes of one core a seed

Given again, it continues where it stopped, and writes what was trained.

Each seed gives two minds: the clone of the rules with which PPO begins, and what PPO made of it. Seed 11 lives in
``public``, seed 12 in ``held-out``. Both are written as checkpoints of the backend ``mlp``, which plays them without
PyTorch, and are part of townlet-core.

They have to be made anew when the observations, the goals or the actions change: ``tests/arena/test_strangers.py`` says
so. The scenarios that they live in then need new anchors (``anchors.py public held-out --write``), and the table new
numbers (``table.py``).
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

import townlet.arena
from townlet.api import TrainingReport
from townlet.checkpoints import Checkpoint, read_checkpoint
from townlet.checkpoints.exporting import export_checkpoint, playing_backend
from townlet.config import load_config
from townlet.training import TrainingHarness

SEEDS = (11, 12)
CONFIG = Path(__file__).with_name("strangers.yaml")
MINDS = Path(townlet.arena.__file__).parent / "data" / "minds"
KINDS = {"cloned": "s002-u00000000", "learned": "last"}
"""Of a run: the checkpoint with which its last stage begins, and its last one."""


def show(report: TrainingReport) -> None:
    """One line now and then on stderr."""
    if report.step % 50 == 0 or report.step == report.total:
        print(f"{report.phase} {report.step}/{report.total}", file=sys.stderr, flush=True)


def train(seed: int, out: Path) -> None:
    """Train with this seed to the end, or continue where it stopped."""
    config = load_config(CONFIG, [f"seed={seed}"])
    TrainingHarness(config, "anneal", out=out, resume=(out / "run.json").is_file(), watchers=[show]).train()


def put(found: Checkpoint, name: str) -> Checkpoint:
    """Write a mind beside the suites, in place of the one of that name."""
    row = playing_backend("mlp")
    assert row is not None, "townlet-backend-scripted is not installed"
    if (MINDS / name).exists():
        shutil.rmtree(MINDS / name)
    return export_checkpoint(found, row, MINDS / name)


def main() -> None:
    """Train what is missing, and write all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, default=Path("build/strangers"), help="folder of the runs, one a seed")
    given = parser.parse_args()
    for seed in SEEDS:
        run = given.runs / str(seed)
        train(seed, run)
        for kind, checkpoint in KINDS.items():
            wrote = put(read_checkpoint(run / "checkpoints" / checkpoint), f"{kind}-{seed}")
            size = sum(file.stat().st_size for file in wrote.path.iterdir())
            print(f"{wrote.path.name}: {size / 1024:.0f} KiB, {wrote.digest[:12]}")


if __name__ == "__main__":
    main()
