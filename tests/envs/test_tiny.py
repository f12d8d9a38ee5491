"""The tiny towns: what the best and the worst that one can do there earns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from townlet.api import ObservationBatch
from townlet.envs import BanditTown, Engine, NavigationTown
from townlet.errors import BackendContractError, SnapshotError

TOWNS = [BanditTown, NavigationTown]


def knows_the_sign(seen: ObservationBatch) -> np.ndarray:
    return np.where(seen.active, seen.features[:, :-1].argmax(1) + 1, 0)


def walks_straight(seen: ObservationBatch) -> np.ndarray:
    dy, dx = seen.features[:, 0], seen.features[:, 1]
    by_row = np.where(dy < 0, 1, 3)
    by_column = np.where(dx > 0, 2, 4)
    return np.where(seen.active, np.where(dy != 0, by_row, by_column), 0)


class TestBandit:
    def test_reading_the_sign_earns_one_a_tick(self) -> None:
        town = BanditTown([0, 1])
        seen, lived = town.observe(), 0
        total = 0.0
        for _ in range(100):
            lived += int(seen.active.sum())
            result = town.step(knows_the_sign(seen))
            total += float(result.rewards.sum())
            seen = result.observations
        assert total == lived

    def test_chance_earns_about_a_quarter(self, wanderers) -> None:
        town = BanditTown(range(8))
        choose, seen = wanderers(town), town.observe()
        for _ in range(300):
            seen = town.step(choose(seen.action_mask)).observations
        totals = town.kpis().totals(["reward", "ticks"])
        assert 0.2 < totals["reward"] / totals["ticks"] < 0.35

    def test_the_locked_door_is_masked_and_never_the_right_one(self) -> None:
        town = BanditTown([0])
        seen = town.observe()
        for _ in range(50):
            open_doors = seen.action_mask[seen.active]
            assert (open_doors.sum(1) == 4).all()
            assert open_doors[np.arange(len(open_doors)), knows_the_sign(seen)[seen.active]].all()
            seen = town.step(knows_the_sign(seen)).observations


class TestNavigation:
    def test_the_shortest_way(self) -> None:
        town = NavigationTown(range(4))
        seen, total = town.observe(), np.zeros(town.rows)
        steps = np.round(np.abs(seen.features[:, :2]).sum(1) * town.size)
        arrived = np.zeros(town.rows, np.bool_)
        for _ in range(10):
            result = town.step(walks_straight(seen))
            total += np.where(arrived, 0, result.rewards)
            arrived |= result.terminated
            seen = result.observations
        assert arrived.all()
        assert total == pytest.approx(1 - 0.02 * (steps - 1), abs=1e-5)

    def test_the_goal_is_on_the_map_without_hints(self) -> None:
        town = NavigationTown([0], hints=False)
        seen = town.observe()
        assert not seen.features[:, :2].any()
        assert (seen.map[:, 1] == 255).sum() == town.rows

    def test_walls_are_masked(self) -> None:
        town = NavigationTown([0], size=2)
        assert (town.observe().action_mask[:, 1:].sum(1) == 2).all()


@pytest.mark.parametrize("kind", TOWNS)
class TestBoth:
    def test_is_an_engine(self, kind) -> None:
        assert isinstance(kind([0]), Engine)

    def test_a_world_among_others_is_the_same_alone(self, kind, wanderers) -> None:
        many, one = kind([4, 5, 6]), kind([5])
        crowd, alone = wanderers(many), wanderers(one, first_world=1)
        a, b = many.observe(), one.observe()
        for _ in range(60):
            first, second = many.step(crowd(a.action_mask)), one.step(alone(b.action_mask))
            a, b = first.observations, second.observations
            assert np.array_equal(first.rewards[4:8], second.rewards)
            assert np.array_equal(a.features[4:8], b.features)

    def test_rows_pause_for_one_tick_between_lives(self, kind, wanderers) -> None:
        town = kind([0, 1])
        choose, seen = wanderers(town), town.observe()
        ended = np.zeros(town.rows, np.bool_)
        for _ in range(80):
            result = town.step(choose(seen.action_mask))
            seen = result.observations
            assert np.array_equal(~seen.active, result.terminated)
            assert np.array_equal(seen.episode_start, ended)
            ended = result.terminated.copy()

    def test_resumed_equals_uninterrupted(self, kind, wanderers, tmp_path: Path) -> None:
        town = kind([0, 1])
        choose, seen = wanderers(town), town.observe()
        for _ in range(23):
            seen = town.step(choose(seen.action_mask)).observations
        town.save(tmp_path / "tiny")
        other = kind([7, 8])
        other.load(tmp_path / "tiny")
        for _ in range(20):
            actions = choose(town.observe().action_mask)
            assert np.array_equal(town.step(actions).rewards, other.step(actions).rewards)
        assert town.kpis().totals() == other.kpis().totals()

    def test_a_snapshot_of_something_else(self, kind, tmp_path: Path) -> None:
        other = NavigationTown if kind is BanditTown else BanditTown
        other([0]).save(tmp_path / "tiny")
        with pytest.raises(SnapshotError, match="another town"):
            kind([0]).load(tmp_path / "tiny")

    def test_a_forbidden_action(self, kind) -> None:
        town = kind([0])
        with pytest.raises(BackendContractError, match="alice"):
            town.step(town.observe().action_mask.argmin(1))
