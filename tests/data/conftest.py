"""Synthetic towns: lives that begin, end and are cut, with arrays in which every number says where it belongs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from townlet.api import ObservationSpec
from townlet.data import Dataset, DatasetOrigin, DatasetWriter, TrajectoryBlock, open_dataset

Record = Callable[..., Dataset]


@pytest.fixture
def spec() -> ObservationSpec:
    return ObservationSpec.of_names(
        "tiny",
        channels=("wall", "agents"),
        map_size=(3, 3),
        features=("tick", "row", "need"),
        actions=("wait", "north", "use"),
    )


@pytest.fixture
def origin() -> DatasetOrigin:
    return DatasetOrigin(
        config={"name": "tiny", "seed": 7},
        config_id="tiny-0123",
        policy={"requested": "scripted", "active": "scripted"},
        seeds=(7, 8),
        agents=2,
        agent_names=("alice", "bob"),
        reward_parts=("needs", "social"),
        tags=("test",),
    )


@pytest.fixture
def make_block(spec: ObservationSpec) -> Callable[..., TrajectoryBlock]:
    """Ticks ``first .. first + ticks`` of ``rows`` rows; ``features[..., 0]`` is the tick and ``[..., 1]`` the row."""

    def make(ticks: int, rows: int = 4, *, first: int = 0, seed: int = 0, life: int = 5) -> TrajectoryBlock:
        rng = np.random.default_rng([seed, first])
        tick, row = np.meshgrid(np.arange(first, first + ticks), np.arange(rows), indexing="ij")
        phase = (tick + row) % (life + 1)  # a life of `life` ticks, then one tick of an empty slot
        features = np.stack([tick, row, rng.random((ticks, rows))], axis=-1).astype(np.float32)
        actions = rng.integers(0, spec.action_count, (ticks, rows))
        mask = np.ones((ticks, rows, spec.action_count), np.bool_)
        parts = rng.normal(size=(ticks, rows, 2)).astype(np.float32)
        return TrajectoryBlock(
            map=rng.integers(0, 256, (ticks, rows, *spec.map_shape), np.uint8),
            features=features,
            action_mask=mask,
            active=phase < life,
            episode_start=phase == 0,
            actions=actions,
            log_probs=-rng.random((ticks, rows)).astype(np.float32),
            values=rng.normal(size=(ticks, rows)).astype(np.float32),
            rewards=parts.sum(-1),
            reward_parts=parts,
            terminated=phase == life - 1,
            truncated=np.zeros((ticks, rows), np.bool_),
            bootstrap=np.zeros((ticks, rows), np.float32),
        )

    return make


@pytest.fixture
def record(
    tmp_path: Path, spec: ObservationSpec, origin: DatasetOrigin, make_block: Callable[..., TrajectoryBlock]
) -> Record:
    """A dataset of ``blocks`` blocks of ``ticks`` ticks; each becomes a shard of its own."""

    def make(
        name: str = "town",
        *,
        blocks: int = 3,
        ticks: int = 10,
        rows: int = 4,
        origin: DatasetOrigin = origin,
        **kwargs: int,
    ) -> Dataset:
        seeds = tuple(range(7, 7 + rows // 2))
        origin = origin.model_copy(update={"seeds": seeds})
        with DatasetWriter(tmp_path / name, spec=spec, origin=origin, shard_bytes=1) as writer:
            for index in range(blocks):
                writer.append(make_block(ticks, rows, first=index * ticks, **kwargs))
        return open_dataset(tmp_path / name)

    return make
