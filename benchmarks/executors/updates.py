"""Updates of PPO a second: in this process, and with its towns on one worker and on two, of processes and of Ray.

    python benchmarks/executors/updates.py
    python benchmarks/executors/updates.py --executors local --json

The default network learns in riverside from the same rollouts everywhere: the weights after the last update are
compared, bit for bit. The ways take turns, so that neighbours on the machine slow all of them; the first update of each
turn, in which towns are made, does not count. What is told is the median of all others, in wall time. Needs the pytorch
backend.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import torch

from townlet.checkpoints import read_checkpoint
from townlet.config import TownletConfig, load_config
from townlet.config.execution import ExecutionConfig
from townlet.executors import Executor, open_executor
from townlet.training.metrics.log import read_metrics
from townlet.training.run.run import Run
from townlet.training.services import TrainingServices
from townlet.training.train import train

WORKERS = (1, 2)


def config(updates: int, worlds: int, ticks: int) -> TownletConfig:
    """What is taught, with one thread of PyTorch's."""
    return load_config(
        None,
        [
            "training.evaluate=false",
            "training.backend=pytorch",
            "training.options.threads=1",
            f"training.ppo.updates={updates}",
            f"training.ppo.rollout.worlds={worlds}",
            f"training.ppo.rollout.ticks={ticks}",
            "training.ppo.settings.target_kl=null",
        ],
    )


@contextmanager
def on(kind: str, workers: int) -> Iterator[Executor | None]:
    """The executor, and none for this process."""
    if not workers:
        yield None
        return
    executor = open_executor(ExecutionConfig(executor=kind, workers=workers), say=lambda _: None)
    try:
        yield executor
    finally:
        executor.close()


def taught(asked: TownletConfig, executor: Executor | None, out: Path) -> tuple[list[float], bytes]:
    """Wall seconds of each update but the first, and the weights."""
    services = TrainingServices.from_config(asked, runs=out.parent, executor=executor)
    with Run.begin(asked, "rollout", out=out, services=services) as run:
        train(run)
    clock = [float(line["seconds"] or 0) for line in read_metrics(out / "metrics.jsonl") if line["phase"] == "ppo"]
    weights = read_checkpoint(out / "checkpoints" / "last").path / "weights.safetensors"
    return [after - before for before, after in pairwise(clock)], weights.read_bytes()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--executors", nargs="+", default=["local", "ray"], choices=("local", "ray"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--updates", type=int, default=5, help="of a turn; the first one does not count")
    parser.add_argument("--worlds", type=int, default=16)
    parser.add_argument("--ticks", type=int, default=128)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    what = config(asked.updates, asked.worlds, asked.ticks)
    ways = [("here", "", 0), *((f"{kind}, {n} workers", kind, n) for kind in asked.executors for n in WORKERS)]
    took: dict[str, list[float]] = {name: [] for name, _, _ in ways}
    weights: set[bytes] = set()
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(asked.rounds):
            for number, (name, kind, workers) in enumerate(ways):
                with on(kind, workers) as executor:
                    seconds, learned = taught(what, executor, Path(folder) / f"{turn}-{number}")
                took[name] += seconds
                weights.add(learned)
    median = {name: statistics.median(each) for name, each in took.items()}
    found = {name: {"updates_per_second": 1.0 / each, "speed": median["here"] / each} for name, each in median.items()}
    if asked.json:
        print(json.dumps({"ways": found, "equal_weights": len(weights) == 1}))
        return
    print(f"load of this machine in the last minute: {os.getloadavg()[0]:.1f}; it has {os.cpu_count()} cores")
    for name, each in found.items():
        print(f"{name:18} {each['updates_per_second']:8.3f} updates/s   {each['speed']:6.2f} times this process")
    print("the weights are equal, bit for bit" if len(weights) == 1 else "THE WEIGHTS DIFFER")


if __name__ == "__main__":
    main()
