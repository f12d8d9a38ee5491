"""How fast towns are stepped, observations and rewards included, and what they cost beside.

    python benchmarks/world/world.py            # a table
    python benchmarks/world/world.py --check    # exit code 1 if a target is missed
    python benchmarks/world/world.py --json

Everybody acts at random among what the mask allows; choosing is not timed. One-thread numbers are CPU time of the
stepping thread (the least of several repeats), so that a busy neighbour distorts them little; they still vary by a
fifth. Growth and threads are ratios taken in turns in one run; threads need two cores that are free.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np

from townlet.config import load_config
from townlet.envs.engine import TownEngine
from townlet.world.compiled import compiled
from townlet.world.state import state_fields

TARGETS = {
    "agent-steps/s, 1 town of 8": (">=", 500_000),
    "agent-steps/s, 16 towns of 8": (">=", 1_000_000),
    "agent-steps/s, 256 towns of 8": (">=", 1_000_000),
    "cost per agent-step, 2000 agents over 8": ("<=", 2.0),
    "speed of goals over primitive, 16 towns": (">=", 0.9),
    "speed of two threads over one, 256 towns": (">=", 1.6),
    "KiB per town of 8": ("<=", 256),
    "bytes allocated and kept by 200 steps": ("<=", 4096),
    "seconds to the first tick, second start": ("<=", 1.0),
}

_START = """
import time
begin = time.perf_counter()
from townlet.config import load_config
from townlet.envs.engine import TownEngine
import numpy as np
engine = TownEngine(load_config(), [1])
engine.step(np.zeros(engine.rows, np.int64))
print(time.perf_counter() - begin)
"""


@compiled
def choose(mask, key, out):
    """A random possible action for each row of ``mask`` (bool ``[N, K]``), into ``out`` (int64 ``[N]``)."""
    rows, actions = mask.shape
    for row in range(rows):
        possible = 0
        for k in range(actions):
            possible += mask[row, k]
        key = (key * 6364136223846793005 + 1442695040888963407) & 0x7FFFFFFFFFFFFFFF
        left = (key >> 33) % possible
        for k in range(actions):
            if mask[row, k]:
                if left == 0:
                    out[row] = k
                    break
                left -= 1
    return key


def engine_of(agents: int, worlds: int, threads: int = 1, actions: str = "primitive") -> TownEngine:
    where = [] if agents == 8 else ["town.map=generated", f"town.generator.agents={agents}"]
    config = load_config(overrides=[f"town.actions={actions}", *where])
    return TownEngine(config, list(range(worlds)), threads=threads)


def seconds_per_step(engine: TownEngine, steps: int, repeats: int, clock: Callable[[], float]) -> float:
    """Least mean time of ``steps`` steps over ``repeats``."""
    actions, key, best = np.zeros(engine.rows, np.int64), 12345, float("inf")
    observations = engine.observe()
    for _ in range(repeats):
        spent = 0.0
        for _ in range(steps):
            key = choose(observations.action_mask, key, actions)
            begin = clock()
            observations = engine.step(actions).observations
            spent += clock() - begin
        best = min(best, spent / steps)
    return best


def rate(agents: int, worlds: int, *, repeats: int = 5) -> float:
    """Agent-steps per second of CPU time, one thread."""
    engine = engine_of(agents, worlds)
    steps = max(20, 40_000 // engine.rows)
    seconds_per_step(engine, max(5, steps // 4), 1, time.thread_time)
    return engine.rows / seconds_per_step(engine, steps, repeats, time.thread_time)


def thread_gain(worlds: int = 256, repeats: int = 7) -> float:
    """Wall time of one thread over that of two, taken in turns; the best pair."""
    one, two = engine_of(8, worlds), engine_of(8, worlds, threads=2)
    gains = []
    for _ in range(repeats):
        slow = seconds_per_step(one, 30, 1, time.perf_counter)
        gains.append(slow / seconds_per_step(two, 30, 1, time.perf_counter))
    return max(gains[1:])


def goals_over_primitive(worlds: int = 16, repeats: int = 9) -> float:
    """Agent-steps per second in the space `goals` over those in `primitive`, taken in turns; the median."""
    engines = [engine_of(8, worlds, actions=actions) for actions in ("goals", "primitive")]
    for engine in engines:
        seconds_per_step(engine, 300, 1, time.thread_time)
    ratios = []
    for _ in range(repeats):
        goals, primitive = (seconds_per_step(engine, 200, 1, time.thread_time) for engine in engines)
        ratios.append(primitive / goals)
    return sorted(ratios)[repeats // 2]


def kept_bytes() -> float:
    """Bytes that 200 steps allocate and keep, after warm-up."""
    engine = engine_of(8, 4)
    seconds_per_step(engine, 50, 1, time.perf_counter)
    tracemalloc.start()
    seconds_per_step(engine, 10, 1, time.perf_counter)
    before = tracemalloc.get_traced_memory()[0]
    seconds_per_step(engine, 200, 1, time.perf_counter)
    kept = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return float(kept)


def second_start() -> float:
    """Seconds from the first import to the end of the first tick, with a filled cache; the least of three."""
    times = []
    for _ in range(4):
        done = subprocess.run([sys.executable, "-c", _START], capture_output=True, text=True, check=True)
        times.append(float(done.stdout))
    return min(times[1:])


def cold_start() -> float:
    """The same with an empty cache."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(Path(folder))}
        done = subprocess.run(
            [sys.executable, "-c", _START], capture_output=True, text=True, check=True, env=environment
        )
    return float(done.stdout)


def measure() -> dict[str, float]:
    results: dict[str, float] = {}
    for worlds in (1, 16, 256):
        results[f"agent-steps/s, {worlds} town{'s' if worlds > 1 else ''} of 8"] = rate(8, worlds)
    sizes = {agents: rate(agents, 1) for agents in (8, 64, 512, 2000)}
    for agents in (64, 512, 2000):
        results[f"cost per agent-step, {agents} agents over 8"] = sizes[8] / sizes[agents]
    results["speed of goals over primitive, 16 towns"] = goals_over_primitive()
    results["speed of two threads over one, 256 towns"] = thread_gain()
    state = engine_of(8, 1).state
    results["KiB per town of 8"] = sum(array.nbytes for _, _, array in state_fields(state)) / 1024
    results["bytes allocated and kept by 200 steps"] = kept_bytes()
    results["seconds to the first tick, second start"] = second_start()
    results["seconds to the first tick, empty cache"] = cold_start()
    return results


def met(name: str, value: float) -> bool | None:
    if name not in TARGETS:
        return None
    sign, target = TARGETS[name]
    return value >= target if sign == ">=" else value <= target


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="exit code 1 if a target is missed")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    results = measure()
    if arguments.json:
        print(
            json.dumps({name: {"value": value, "met": met(name, value)} for name, value in results.items()}, indent=2)
        )
    else:
        print("| what | target | measured |\n|---|---|---|")
        for name, value in results.items():
            sign, target = TARGETS.get(name, ("", ""))
            shown = f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
            print(f"| {name} | {sign} {target:,} | {shown} |" if target else f"| {name} | | {shown} |")
    missed = [name for name, value in results.items() if met(name, value) is False]
    if missed:
        print(f"missed: {', '.join(missed)}", file=sys.stderr)
    return 1 if arguments.check and missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
