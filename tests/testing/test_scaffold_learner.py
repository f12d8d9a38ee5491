"""The learner that the scaffold writes: what it makes of decisions that span ticks, and what its checkpoints say."""

from __future__ import annotations

import importlib
import sys

import numpy as np
import pytest

from townlet.api import RolloutBatch
from townlet.envs import BanditTown
from townlet.testing.scaffold import write_backend

GAMMA, DECAY = 0.9, 0.8


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    source = write_backend("quick", tmp_path_factory.mktemp("written"), learner=True) / "src"
    sys.path.insert(0, str(source))
    try:
        yield "townlet_backend_quick"
    finally:
        sys.path.remove(str(source))
        for name in [name for name in sys.modules if name.startswith("townlet_backend_quick")]:
            del sys.modules[name]


@pytest.fixture(scope="module")
def gae(written):
    return importlib.import_module(f"{written}.learner").gae


def batch(**columns):
    """One row; what is not given is of no account here."""
    ticks = len(columns["rewards"])
    kinds = {"rewards": np.float32, "values": np.float32, "bootstrap": np.float32, "duration": np.int32}
    given = {name: np.array(values, kinds.get(name, np.bool_))[:, None] for name, values in columns.items()}
    nothing = np.zeros((ticks, 1), np.bool_)
    defaults = dict.fromkeys(("episode_start", "terminated", "truncated"), nothing)
    return RolloutBatch(
        map=np.zeros((ticks, 1, 0, 0, 0), np.uint8),
        features=np.zeros((ticks, 1, 1), np.float32),
        action_mask=np.ones((ticks, 1, 2), np.bool_),
        active=~nothing,
        actions=np.zeros((ticks, 1), np.int64),
        log_probs=np.zeros((ticks, 1), np.float32),
        **{**defaults, "bootstrap": np.zeros((ticks, 1), np.float32), **given},
    )


def test_what_follows_a_decision_is_the_next_one_discounted_by_its_ticks(gae):
    found = gae(
        batch(
            rewards=[1, 9, 9, 2],
            values=[0.5, 7, 7, 0.25],
            bootstrap=[0, 0, 0, 4],
            asked=[1, 0, 0, 1],
            duration=[3, 1, 1, 2],
        ),
        GAMMA,
        DECAY,
    )[:, 0]
    last = 2 + GAMMA**2 * 4 - 0.25
    first = 1 + GAMMA**3 * 0.25 - 0.5 + GAMMA**3 * DECAY * last
    np.testing.assert_allclose(found, [first, 0, 0, last], rtol=1e-6)


def test_a_life_that_ends_is_followed_by_nothing(gae):
    found = gae(
        batch(rewards=[1, 2], values=[0.5, 3], bootstrap=[8, 4], terminated=[1, 0], episode_start=[0, 1]), GAMMA, DECAY
    )[:, 0]
    np.testing.assert_allclose(found, [1 - 0.5, 2 + GAMMA * 4 - 3], rtol=1e-6)


def test_an_episode_that_is_cut_is_followed_by_what_really_came_next(gae):
    found = gae(batch(rewards=[1, 2], values=[0.5, 3], bootstrap=[8, 4], truncated=[1, 0]), GAMMA, DECAY)[:, 0]
    np.testing.assert_allclose(found, [1 + GAMMA * 8 - 0.5, 2 + GAMMA * 4 - 3], rtol=1e-6)


def test_a_policy_is_as_large_as_its_checkpoint_says(written, tmp_path):
    learner, policy, options = (
        importlib.import_module(f"{written}.{name}") for name in ("learner", "policy", "options")
    )
    spec = BanditTown([1]).spec
    learner.QuickLearner(spec, options.Options(hidden=7), 0).save(tmp_path)
    found = policy.trained_options(tmp_path, options.Options())
    assert found.hidden == 7
    assert policy.new_weights(spec, found, 0)["b"].shape == (7,)
    assert policy.trained_options(tmp_path / "nowhere", options.Options()) == options.Options()
