"""What a line of metrics says of one update."""

import numpy as np
import pytest

from townlet.api import PPOSettings, RolloutBatch
from townlet.cli.mind.train_bar import numbers
from townlet.training.experience.source import Gathered
from townlet.training.run.state import PPOState
from townlet.training.strategies.plans import PPOPlan
from townlet.training.strategies.reports import update_report

TICKS, ROWS = 6, 2


def reported(asked: np.ndarray, duration: np.ndarray | None):
    """The report of an update from two rows, in half a second."""
    floats = {name: np.zeros((TICKS, ROWS), np.float32) for name in ("log_probs", "values", "rewards", "bootstrap")}
    flags = {name: np.zeros((TICKS, ROWS), np.bool_) for name in ("episode_start", "terminated", "truncated")}
    spans = {} if duration is None else {"asked": asked, "duration": duration}
    batch = RolloutBatch(
        map=np.zeros((TICKS, ROWS, 0, 0, 0), np.uint8),
        features=np.zeros((TICKS, ROWS, 3), np.float32),
        action_mask=np.ones((TICKS, ROWS, 2), np.bool_),
        active=asked if duration is None else np.ones((TICKS, ROWS), np.bool_),
        actions=np.zeros((TICKS, ROWS), np.int64),
        **floats,
        **flags,
        **spans,
    )
    gathered = Gathered(batch, int(asked.sum()), {})
    state, plan = PPOState(update=1, initial_fingerprint="0"), PPOPlan("rollout", 4)
    return update_report(plan, state, gathered, PPOSettings(), stage=None, seconds=3.0, step_seconds=0.5)


def test_decisions_that_span_ticks_have_a_speed_of_their_own() -> None:
    asked = np.zeros((TICKS, ROWS), np.bool_)
    asked[0, 0] = asked[4, 0] = asked[0, 1] = True
    duration = np.ones((TICKS, ROWS), np.int32)
    duration[0, 0], duration[4, 0], duration[0, 1] = 4, 2, 6
    report = reported(asked, duration)
    assert report.metrics["samples_per_second"] == pytest.approx(3 / 0.5)
    assert report.metrics["agent_ticks_per_second"] == pytest.approx((4 + 2 + 6) / 0.5)
    assert numbers(report)[-2:] == ["6 decisions/s", "24 agent-ticks/s"]


def test_where_each_agent_decides_on_each_tick_both_are_one_number() -> None:
    lived = np.ones((TICKS, ROWS), np.bool_)
    lived[5, 1] = False
    report = reported(lived, None)
    assert report.metrics["agent_ticks_per_second"] == report.metrics["samples_per_second"] == pytest.approx(11 / 0.5)
    assert numbers(report)[-1:] == ["22 samples/s"]
    assert not any("agent-ticks" in item for item in numbers(report))
