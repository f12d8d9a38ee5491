"""The rates that docs/explanation/scaling.md stands on, one by one.

    python benchmarks/executors/rates.py              # what Ray costs is left out where it is not installed
    python benchmarks/executors/rates.py --rounds 9

What one process does alone is CPU time, which neighbours on the machine hardly change; what goes between processes is
wall time. Each is given twice, of the quickest round and of the middle one: how far they lie apart says how busy the
machine was. The two nodes are Ray nodes of this machine: between them bytes go through its loopback network.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import pickle
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from townlet.config import load_config
from townlet.config.execution import ExecutionConfig
from townlet.executors import Executor, open_executor
from townlet.executors.files import read_folder
from townlet.play import Casting
from townlet.play.stage import town_spec
from townlet.training.experience.elsewhere import GroupOfTowns, GroupSpec, Weights
from townlet.training.learner.choice import LearnerChoice

LARGE = 64
"""MiB of a large piece."""
CALLS = 20

Figures = NDArray[np.float64]
"""Of the quickest round, and of the middle one."""


def echo(value: object) -> object:
    """What a worker gives back."""
    return value


def block(mib: int) -> NDArray[np.uint8]:
    """So many MiB, made on the worker."""
    return np.ones(mib << 20, np.uint8)


def seconds(rounds: int, way: Callable[[], object], clock: Callable[[], float]) -> Figures:
    """Of the quickest round, and of the middle one."""
    took = []
    for _ in range(rounds):
        started = clock()
        way()
        took.append(clock() - started)
    return np.quantile(took, (0.0, 0.5))


def same(value: float) -> Figures:
    """A figure that no round changes."""
    return np.array([value, value])


def of_training(rounds: int) -> dict[str, Figures]:
    """A worker's gathering with the default network, and its weights and pieces as bytes."""
    config = load_config(
        None, ["training.backend=pytorch", "training.ppo.rollout.worlds=32", "training.ppo.rollout.ticks=64"]
    )
    learner = LearnerChoice.of(config, "ppo").open(town_spec(config)).learner
    cast = json.dumps(Casting.of(config).training_cast().to_json())
    group = GroupOfTowns(GroupSpec(config=config.model_dump_json(), cast=cast, parcels=(), group=0))
    own = (0.999, None, None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        weights_ms = 1e3 * seconds(rounds, lambda: learner.save_weights(folder), time.process_time)
        weights = Weights(0, read_folder(folder))
        group.step(weights, own)
        loading_ms = 1e3 * seconds(rounds, lambda: learner.load_weights(folder), time.process_time)
    gathering = seconds(rounds, lambda: group.step(weights, own), time.process_time)
    harvest = group.step(weights, own)
    packed = pickle.dumps(harvest, protocol=5)
    mib = len(packed) / (1 << 20)
    group.close()
    return {
        "gathered_per_second": harvest.samples / gathering,
        "weights_mb": same(sum(each.size for each in weights.files.values()) / 1e6),
        "weights_written_ms": weights_ms,
        "weights_loaded_ms": loading_ms,
        "piece_bytes_per_sample": same(len(packed) / harvest.samples),
        "piece_packed_ms_per_mib": 1e3 * seconds(rounds, lambda: pickle.dumps(harvest, 5), time.process_time) / mib,
        "piece_unpacked_ms_per_mib": 1e3 * seconds(rounds, lambda: pickle.loads(packed), time.process_time) / mib,
    }


def of_calls(executor: Executor, rounds: int, name: str) -> dict[str, Figures]:
    """An empty call, and a MiB on its way home."""
    list(executor.apply(echo, range(CALLS)))
    call = seconds(rounds, lambda: list(executor.apply(echo, range(CALLS))), time.perf_counter) / CALLS
    list(executor.apply(block, [LARGE]))
    home = seconds(rounds, lambda: list(executor.apply(block, [LARGE])), time.perf_counter)
    made = seconds(rounds, lambda: block(LARGE), time.process_time)
    return {f"{name}_call_ms": 1e3 * call, f"{name}_mib_ms": 1e3 * np.maximum(home - call - made, 0.0) / LARGE}


def of_ray(rounds: int) -> dict[str, Figures]:
    """One worker on the node of the driver, and one on a second node."""
    found: dict[str, Figures] = {}
    cluster: Any = importlib.import_module("ray.cluster_utils").Cluster(
        initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False}
    )
    try:
        cluster.add_node(num_cpus=1)
        cluster.wait_for_nodes()
        execution = ExecutionConfig(executor="ray", address=cluster.address, workers=1, start_seconds=900)
        with open_executor(execution) as executor:
            found.update(of_calls(executor, rounds, "other_node"))
    finally:
        cluster.shutdown()
    with open_executor(ExecutionConfig(executor="ray", workers=1, start_seconds=900)) as executor:
        found.update(of_calls(executor, rounds, "same_node"))
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    found = of_training(asked.rounds)
    if importlib.util.find_spec("ray") is not None:
        found.update(of_ray(asked.rounds))
    if asked.json:
        print(json.dumps({name: value.tolist() for name, value in found.items()}))
        return
    print(f"load of this machine in the last minute: {os.getloadavg()[0]:.1f}; it has {os.cpu_count()} cores")
    print(f"{'':28} {'quickest':>12} {'middle':>12}")
    for name, (quickest, middle) in found.items():
        print(f"{name:28} {quickest:12,.3f} {middle:12,.3f}")


if __name__ == "__main__":
    main()
