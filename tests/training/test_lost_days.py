"""Days lost: marked once a day on their tick, charged to what is learned from alone, priced by the limit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from townlet.config import load_config
from townlet.config.training import ConstraintConfig
from townlet.errors import ConfigError, UsageError
from townlet.minds.runtime import PolicyRuntime
from townlet.minds.stub import StubPolicy
from townlet.rollout import SimulationLoop
from townlet.training.experience.lost_days import LostDays
from townlet.training.metrics.log import read_metrics
from townlet.training.services import TrainingServices
from townlet.training.strategies import PPOStrategy


class Diary:
    """An engine's side of it, line by line."""

    def __init__(self, *lines: list[bool]) -> None:
        self.lines = [np.array(line) for line in lines]

    @property
    def sufficient(self) -> np.ndarray:
        return self.lines[0]

    def turn(self) -> None:
        del self.lines[0]


def seen(diary: Diary, ticks: int) -> LostDays:
    days = LostDays(diary, ticks, 2)
    days.begin()
    for _ in range(ticks):
        diary.turn()
        days(None)  # it looks at the engine alone
    return days


def test_a_day_is_lost_once_on_the_tick_on_which_it_is_lost() -> None:
    days = seen(Diary([True, True], [True, False], [True, False], [False, True], [False, False]), 4)
    assert days.lost.tolist() == [[False, True], [False, False], [True, False], [False, True]]


def test_the_price_is_paid_there_and_nowhere_else() -> None:
    days = seen(Diary([True, True], [True, False], [True, False]), 2)
    rewards = np.full((2, 2), 0.25, np.float32)
    days.charge(rewards, 0.5)
    assert rewards.tolist() == [[0.25, -0.25], [0.25, 0.25]]


def test_the_next_rollout_begins_with_the_day_under_way() -> None:
    diary = Diary([True, True], [True, False], [False, False])
    days = LostDays(diary, 1, 2)
    for expected in ([False, True], [True, False]):
        days.begin()
        diary.turn()
        days(None)
        assert days.lost.tolist() == [expected]


def test_towns_that_count_none_refuse_a_price_by_its_key() -> None:
    days = LostDays(object(), 3, 2)
    days.begin()
    days(None)
    assert not days.known
    with pytest.raises(UsageError, match=r"training\.ppo\.constraint"):
        days.charge(np.zeros((3, 2), np.float32), 0.5)


def test_in_a_town_the_marks_are_the_days_that_are_not_self_sufficient() -> None:
    from townlet.envs import TownEngine

    engine = TownEngine(load_config(None, ["town.map=hamlet"]), (3, 4))
    days = LostDays(engine, 2000, engine.rows)
    days.begin()
    loop = SimulationLoop(engine, PolicyRuntime(StubPolicy(), engine.spec))
    loop.run(2000, (days,))
    totals = engine.kpis().totals()
    assert 0 < days.lost.sum() <= totals["agent_days"] - totals["sufficient_days"]
    first = days.lost[:1000]
    assert first.sum(axis=0).max() == 1
    assert first.any(axis=0).all(), "a stub waits until it starves"


@pytest.mark.parametrize(
    ("price", "lost", "expected"),
    [(0.5, 0.1, 0.545), (0.5, 0.0, 0.495), (0.5, 0.01, 0.5), (0.001, 0.0, 0.0), (1.99, 0.5, 2.0)],
    ids=["rises while too many are lost", "falls", "stays at the limit", "never below 0", "never above the highest"],
)
def test_the_price_follows_the_days(price: float, lost: float, expected: float) -> None:
    limit = ConstraintConfig(lost_days=0.01, step=0.5, highest=2.0)
    assert limit.moved(price, lost) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (["lost_days=1.5"], r"training\.ppo\.constraint\.lost_days"),
        (["lost_days=-0.1"], r"training\.ppo\.constraint\.lost_days"),
        (["price=-1"], r"training\.ppo\.constraint\.price"),
        (["price=4"], "the first price must not be above the highest"),
    ],
)
def test_what_means_nothing_is_refused_with_its_key(keys: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_config(None, [f"training.ppo.constraint.{key}" for key in keys])


def test_a_recording_has_no_days_to_count() -> None:
    with pytest.raises(ConfigError, match="needs towns"):
        load_config(None, ["training.ppo.data=replay", "training.ppo.constraint.lost_days=0.01"])


@pytest.fixture
def wearing(toy):
    """Toy towns in which slot 0 loses the day on each 8th tick of 16."""

    class WearingEngine(toy.ToyEngine):
        @property
        def sufficient(self) -> np.ndarray:
            fresh = np.ones(self.rows, np.bool_)
            fresh[:: self.agents] = self.tick % 16 < 8
            return fresh

    return WearingEngine


def limited(config, **limit):
    ppo = config.training.ppo.model_copy(update={"constraint": ConstraintConfig(**limit)})
    return config.model_copy(update={"training": config.training.model_copy(update={"ppo": ppo})})


def test_training_pays_the_price_that_it_reports_and_reports_the_towns_own_reward(
    toy_config, services, learner, wearing, tmp_path
) -> None:
    def lines(config, name: str) -> tuple[list[dict], list[float]]:
        learner.__init__()
        learned: list[float] = []
        update = learner.update

        def spied(rollout, settings):
            learned.append(float(rollout.rewards.sum()))
            return update(rollout, settings)

        learner.update = spied
        made = TrainingServices.from_config(config, runs=tmp_path / name, engines=lambda c, seeds, t: wearing(seeds))
        result = PPOStrategy(config, made).run()
        del learner.update
        assert result.checkpoint is not None
        return read_metrics(Path(result.checkpoint).parents[1] / "metrics.jsonl"), learned

    plain, learned = lines(toy_config, "plain")
    priced, charged = lines(limited(toy_config, lost_days=0.0, price=0.1, step=0.0), "priced")
    assert "lost_day_price" not in plain[0]
    assert plain[0]["lost_days"] == priced[0]["lost_days"] > 0
    assert priced[0]["lost_day_price"] == pytest.approx(0.1)
    assert priced[0]["reward_mean"] == plain[0]["reward_mean"], "the first rollout is the same"
    rows, days = 8, 2  # four towns; 32 ticks hold two such days for every other row
    assert learned[0] - charged[0] == pytest.approx(0.1 * rows / 2 * days, abs=1e-4)


def test_the_price_rises_from_update_to_update_and_stops_at_the_highest(toy_config, learner, wearing, tmp_path) -> None:
    config = limited(toy_config, lost_days=0.0, price=0.0, step=0.01, highest=0.4)
    made = TrainingServices.from_config(config, runs=tmp_path / "runs", engines=lambda c, seeds, t: wearing(seeds))
    PPOStrategy(config, made).run()
    (path,) = (tmp_path / "runs").glob("*/metrics.jsonl")
    prices = [line["lost_day_price"] for line in read_metrics(path)]
    assert prices == sorted(prices)
    assert 0 < prices[0] < prices[-1] == pytest.approx(0.4)
