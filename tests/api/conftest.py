"""A small spec and batches of it."""

from __future__ import annotations

import numpy as np
import pytest

from townlet.api import ObservationBatch, ObservationSpec


@pytest.fixture
def spec() -> ObservationSpec:
    return ObservationSpec.of_names(
        "toy",
        channels=("wall", "agent"),
        map_size=(3, 5),
        features=("hunger", "energy"),
        actions=("wait", "north", "use"),
    )


@pytest.fixture
def batch(spec: ObservationSpec) -> ObservationBatch:
    batch = ObservationBatch.empty(spec, 4)
    batch.features[:] = np.arange(8, dtype=np.float32).reshape(4, 2)
    batch.active[:] = True
    return batch
