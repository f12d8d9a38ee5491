"""What is measured among strangers, on numbers that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from townlet.arena.measures import MEASURED, gini, measured, stratified
from townlet.telemetry.measures import MEASURES, column


class Kpis:
    day_ticks = 100

    def __init__(self, agents: int) -> None:
        self.agent_sums = np.zeros((1, agents, len(MEASURES)))
        self.agent_sums[..., column("ticks")] = 200

    def having(self, name: str, values: list[float]) -> Kpis:
        self.agent_sums[0, :, column(name)] = values
        return self


class Played:
    def __init__(self, kpis: Kpis, focal: list[int]) -> None:
        self.kpis = kpis
        self.players = np.array([focal])


def test_returns_are_per_agent_day_of_either_side() -> None:
    outcome = Played(Kpis(4).having("reward", [2, 4, 6, 8]), [0, 1, 0, 2])
    base = Played(Kpis(4).having("reward", [0, 2, 0, 2]), [0, 1, 0, 2])
    found = measured(outcome, base)  # type: ignore[arg-type]
    assert tuple(found) == tuple(MEASURED)
    assert found["focal_return"] == pytest.approx([2.0])  # (2 + 6) in 4 days
    assert found["background_return"] == pytest.approx([3.0])
    assert found["presence"] == pytest.approx([2.0])  # 3 instead of 1


def test_shares_are_per_head_of_the_whole_town() -> None:
    kpis = Kpis(4).having("wages", [30, 10, 10, 10]).having("finished_table", [0, 0, 0, 0])
    found = measured(Played(kpis, [0, 1, 1, 1]), Played(kpis, [0, 1, 1, 1]))  # type: ignore[arg-type]
    assert found["work_share"] == pytest.approx([2.0])
    assert found["food_share"] == pytest.approx([1.0]), "of nothing everybody has the same"


def test_exits_and_conflicts_are_those_of_each_side() -> None:
    kpis = Kpis(2).having("exit", [1, 0]).having("conflict", [0, 4])
    found = measured(Played(kpis, [0, 1]), Played(kpis, [0, 1]))  # type: ignore[arg-type]
    assert [found[n].item() for n in ("focal_exits", "background_exits")] == [0.5, 0.0]
    assert [found[n].item() for n in ("focal_conflicts", "background_conflicts")] == [0.0, 2.0]


@pytest.mark.parametrize(
    ("values", "expected"),
    [([1, 1, 1, 1], 0.0), ([0, 0, 0, 4], 0.75), ([1, 3], 0.25), ([-1, 1], 0.5), ([0, 0], 0.0)],
)
def test_gini_of_known_numbers(values: list[float], expected: float) -> None:
    assert gini(np.array(values, float)) == pytest.approx(expected)


def test_over_scenarios_each_weighs_the_same_and_only_towns_are_resampled() -> None:
    found = stratified([np.full(8, 1.0), np.full(8, 3.0)])
    assert (found.mean, found.low, found.high) == (2.0, 2.0, 2.0), "no town differs from another in its scenario"
    noisy = stratified([np.arange(8.0), np.arange(8.0)])
    assert noisy.low < 3.5 < noisy.high
    assert noisy.seeds == 16
