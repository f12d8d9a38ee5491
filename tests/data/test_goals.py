"""Recordings in the action space `goals`: decisions are told from what lies between them."""

from __future__ import annotations

import numpy as np
import pytest

from townlet.api import ObservationBatch, RolloutArrays
from townlet.config import TownletConfig
from townlet.data import DatasetOrigin, DatasetWriter, ReplayDataset, demonstrations, open_dataset
from townlet.envs import TownEngine
from townlet.errors import DatasetError
from townlet.rollout import RolloutBuffer
from townlet.rollout.spans import gather_spans
from townlet.rollout.step import Step
from townlet.training.experience.recorded import RecordedExperience

TICKS = 240


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Two hamlets in which everybody pursues goals drawn at random, and the buffer of the same ticks."""
    from townlet.api import ArrayState, Decision

    engine = TownEngine(
        TownletConfig.model_validate(
            {"town": {"map": "hamlet", "actions": "goals"}, "observation": {"variant": "compact"}}
        ),
        [1, 2],
    )
    buffer = RolloutBuffer(engine.spec, TICKS, engine.rows)
    rng = np.random.default_rng(0)
    engine.observe(into=buffer.current())
    for tick in range(TICKS):
        seen: ObservationBatch = buffer.current()
        actions = np.where(seen.action_mask, rng.random(seen.action_mask.shape), -1.0).argmax(1)
        result = engine.step(actions, into=buffer.following())
        buffer.record(Step(tick, seen, Decision(actions, ArrayState()), result))
    origin = DatasetOrigin(
        config={},
        config_id="hamlet-0",
        policy={"requested": "dice", "active": "dice"},
        seeds=(1, 2),
        agents=4,
        agent_names=engine.agent_names,
        reward_parts=(),
        tags=(),
    )
    path = tmp_path_factory.mktemp("goals") / "town"
    arrays = {name: array for name, array in buffer.arrays().items() if name != "reward_parts"}
    with DatasetWriter(path, spec=engine.spec, origin=origin) as writer:
        writer.append(arrays)
    return open_dataset(path), arrays


def test_who_was_asked_is_kept(recorded):
    dataset, arrays = recorded
    block = dataset.read(0, TICKS)
    np.testing.assert_array_equal(block.asked, arrays["asked"])
    assert 0 < block.asked.sum() < block.active.sum() / 4
    assert not block.actions[~block.asked].any()
    assert not block.observations(5).everybody_asked


def test_demonstrations_are_decisions(recorded):
    dataset, arrays = recorded
    source = demonstrations(dataset, 0.25, 0)
    sizes = source.size("train"), source.size("validation")
    assert sum(sizes) == arrays["asked"].sum()
    assert min(sizes) > 0
    for part, size in zip(("train", "validation"), sizes, strict=True):
        batches = list(source.batches(part, 50, seed=1))
        assert sum(len(batch.actions) for batch in batches) == size == source.action_counts(part).sum()
        assert all(batch.observations.action_mask.any(axis=1).all() for batch in batches)


def test_shares_of_actions_are_those_of_decisions(recorded):
    dataset, arrays = recorded
    metrics = dataset.metrics
    assert metrics["decisions"] == arrays["asked"].sum()
    assert metrics["transitions"] == arrays["active"].sum()
    shares = [metrics[f"action_{name}"] for name in dataset.spec.action_names]
    assert sum(shares) == pytest.approx(1.0)
    assert shares[0] < 0.5  # at most ticks nothing is decided
    batch = next(iter(ReplayDataset(dataset, batch_size=10_000)))
    assert ReplayDataset(dataset, batch_size=10_000).statistics(batch)["action_bed"] == pytest.approx(
        metrics["action_bed"]
    )


def test_how_long_a_decision_lasted_can_be_told(recorded):
    dataset, arrays = recorded
    held = RolloutArrays.empty(dataset.spec, TICKS, dataset.rows)
    for name in ("active", "asked", "episode_start"):
        getattr(held, name)[:TICKS] = arrays[name]
    for name in ("rewards", "terminated"):
        getattr(held, name)[:] = arrays[name]
    spans = gather_spans(held, TICKS, 1.0)
    assert (spans.duration[arrays["asked"]] >= 1).all()
    covered = spans.duration[arrays["asked"]].sum()
    assert covered == pytest.approx(arrays["active"].sum(), rel=0.02)
    assert spans.duration.max() > 10


def test_ppo_from_such_a_recording_is_refused(recorded):
    with pytest.raises(DatasetError, match="action space `goals`"):
        RecordedExperience(recorded[0], 50)
