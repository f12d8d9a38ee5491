"""How fast towns are rolled out, and what each part of it costs, in agent-steps a second of one core.

    python benchmarks/rollout/rollout.py             # a table: 64 towns, the scripted mind
    python benchmarks/rollout/rollout.py --check     # exit code 1 if the whole is below its floor
    python benchmarks/rollout/rollout.py --json

Counted are seconds of processor time, all threads together, so that neighbours on the machine matter little and a
second core does not help; seconds by the clock stand beside them. The parts take turns in short pieces within one run;
each one's best piece counts, and its ratio to the engine alone. "recording" adds a buffer in memory, "dataset" a
whole recording of a day on disk, from the making of its buffer to the manifest (digests included).
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from townlet.config import load_config
from townlet.data import DatasetOrigin, DatasetWriter
from townlet.envs.engine import TownEngine
from townlet.minds import PolicyRuntime
from townlet.play import Admission, MindSpec
from townlet.rollout import RolloutBuffer, SimulationLoop, TrajectoryService

FLOOR = 300_000.0
TICKS = 240
DAY = 1000


class Parts:
    """The same towns, stepped in ever more company."""

    def __init__(self, worlds: int, folder: Path) -> None:
        config = load_config()
        self.config = config
        self.engine = TownEngine(config, list(range(worlds)))
        mind = Admission().open(MindSpec(requested="scripted", backend="scripted"), self.engine.spec)
        self.runtime = PolicyRuntime(mind.policy, self.engine.spec, mind.provenance)
        self.folder = folder
        self.waits = np.zeros(self.engine.rows, np.int64)
        self.parts = len(self.engine.reward_part_names)
        self.buffer = RolloutBuffer(self.engine.spec, 128, self.engine.rows, reward_parts=self.parts)
        SimulationLoop(self.engine, self.runtime).run(200)  # past the first compilation and the first morning

    def engine_alone(self) -> None:
        for _ in range(TICKS):
            self.engine.step(self.waits)

    def decisions_alone(self) -> None:
        seen = self.engine.observe()
        for _ in range(TICKS):
            self.runtime.decide(seen)

    def loop(self) -> None:
        SimulationLoop(self.engine, self.runtime).run(TICKS)

    def recording(self) -> None:
        loop = SimulationLoop(self.engine, self.runtime, recorder=self.buffer)
        left = TICKS
        while left:
            self.buffer.rewind()
            left -= loop.run(min(left, self.buffer.ticks)).ticks

    def dataset(self) -> None:
        target = self.folder / "dataset"
        shutil.rmtree(target, ignore_errors=True)
        origin = DatasetOrigin(agents=self.engine.agents, reward_parts=self.engine.reward_part_names)
        with DatasetWriter(target, spec=self.engine.spec, origin=origin) as writer:
            service = TrajectoryService(writer, self.engine.spec, self.engine.rows, reward_parts=self.parts)
            with service:
                SimulationLoop(self.engine, self.runtime, recorder=service).run(DAY)
            writer.close()


def measure(worlds: int, rounds: int) -> dict[str, tuple[float, float]]:
    """Agent-steps of each part per second of processor and of clock: the best of ``rounds`` pieces."""
    with tempfile.TemporaryDirectory(prefix="townlet-rollout-") as folder:
        parts = Parts(worlds, Path(folder))
        pieces: dict[str, Callable[[], None]] = {
            "engine": parts.engine_alone,
            "decisions": parts.decisions_alone,
            "loop": parts.loop,
            "recording": parts.recording,
            "dataset": parts.dataset,
        }
        best = dict.fromkeys(pieces, (0.0, 0.0))
        for _ in range(rounds):
            for name, piece in pieces.items():
                steps = parts.engine.rows * (DAY if name == "dataset" else TICKS)
                clock, processor = time.perf_counter(), time.process_time()
                piece()
                found = (steps / (time.process_time() - processor), steps / (time.perf_counter() - clock))
                best[name] = (max(best[name][0], found[0]), max(best[name][1], found[1]))
        return best


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true")
    wanted = parser.parse_args()
    found = measure(wanted.worlds, wanted.rounds)
    passed = found["dataset"][0] >= FLOOR
    if wanted.json:
        by_name = {name: {"per_core_second": core, "per_second": clock} for name, (core, clock) in found.items()}
        print(json.dumps({"worlds": wanted.worlds, "agent_steps": by_name, "floor": FLOOR, "passed": passed}))
    else:
        print(f"{wanted.worlds} towns, agent-steps per second of one core (ratio to the engine), and by the clock")
        for name, (core, clock) in found.items():
            print(f"{name:10} {core:12,.0f}  {core / found['engine'][0]:6.2f}  {clock:12,.0f}")
        print(f"floor for the dataset: {FLOOR:,.0f}: {'kept' if passed else 'MISSED'}")
    return 1 if wanted.check and not passed else 0


if __name__ == "__main__":
    sys.exit(main())
