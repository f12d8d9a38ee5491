"""A dataset four times the allowed memory streams: peak memory is measured in a child process."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

WRITER = """
import sys
import numpy as np
from townlet.api import ObservationSpec
from townlet.data import DatasetOrigin, DatasetWriter

spec = ObservationSpec.of_names(
    "wide",
    channels=("wall", "agents"),
    map_size=(16, 16),
    features=tuple(f"f{i}" for i in range(100)),
    actions=("wait", "use"),
)
T, N = 64, 256
rng = np.random.default_rng(0)
alive = np.ones((T, N), np.bool_)
block = dict(map=rng.integers(0, 256, (T, N, 2, 16, 16), np.uint8), features=rng.random((T, N, 100), np.float32),
    action_mask=np.ones((T, N, 2), np.bool_), active=alive.copy(), episode_start=~alive, terminated=~alive,
    actions=rng.integers(0, 2, (T, N)), rewards=rng.random((T, N), np.float32), truncated=~alive)
block["active"][::9, ::5] = False
with DatasetWriter(sys.argv[1], spec=spec, origin=DatasetOrigin(agents=8), shard_bytes=1) as writer:
    for _ in range(int(sys.argv[2])):
        writer.append(block)
"""

READER = """
import json, sys
from pathlib import Path
import numpy as np
from townlet.data import ReplayDataset, demonstrations, open_dataset

def peak():
    # Not getrusage: a child inherits its parent's peak there.
    return 1024 * int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])

dataset = open_dataset(sys.argv[1])
before = peak()
count = 0
budget = int(sys.argv[3])
if sys.argv[2] == "blocks":
    count = sum(int(block.active.sum()) + 0 * int(block.map.max()) for block in dataset.blocks())
elif sys.argv[2] == "in order":
    for batch in ReplayDataset(dataset, batch_size=4096):
        count += len(batch) + 0 * int(batch.observations.map.max())
elif sys.argv[2] == "shuffled":
    for batch in ReplayDataset(dataset, batch_size=4096, seed=0, memory_bytes=budget):
        count += len(batch)
elif sys.argv[2] == "demonstrations":
    source = demonstrations(dataset, 0.1, memory_bytes=budget)
    for part in ("train", "validation"):
        for batch in source.batches(part, 4096, seed=0):
            count += len(batch.actions)
print(json.dumps({"count": count, "grown": peak() - before, "size": dataset.manifest.size,
                  "transitions": dataset.transitions}))
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Some 265 MiB in shards of 15 MiB."""
    path = tmp_path_factory.mktemp("large") / "town"
    subprocess.run([sys.executable, "-c", WRITER, str(path), "18"], check=True)
    return path


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="measured in /proc")
@pytest.mark.parametrize("way", ["blocks", "in order", "shuffled", "demonstrations"])
def test_reading_needs_a_quarter_of_the_dataset_at_most(large, way):
    allowed = 64 << 20
    done = subprocess.run(
        [sys.executable, "-c", READER, str(large), way, str(28 << 20)], capture_output=True, text=True, check=True
    )
    told = json.loads(done.stdout)
    assert told["count"] == told["transitions"]
    assert told["size"] >= 4 * allowed
    assert told["grown"] <= allowed
