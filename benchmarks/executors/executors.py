"""What workers cost and bring: overhead of a call and of a MiB, jobs over one worker and two, how busy they are.

    python benchmarks/executors/executors.py                     # local workers
    python benchmarks/executors/executors.py --executor ray      # Ray on this machine
    python benchmarks/executors/executors.py --json

Every line that compares two ways of playing takes turns between them, so that neighbours on the machine slow both.
Workers are warm. Targets: Ray costs at most 15 % more wall time than this process with as many threads, for jobs of a
second and more; a hundred evaluations of 32 towns keep two workers at least 90 % busy.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from townlet.config import load_config
from townlet.config.execution import ExecutionConfig
from townlet.evaluation import Evaluation, evaluate_all, evaluation_job, evaluation_seeds
from townlet.executors import Executor, InProcess, open_executor
from townlet.play import Cast, Job

EVALUATED = 5000
"""Ticks of each town that is evaluated: five days, as evaluations are by default."""

TARGETS: dict[str, tuple[Callable[[float], bool], str]] = {
    "one_over_here": (lambda found: found <= 1.15, "at most 1.15 times the wall time of this process"),
    "seconds_here": (lambda found: found >= 1.0, "a job of a second and more"),
    "busy_share": (lambda found: found >= 0.9, "at least 0.9 of the time of two workers"),
}


def echo(value: object) -> object:
    """What a worker gives back."""
    return value


def opened(kind: str, workers: int) -> Executor:
    """An executor whose workers have started."""
    executor = open_executor(ExecutionConfig(executor=kind, workers=workers))
    list(executor.apply(echo, range(workers)))
    return executor


def in_turn(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median wall seconds of each way, taking turns."""
    took: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            took[name].append(time.perf_counter() - started)
    return {name: statistics.median(each) for name, each in took.items()}


def overheads(executor: Executor) -> dict[str, float]:
    """Milliseconds of an empty call, and of a MiB there and back."""
    calls = 50
    started = time.perf_counter()
    list(executor.apply(echo, range(calls)))
    call = (time.perf_counter() - started) / calls
    block = np.zeros(64 << 20, np.uint8)
    started = time.perf_counter()
    list(executor.apply(echo, [block]))
    return {"call_ms": 1e3 * call, "mib_ms": 1e3 * (time.perf_counter() - started - call) / 64}


def jobs(kind: str, rounds: int, ticks: int) -> dict[str, float]:
    """A job here, on one worker, and in two halves on two."""
    job = Job(load_config(), Cast.of("scripted"), tuple(range(64)), ticks)
    room = open_executor(ExecutionConfig(executor=kind, workers=3))  # Ray starts with a place for all three
    here, one, two = InProcess(), opened(kind, 1), opened(kind, 2)
    for executor in (here, one, two):
        list(executor.map(replace(job, ticks=50).split(executor.workers)))
    took = in_turn(
        {
            "here": lambda: list(here.map([job])),
            "one": lambda: list(one.map([job])),
            "two": lambda: list(two.map(job.split(2))),
        },
        rounds,
    )
    steps = ticks * 64 * 8
    busy = busy_share(two, rounds=100, ticks=EVALUATED)
    overhead = overheads(one)
    for each in (one, two, room):
        each.close()
    return {
        **overhead,
        "seconds_here": took["here"],
        "one_over_here": took["one"] / took["here"],
        "speed_of_two": took["here"] / took["two"],
        "agent_steps_per_second_here": steps / took["here"],
        "agent_steps_per_second_two": steps / took["two"],
        "busy_share": busy,
    }


def busy_share(executor: Executor, *, rounds: int, ticks: int) -> float:
    """Share of the time in which two workers are playing, in so many evaluations of 32 towns."""
    config = load_config()
    seeds, days = evaluation_seeds(config, 32), ticks / config.town.time.day_ticks
    asked = [Evaluation(evaluation_job(config, "scripted", seeds=seeds, days=days)) for _ in range(rounds)]
    started = time.perf_counter()
    played = sum(result.seconds for result in evaluate_all(asked, executor))
    return played / (executor.workers * (time.perf_counter() - started))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--executor", default="local", choices=("local", "ray"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--ticks", type=int, default=3000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if asked.executor == "local":
        found = {**jobs_of_processes(asked.rounds, asked.ticks)}
    else:
        found = jobs(asked.executor, asked.rounds, asked.ticks)
    if asked.json:
        print(json.dumps(found))
        return
    print(f"load of this machine in the last minute: {os.getloadavg()[0]:.1f}; it has {os.cpu_count()} cores")
    for name, value in found.items():
        limit = TARGETS.get(name)
        kept = "" if limit is None else f"  {'met' if limit[0](value) else 'NOT met'}: {limit[1]}"
        print(f"{name:32} {value:14,.3f}{kept}")


def jobs_of_processes(rounds: int, ticks: int) -> dict[str, float]:
    """The same with processes: a single one would be this one, so two are compared with it."""
    job = Job(load_config(), Cast.of("scripted"), tuple(range(64)), ticks)
    here, two = InProcess(), opened("local", 2)
    for executor in (here, two):
        list(executor.map(replace(job, ticks=50).split(executor.workers)))
    took = in_turn({"here": lambda: list(here.map([job])), "two": lambda: list(two.map(job.split(2)))}, rounds)
    overhead, busy = overheads(two), busy_share(two, rounds=100, ticks=EVALUATED)
    two.close()
    return {
        **overhead,
        "seconds_here": took["here"],
        "speed_of_two": took["here"] / took["two"],
        "agent_steps_per_second_here": ticks * 64 * 8 / took["here"],
        "busy_share": busy,
    }


if __name__ == "__main__":
    main()
