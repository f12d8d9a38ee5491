"""Writing and reading datasets: agent-steps a second, GB a second, and the memory that reading takes.

    python benchmarks/replay/replay.py            # a table
    python benchmarks/replay/replay.py --check    # exit code 1 if a target is missed
    python benchmarks/replay/replay.py --json

Synthetic ticks of 64 towns with 8 agents in the default town's shapes. Two times are given: of one core, which is the
processor time of all threads together, and of the wall. Rounds take turns, so that a noisy neighbour slows all of
them; the best of the rounds counts, and a copy in memory, SHA-256 and a plain file write of the same bytes are
measured beside it. Reading is from the page cache.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sized
from functools import partial
from pathlib import Path

import numpy as np

from townlet.config import load_config
from townlet.data import DatasetOrigin, DatasetWriter, ReplayDataset, TrajectoryBlock, demonstrations, open_dataset
from townlet.observations import build_spec

AGENTS, WORLDS, TICKS, BLOCKS, PARTS = 8, 64, 64, 12, 12
# A dataset costs what its bytes and their digest cost, and little more; "at most" for those that count costs.
TARGETS = {
    "write: agent-steps/s": 300_000.0,
    "write: times a plain write and a SHA-256": 1.25,
    "read in order: GB/s": 1.0,
    "memory: share of the dataset": 0.25,
}
_AT_MOST = ("write: times a plain write and a SHA-256", "memory: share of the dataset")

_MEMORY = """
import sys
from pathlib import Path
from townlet.data import ReplayDataset, open_dataset
def peak():
    # Not getrusage: on Linux a child inherits its parent's peak there.
    return 1024 * int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
dataset = open_dataset(sys.argv[1])
before = peak()
for batch in ReplayDataset(dataset, batch_size=4096, seed=0, memory_bytes=dataset.manifest.size // 8):
    pass
print((peak() - before) / dataset.manifest.size)
"""


def block() -> TrajectoryBlock:
    """Ticks of all towns: most lives go on, some slots are empty."""
    spec = build_spec(load_config())
    rng = np.random.default_rng(0)
    lead = (TICKS, WORLDS * AGENTS)
    active = np.ones(lead, np.bool_)
    active[::50, ::20] = False
    never = np.zeros(lead, np.bool_)
    parts = rng.normal(size=(*lead, PARTS)).astype(np.float32)
    return TrajectoryBlock(
        map=rng.integers(0, 256, (*lead, *spec.map_shape), np.uint8),
        features=rng.random((*lead, spec.feature_count), np.float32),
        action_mask=np.ones((*lead, spec.action_count), np.bool_),
        active=active,
        episode_start=never,
        actions=rng.integers(0, spec.action_count, lead),
        log_probs=parts[..., 0].copy(),
        values=parts[..., 1].copy(),
        rewards=parts.sum(-1),
        reward_parts=parts,
        terminated=never,
        truncated=never,
        bootstrap=np.zeros(lead, np.float32),
    )


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Processor time of all threads, and wall time, of one call."""
    wall, core = time.perf_counter(), time.process_time()
    work()
    return time.process_time() - core, time.perf_counter() - wall


def write(path: Path, ticks: TrajectoryBlock) -> None:
    """A whole dataset."""
    origin = DatasetOrigin(agents=AGENTS, reward_parts=tuple(f"part{n}" for n in range(PARTS)))
    with DatasetWriter(path, spec=build_spec(load_config()), origin=origin) as writer:
        for _ in range(BLOCKS):
            writer.append(ticks)


def write_plainly(path: Path, data: bytes) -> None:
    """The same bytes in as many files, each brought to the disk; no digest."""
    path.mkdir()
    for number in range(BLOCKS):
        with (path / str(number)).open("wb", buffering=0) as file:
            file.write(data)
            os.fsync(file.fileno())


def remove(folder: Path) -> None:
    """A folder with files in it."""
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()


def touch(path: Path, *, verify: bool) -> None:
    """Read every byte, in recorded order, as batches."""
    for batch in ReplayDataset(open_dataset(path, verify=verify), batch_size=4096):
        batch.observations.map.max()
        batch.observations.features.sum()


def count(batches: Iterable[Sized]) -> int:
    """Go through all batches."""
    return sum(len(batch) for batch in batches)


def measure(rounds: int) -> dict[str, list[float]]:
    """Every figure by name: of one core and of the wall, or one number."""
    ticks = block()
    data = b"".join(array.tobytes() for array in ticks.arrays().values())
    copy = np.frombuffer(data, np.uint8)
    room = np.empty_like(copy)
    best: dict[str, tuple[float, float]] = {}

    def note(name: str, taken: tuple[float, float], times: int = 1) -> None:
        core, wall = taken[0] * times, taken[1] * times
        before = best.get(name, (core, wall))
        best[name] = min(core, before[0]), min(wall, before[1])

    with tempfile.TemporaryDirectory() as folder:
        path, plain = Path(folder) / "town", Path(folder) / "plain"
        for _ in range(rounds):
            if path.exists():
                remove(path)
            note("write", seconds(lambda: write(path, ticks)))
            note("plain", seconds(lambda: write_plainly(plain, data)))
            remove(plain)
            note("sha256", seconds(lambda: hashlib.sha256(data).digest()), BLOCKS)
            note("copy", seconds(lambda: np.copyto(room, copy)), BLOCKS)
            note("verify", seconds(lambda: open_dataset(path).verify()))
            note("in order", seconds(lambda: touch(path, verify=False)))
            note("in order, verified", seconds(lambda: touch(path, verify=True)))
            dataset = open_dataset(path, verify=False)
            replay = ReplayDataset(dataset, batch_size=4096, seed=0, memory_bytes=64 << 20)
            note("shuffled", seconds(partial(count, replay)))
            source = demonstrations(dataset, 0.1)
            next(source.batches("train", 4096, seed=0))
            batches = (batch.actions for batch in source.batches("train", 1024, seed=0))
            note("demonstrations", seconds(partial(count, batches)))
        size = open_dataset(path, verify=False).manifest.size
        share = memory_share(path)
    steps = BLOCKS * TICKS * WORLDS * AGENTS
    speeds = {
        "write: agent-steps/s": ("write", steps),
        "write: GB/s": ("write", size / 1e9),
        "plain write and fsync: GB/s": ("plain", size / 1e9),
        "SHA-256: GB/s": ("sha256", size / 1e9),
        "copy in memory: GB/s": ("copy", size / 1e9),
        "verify: GB/s": ("verify", size / 1e9),
        "read in order: GB/s": ("in order", size / 1e9),
        "read in order, verified: GB/s": ("in order, verified", size / 1e9),
        "shuffled through 64 MiB: GB/s": ("shuffled", size / 1e9),
        "demonstrations in memory: transitions/s": ("demonstrations", 0.9 * steps),
    }
    figures = {name: [amount / taken for taken in best[key]] for name, (key, amount) in speeds.items()}
    alone = best["plain"][0] + best["sha256"][0]
    return {
        **figures,
        "write: times a plain write and a SHA-256": [best["write"][0] / alone],
        "bytes an agent-step": [size / steps],
        "memory: share of the dataset": [share],
    }


def memory_share(path: Path) -> float:
    """How much memory a shuffled pass takes, as a share of the dataset's size; NaN where it cannot be told."""
    if sys.platform != "linux":
        return float("nan")
    told = subprocess.run([sys.executable, "-c", _MEMORY, str(path)], capture_output=True, text=True, check=True)
    return float(told.stdout)


def missed(figures: dict[str, list[float]]) -> list[str]:
    """The targets that are missed on one core, in words."""
    found = []
    for name, target in TARGETS.items():
        figure = figures[name][0]
        if figure > target if name in _AT_MOST else figure < target:
            found.append(f"{name}: {figure:,.2f}, target {target:,.2f}")
    return found


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = measure(options.rounds)
    if options.json:
        print(json.dumps(figures, indent=2))
    else:
        print(f"{'':42} {'one core':>14} {'wall':>14}")
        for name, values in figures.items():
            print(f"{name:42}" + "".join(f" {value:>14,.2f}" for value in values))
    problems = missed(figures)
    for problem in problems:
        print(f"missed: {problem}", file=sys.stderr)
    return 1 if options.check and problems else 0


if __name__ == "__main__":
    sys.exit(main())
