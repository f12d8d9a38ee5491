"""GAE against a slow reference in float64 and against closed forms."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from townlet.api import RolloutBatch
from townlet.rollout.spans import decisions_only
from townlet_backend_pytorch.gae import compute_gae, rollout_advantages

pytestmark = pytest.mark.torch


def _slow(rollout: RolloutBatch, gamma: float, lam: float) -> np.ndarray:
    """By the definition: for each start, walk forward and add discounted deltas until the life ends or is cut."""
    ticks, rows = rollout.actions.shape
    advantages = np.zeros((ticks, rows))

    def delta_and_goes_on(t: int, n: int) -> tuple[float, bool]:
        reward, value = float(rollout.rewards[t, n]), float(rollout.values[t, n])
        if rollout.terminated[t, n]:
            return reward - value, False
        if rollout.truncated[t, n] or t == ticks - 1:
            return reward + gamma * float(rollout.bootstrap[t, n]) - value, False
        if not rollout.active[t + 1, n] or rollout.episode_start[t + 1, n]:
            return reward - value, False
        return reward + gamma * float(rollout.values[t + 1, n]) - value, True

    for n in range(rows):
        for start in range(ticks):
            if not rollout.active[start, n]:
                continue
            total, weight, t = 0.0, 1.0, start
            while True:
                delta, goes_on = delta_and_goes_on(t, n)
                total += weight * delta
                if not goes_on:
                    break
                weight *= gamma * lam
                t += 1
            advantages[start, n] = total
    return advantages


def _lives(seed: int, ticks: int = 60, rows: int = 9) -> RolloutBatch:
    """Lives that begin and end at random; slots stay empty for a while; inactive entries hold nonsense."""
    rng = np.random.default_rng(seed)
    shape = (ticks, rows)
    active, start, terminated = (np.zeros(shape, np.bool_) for _ in range(3))
    for n in range(rows):
        t = int(rng.integers(0, 5))
        while t < ticks:
            length = int(rng.integers(1, 25))
            end = min(t + length, ticks)
            active[t:end, n] = True
            start[t, n] = True
            if t + length <= ticks:
                terminated[end - 1, n] = True
            t = end + int(rng.integers(0, 6))
    truncated = (rng.random(shape) < 0.06) & active
    floats = {name: rng.normal(size=shape).astype(np.float32) for name in ("rewards", "values", "bootstrap")}
    floats["rewards"][~active] = 1e6
    floats["values"][~active] = -1e6
    return RolloutBatch(
        map=np.zeros((*shape, 0, 0, 0), np.uint8),
        features=np.zeros((*shape, 1), np.float32),
        action_mask=np.ones((*shape, 2), np.bool_),
        active=active,
        episode_start=start,
        actions=np.zeros(shape, np.int64),
        log_probs=np.zeros(shape, np.float32),
        terminated=terminated,
        truncated=truncated,
        **floats,
    )


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("gamma", "lam"), [(0.99, 0.95), (1.0, 1.0), (0.9, 0.0), (0.5, 0.7)])
def test_agrees_with_the_definition_through_births_deaths_and_cuts(seed, gamma, lam):
    rollout = _lives(seed)
    assert rollout.terminated.any()
    assert rollout.truncated.any()
    assert not rollout.active.all()
    advantages, returns = rollout_advantages(rollout, gamma, lam)
    np.testing.assert_allclose(advantages.numpy(), _slow(rollout, gamma, lam), atol=2e-5)
    active = rollout.active
    np.testing.assert_allclose(returns.numpy()[active], (advantages.numpy() + rollout.values)[active], atol=1e-6)
    assert (advantages.numpy()[~active] == 0).all()


def test_the_critic_may_look_further_than_the_policy():
    rollout = _lives(1)
    near, far = rollout_advantages(rollout, 0.99, 0.9), rollout_advantages(rollout, 0.99, 1.0)
    advantages, returns = rollout_advantages(rollout, 0.99, 0.9, 1.0)
    assert torch.equal(advantages, near[0])
    assert torch.equal(returns, far[1])
    assert not torch.allclose(returns, near[1])


def _one_row(rewards, values, bootstrap, terminated=None, truncated=None):
    ticks = len(rewards)
    no = torch.zeros((ticks, 1), dtype=torch.bool)

    def at(tick):
        flags = no.clone()
        if tick is not None:
            flags[tick] = True
        return flags

    column = [torch.tensor(x, dtype=torch.float64).unsqueeze(1) for x in (rewards, values)]
    last = torch.zeros((ticks, 1), dtype=torch.float64)
    for tick, value in bootstrap.items():
        last[tick] = value
    return (*column, at(terminated), at(truncated), last)


def test_without_lambda_it_is_the_one_step_error():
    advantages, _ = compute_gae(*_one_row([1, 2, 3], [10, 20, 30], {2: 40}), gamma=0.5, gae_lambda=0.0)
    assert advantages.squeeze(1).tolist() == [1 + 10 - 10, 2 + 15 - 20, 3 + 20 - 30]


def test_with_lambda_one_the_return_is_the_discounted_sum():
    _, returns = compute_gae(*_one_row([1, 2, 3], [7, -3, 5], {2: 16}), gamma=0.5, gae_lambda=1.0)
    assert returns[0].item() == pytest.approx(1 + 0.5 * 2 + 0.25 * 3 + 0.125 * 16)


def test_a_truncation_is_worth_its_bootstrap_and_a_termination_nothing():
    ended = compute_gae(*_one_row([1, 1], [0, 0], {0: 100, 1: 0}, terminated=0), gamma=1.0, gae_lambda=1.0)[1]
    cut = compute_gae(*_one_row([1, 1], [0, 0], {0: 100, 1: 0}, truncated=0), gamma=1.0, gae_lambda=1.0)[1]
    both = compute_gae(*_one_row([1, 1], [0, 0], {0: 100, 1: 0}, terminated=0, truncated=0), gamma=1.0, gae_lambda=1.0)[
        1
    ]
    assert ended[0].item() == 1
    assert cut[0].item() == 101
    assert both[0].item() == 1
    assert ended[1].item() == cut[1].item() == 1


def test_the_rollout_is_not_written_into():
    rollout = _lives(3)
    before = {name: getattr(rollout, name).copy() for name in ("values", "rewards", "terminated", "bootstrap")}
    rollout_advantages(rollout, 0.99, 0.95)
    for name, array in before.items():
        assert np.array_equal(getattr(rollout, name), array), name


def _said_as_spans(rollout):
    """The same rollout, told in the words of decisions that span ticks."""
    last = np.zeros_like(rollout.truncated)
    last[-1] = True
    bootstrap = np.where((rollout.truncated | last) & ~rollout.terminated & rollout.active, rollout.bootstrap, 0)
    return replace(rollout, asked=rollout.active.copy(), bootstrap=bootstrap.astype(np.float32))


@pytest.mark.parametrize("seed", range(5))
def test_decisions_of_one_tick_are_the_same_in_either_words(seed):
    rollout = _said_as_spans(_lives(seed))
    plain = replace(rollout, asked=rollout.active)
    assert plain.every_tick
    assert not rollout.every_tick
    for mine, theirs in zip(
        rollout_advantages(rollout, 0.97, 0.9, 0.99), rollout_advantages(plain, 0.97, 0.9, 0.99), strict=True
    ):
        active = rollout.active
        np.testing.assert_allclose(mine.numpy()[active], theirs.numpy()[active], atol=2e-5)


@pytest.mark.parametrize("seed", range(5))
def test_decisions_of_several_ticks_discount_by_how_long_they_lasted(seed):
    rng, gamma, lam = np.random.default_rng(seed), 0.9, 0.8
    rollout = _said_as_spans(_lives(seed))
    asked = rollout.active & ((rng.random(rollout.active.shape) < 0.3) | rollout.episode_start)
    duration = np.where(asked, rng.integers(1, 9, asked.shape), 1).astype(np.int32)
    rollout = replace(rollout, asked=asked, duration=duration)
    advantages, returns = rollout_advantages(rollout, gamma, lam)
    for row in range(rollout.rows):
        ticks = np.flatnonzero(asked[:, row]).tolist()
        expected: dict[int, float] = {}
        for place in range(len(ticks) - 1, -1, -1):
            t, later = ticks[place], ticks[place + 1] if place + 1 < len(ticks) else None
            if later is not None and rollout.episode_start[t + 1 : later + 1, row].any():
                later = None  # somebody else's
            shrink = gamma ** int(duration[t, row])
            ended, cut = rollout.terminated[t, row], rollout.truncated[t, row]
            after = rollout.bootstrap[t, row] if cut or later is None else rollout.values[later, row]
            total = rollout.rewards[t, row] + shrink * (0.0 if ended else after) - rollout.values[t, row]
            if later is not None and not (ended or cut):
                total += shrink * lam * expected[later]
            expected[t] = float(total)
            np.testing.assert_allclose(advantages[t, row], total, atol=2e-4, err_msg=f"tick {t}, row {row}")
    np.testing.assert_allclose(returns.numpy()[asked], (advantages.numpy() + rollout.values)[asked], atol=1e-5)
    assert not advantages.numpy()[~asked].any()


@pytest.mark.parametrize("seed", range(3))
def test_leaving_out_what_lies_between_decisions_changes_no_bit(seed):
    rng = np.random.default_rng(seed)
    rollout = _said_as_spans(_lives(seed))
    asked = rollout.active & ((rng.random(rollout.active.shape) < 0.3) | rollout.episode_start)
    duration = np.where(asked, rng.integers(1, 9, asked.shape), 1).astype(np.int32)
    rollout = replace(rollout, asked=asked, duration=duration)
    names = [f.name for f in fields(rollout) if f.name not in ("demonstrations", "state", "memory")]
    packed = replace(rollout, **decisions_only({name: getattr(rollout, name) for name in names}))
    assert packed.ticks < rollout.ticks
    for written, alone in zip(
        rollout_advantages(rollout, 0.97, 0.9, 0.99), rollout_advantages(packed, 0.97, 0.9, 0.99), strict=True
    ):
        for row in range(rollout.rows):
            np.testing.assert_array_equal(alone[packed.asked[:, row], row], written[asked[:, row], row])
