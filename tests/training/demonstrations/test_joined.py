"""Several supplies of demonstrations as one."""

from __future__ import annotations

import numpy as np
import pytest

from townlet.errors import DatasetError
from townlet.training.demonstrations.joined import JoinedDemonstrations


@pytest.fixture
def sources(services, tmp_path):
    first = services.rollout.demonstrate(tmp_path / "first")
    second = services.rollout.demonstrate(tmp_path / "second", generation=1)
    return [services.replay.demonstrations([folder], services.rollout.spec) for folder in (first, second)]


def test_counts_add_up(sources) -> None:
    joined = JoinedDemonstrations(sources)
    assert joined.size("train") == sum(source.size("train") for source in sources)
    assert np.array_equal(joined.action_counts("train"), sum(source.action_counts("train") for source in sources))
    assert joined.action_counts("train").sum() == joined.size("train")


@pytest.mark.parametrize("seed", [None, 3])
def test_a_pass_gives_each_transition_once(sources, seed: int | None) -> None:
    joined = JoinedDemonstrations(sources)
    batches = list(joined.batches("train", 64, seed=seed))
    assert sum(len(batch.actions) for batch in batches) == joined.size("train")
    counted = np.bincount(np.concatenate([batch.actions for batch in batches]), minlength=5)
    assert np.array_equal(counted, joined.action_counts("train"))


def test_shuffled_batches_hold_both_and_depend_on_the_seed(sources) -> None:
    joined = JoinedDemonstrations(sources)
    one, again, other = (next(joined.batches("train", 64, seed=seed)).actions for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert 60 <= len(one) <= 68


def test_nothing_to_join() -> None:
    with pytest.raises(DatasetError, match="no demonstrations"):
        JoinedDemonstrations([])
