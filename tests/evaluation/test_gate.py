"""The gate before a release: what is not shown is not passed."""

from __future__ import annotations

import numpy as np
import pytest

from townlet.evaluation import EvaluationResult, compare, estimate
from townlet.evaluation.gate import GATE_COLUMNS, GateResult, gate, gate_cells

MARGINS = {"reward": 0.05, "self_sufficiency": 0.02}
TOWNS = np.linspace(-0.01, 0.01, 8)


def held(reward: np.ndarray, sufficiency: np.ndarray | float = 1.0, *, towns: int = 8, unknown: tuple[str, ...] = ()):
    """A candidate of these figures against a teacher of reward 0.5 who always copes."""

    def evaluation(policy: str, figures: dict[str, np.ndarray], unknown: tuple[str, ...] = ()) -> EvaluationResult:
        return EvaluationResult(
            policy=policy,
            provenance={},
            config_id="tiny",
            explore=False,
            seeds=tuple(range(towns)),
            days=2.0,
            agents=8,
            kpis={name: estimate(values) for name, values in figures.items()},
            per_seed={name: tuple(values.tolist()) for name, values in figures.items()},
            unknown=unknown,
            timing={"seconds": 0.1},
        )

    teacher = {"reward": np.full(towns, 0.5), "self_sufficiency": np.ones(towns), "chats": np.zeros(towns)}
    mine = {
        "reward": np.broadcast_to(reward, towns)[:towns].astype(np.float64),
        "self_sufficiency": np.broadcast_to(sufficiency, towns).astype(np.float64),
        "chats": np.zeros(towns),
    }
    return gate(compare([evaluation("scripted", teacher), evaluation("toy:x", mine, unknown)]), MARGINS)


class TestPassed:
    def test_who_is_better_passes_and_the_reason_says_so(self) -> None:
        found = held(0.7 + TOWNS)
        assert found.passed
        assert found.reasons[0] == "reward: better than scripted, within the margin of 0.05"

    def test_a_little_worse_within_the_margin_passes(self) -> None:
        found = held(0.47 + TOWNS)
        assert found.passed
        assert found.figures[0].verdict == "worse", "it is worse, and by less than matters"

    def test_what_has_no_margin_is_shown_and_decides_nothing(self) -> None:
        figures = {figure.figure: figure for figure in held(0.7 + TOWNS).figures}
        assert list(figures) == ["reward", "self_sufficiency", "chats"], "those that decide come first"
        assert (figures["chats"].margin, figures["chats"].passed) == (None, None)


class TestNotPassed:
    @pytest.mark.parametrize("towns", [1, 2, 3, 4])
    def test_too_few_towns_however_good(self, towns: int) -> None:
        found = held(np.full(towns, 9.0), towns=towns)
        assert not found.passed
        assert "too few to conclude anything; it takes at least 5" in found.reasons[0]

    def test_one_dead_town(self) -> None:
        """The whole of the finding: one town, everybody starving, and not found to be worse."""
        found = held(np.array([-7.4]), 0.0, towns=1)
        assert not found.passed
        assert found.figures[0].verdict == "no clear difference"

    def test_worse_by_more_than_the_margin(self) -> None:
        found = held(0.4 + TOWNS)
        assert not found.passed
        assert found.reasons == (
            "reward is worse: 0.4 against 0.5, the difference between -0.105 and -0.0957; the margin is 0.05",
        )

    def test_a_wide_interval_is_no_excuse(self) -> None:
        """As good on average, and nobody knows: the old gate let it pass, since it was not found to be worse."""
        found = held(0.5 + np.array([-0.9, 0.9, -0.8, 0.8, -0.7, 0.7, -0.6, 0.6]))
        assert found.figures[0].verdict == "no clear difference"
        assert not found.passed
        assert found.reasons[0].startswith("reward is not shown to be as good")

    def test_rich_and_starving(self) -> None:
        assert not held(0.9 + TOWNS, 0.9).passed

    def test_a_figure_that_nobody_counted(self) -> None:
        found = held(0.7 + TOWNS, unknown=("self_sufficiency",))
        assert not found.passed
        assert found.reasons[0].startswith("self-sufficiency: nothing was counted")


def test_no_margins_show_nothing() -> None:
    found = held(0.7 + TOWNS)
    assert found.passed
    evaluation = EvaluationResult(
        policy="a",
        provenance={},
        config_id="tiny",
        explore=False,
        seeds=tuple(range(8)),
        days=1.0,
        agents=8,
        kpis={"reward": estimate(np.ones(8))},
        per_seed={"reward": (1.0,) * 8},
        timing={"seconds": 0.1},
    )
    assert not gate(compare([evaluation, evaluation]), {}).passed


def test_it_is_json_and_a_table() -> None:
    found = held(0.7 + TOWNS)
    assert GateResult.model_validate_json(found.model_dump_json()) == found
    cells = gate_cells(found)
    assert {len(row) for row in cells} == {len(GATE_COLUMNS)}
    assert [row[-1] for row in cells] == ["passed", "passed", "no clear difference"]
