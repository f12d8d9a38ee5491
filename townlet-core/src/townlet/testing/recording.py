"""An observer that records what it is told, and a dataset that is the same everywhere."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from townlet.api import RunSummary, TrainingReport
from townlet.data import Dataset, DatasetOrigin, DatasetWriter, open_dataset
from townlet.envs import BanditTown
from townlet.plugins import Observers
from townlet.testing.site import PluginSite

__all__ = ["RecordingObserver", "write_fixed_dataset"]

_RECORDER = """
from townlet.plugins import hookimpl

runs, reports = [], []


@hookimpl
def townlet_run_finished(summary):
    runs.append(summary)


@hookimpl
def townlet_training_report(report):
    reports.append(report)
"""


class RecordingObserver:
    """An observer installed in an isolated site.

    Attributes:
        observers: hand these to what reports, or let Townlet load them itself.
        runs: summaries of runs, in order.
        reports: reports of training, in order.
    """

    def __init__(self, site: PluginSite) -> None:
        module = site.add_observer("recorder", _RECORDER)
        self.observers = Observers.load()
        loaded: Any = sys.modules[module]
        self.runs: list[RunSummary] = loaded.runs
        self.reports: list[TrainingReport] = loaded.reports


def write_fixed_dataset(path: Path, *, ticks: int = 48) -> Dataset:
    """A small dataset of a bandit town whose teacher reads the sign and is right three times out of four.

    Two worlds of four, lives of 16 ticks; the bytes of its shards are the same on every machine.
    """
    town = BanditTown([1, 2])
    generator = np.random.Generator(np.random.PCG64(5))
    columns: dict[str, list[Any]] = {}
    for _ in range(ticks):
        batch = town.observe().copy()
        right = batch.features[:, : town.doors].argmax(axis=1) + 1
        anything = np.where(batch.action_mask, generator.random(batch.action_mask.shape), -1).argmax(axis=1)
        sure = batch.active & (generator.random(town.rows) < 0.75)
        actions = np.where(sure, right, np.where(batch.active, anything, 0)).astype(np.int64)
        result = town.step(actions)
        unknown = np.full(town.rows, np.nan, np.float32)
        tick = {
            **{name: getattr(batch, name) for name in ("map", "features", "action_mask", "active", "episode_start")},
            "actions": actions,
            "log_probs": unknown,
            "values": unknown,
            "bootstrap": unknown,
            "rewards": result.rewards,
            "reward_parts": result.reward_parts,
            "terminated": result.terminated,
            "truncated": result.truncated,
        }
        for name, array in tick.items():
            columns.setdefault(name, []).append(array.copy())
    origin = DatasetOrigin(
        policy={"active": "sign-reader"},
        seeds=town.seeds,
        agents=town.agents,
        agent_names=town.agent_names,
        reward_parts=town.reward_part_names,
    )
    with DatasetWriter(path, spec=town.spec, origin=origin) as writer:
        writer.append({name: np.stack(arrays) for name, arrays in columns.items()})
    return open_dataset(path)
