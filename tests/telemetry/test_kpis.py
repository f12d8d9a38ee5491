"""Key figures are ratios of sums: worked out by hand here."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from townlet.config.rewards import REWARD_PARTS
from townlet.telemetry.kpis import KPI_NAMES, kpis_of
from townlet.telemetry.measures import M_EVENTS, M_EXITS, M_FINISHED, M_PARTS, MEASURES, column
from townlet.world.names import ACTIONS, EVENTS, EXIT_REASONS, FACILITY_KINDS

DAY = 1000


def sums(**values: float) -> np.ndarray:
    row = np.zeros(len(MEASURES))
    for name, value in values.items():
        row[column(name)] = value
    return row


@pytest.mark.parametrize(
    ("figure", "counted", "expected"),
    [
        ("self_sufficiency", {"sufficient_days": 6, "agent_days": 8}, 0.75),
        ("mean_need", {"hunger": 100, "energy": 200, "hygiene": 150, "ticks": 300}, 0.5),
        ("attendance", {"attended": 3, "absent": 1}, 0.75),
        ("on_site_share", {"on_site_ticks": 50, "shift_ticks": 200}, 0.25),
        ("late_share", {"late": 1, "on_time": 3}, 0.25),
        ("lateness", {"late_ticks": 40, "late": 1, "on_time": 3}, 10.0),
        ("wages", {"wages": 56, "ticks": 2000}, 28.0),
        ("starvations", {"exit_collapse": 1, "ticks": 8000}, 0.125),
        ("exits", {"exit": 2, "ticks": 4000}, 0.5),
        ("queue_conflicts", {"conflict": 3, "ticks": 1000}, 3.0),
        ("conflict_intensity", {"conflict_intensity": 4.5, "conflict": 3}, 1.5),
        ("chats", {"chat_ok": 10, "ticks": 2000}, 5.0),
        ("chat_success", {"chat_ok": 3, "chat_failed": 1}, 0.75),
        ("chat_quality", {"chat_quality": 2, "chat_ok": 4}, 0.5),
        ("shared_meals", {"shared_meal": 2, "ticks": 1000}, 2.0),
        ("shift_takeovers", {"takeover": 1, "ticks": 500}, 2.0),
        ("ties_formed", {"tie_formed": 4, "ticks": 1000}, 4.0),
        ("reward", {"reward": -7.5, "ticks": 1500}, -5.0),
        ("reward_needs", {"reward_needs": -3, "ticks": 1000}, -3.0),
        ("finished_stove", {"finished_stove": 3, "ticks": 1000}, 3.0),
        ("clipped_share", {"clipped_ticks": 1, "ticks": 10}, 0.1),
    ],
)
def test_formula(figure: str, counted: dict[str, float], expected: float) -> None:
    assert kpis_of(sums(**counted), DAY)[figure] == pytest.approx(expected)


def test_nothing_counted_gives_zeros() -> None:
    assert all(value == 0.0 for value in kpis_of(sums(), DAY).values())


def test_names_are_those_of_the_figures() -> None:
    assert set(KPI_NAMES) == set(kpis_of(sums(), DAY))


@given(st.integers(0, 2**32), st.integers(0, 3))
def test_vectorised_equals_row_by_row(seed: int, sparsity: int) -> None:
    rng = np.random.default_rng(seed)
    block = rng.integers(0, 1000, (3, len(MEASURES))) * (rng.random((3, len(MEASURES))) < 0.5**sparsity).astype(float)
    together = kpis_of(block, DAY)
    for i, row in enumerate(block):
        alone = kpis_of(row, DAY)
        assert all(together[name][i] == alone[name] for name in KPI_NAMES)


class TestColumns:
    """The compiled counters write by number what people read by name."""

    @pytest.mark.parametrize(
        ("first", "names"),
        [
            (M_PARTS, [f"reward_{part}" for part in REWARD_PARTS]),
            (M_FINISHED, [f"finished_{kind}" for kind in FACILITY_KINDS]),
            (M_EXITS, [f"exit_{reason}" for reason in EXIT_REASONS[1:]]),
            (M_EVENTS, list(EVENTS)),
        ],
    )
    def test_blocks(self, first: int, names: list[str]) -> None:
        assert list(MEASURES[first : first + len(names)]) == names

    def test_actions(self) -> None:
        assert [column(f"action_{action}") for action in ACTIONS] == list(
            range(column("action_wait"), column("action_wait") + len(ACTIONS))
        )

    def test_no_name_twice(self) -> None:
        assert len(set(MEASURES)) == len(MEASURES)
