from __future__ import annotations

import numpy as np
import pytest

from townlet.errors import UsageError
from townlet.evaluation import EvaluationResult, compare, compare_pair, estimate
from townlet.evaluation.names import HEADLINES, higher_is_better, is_judged
from townlet.telemetry.kpis import KPI_NAMES


def evaluation(policy: str, figures: dict[str, np.ndarray], **changes: object) -> EvaluationResult:
    seeds = len(next(iter(figures.values())))
    given: dict[str, object] = {
        "policy": policy,
        "provenance": {"active": policy},
        "config_id": "abc",
        "explore": False,
        "seeds": tuple(range(seeds)),
        "days": 1.0,
        "agents": 8,
        "kpis": {name: estimate(values) for name, values in figures.items()},
        "per_seed": {name: tuple(values.tolist()) for name, values in figures.items()},
        "timing": {"seconds": 0.1},
        **changes,
    }
    return EvaluationResult.model_validate(given)


RAMP = np.linspace(0.0, 1.0, 16)


def test_the_verdict_names_each_headline_figure_once_and_in_words() -> None:
    a = evaluation("scripted", {"reward": RAMP, "attendance": RAMP, "starvations": RAMP, "rent": RAMP})
    b = evaluation("learned", {"reward": RAMP + 0.8, "attendance": RAMP, "starvations": RAMP + 0.5, "rent": RAMP + 1})
    found = compare_pair(a, b)
    assert found.verdict == (
        "learned against scripted: better in reward (+0.8 ± 0); "
        "worse in starvations (+0.5 ± 0); no clear difference in attendance"
    )
    assert found.differences["rent"].mean == pytest.approx(1.0)


def test_every_later_policy_is_held_against_the_first() -> None:
    rows = [evaluation(name, {"reward": RAMP + i}) for i, name in enumerate("abc")]
    result = compare(rows)
    assert [(c.a, c.b) for c in result.comparisons] == [("a", "b"), ("a", "c")]
    assert [c.differences["reward"].verdict for c in result.comparisons] == ["better", "better"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"config_id": "other"}, "another config"),
        ({"seeds": tuple(range(1, 17))}, "another seeds"),
        ({"days": 2.0}, "another days"),
        ({"scenario": "outage"}, "another scenario"),
    ],
)
def test_only_the_same_towns_can_be_compared(change: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        compare_pair(evaluation("a", {"reward": RAMP}), evaluation("b", {"reward": RAMP}, **change))


def test_one_policy_is_no_comparison() -> None:
    with pytest.raises(UsageError, match="at least two"):
        compare([evaluation("a", {"reward": RAMP})])


def test_the_result_is_json_and_reads_back() -> None:
    result = compare([evaluation("a", {"reward": RAMP}), evaluation("b", {"reward": RAMP})])
    assert type(result).model_validate_json(result.model_dump_json()) == result


def test_headlines_are_figures_that_are_measured_and_judged() -> None:
    assert set(HEADLINES) <= set(KPI_NAMES)
    assert all(is_judged(name) for name in HEADLINES)
    assert not higher_is_better("starvations")
    assert higher_is_better("reward_wages") if "reward_wages" in KPI_NAMES else True
