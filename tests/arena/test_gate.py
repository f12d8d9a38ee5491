"""No worse among strangers than another: shown on enough towns, within the margin, in every scenario alike."""

from __future__ import annotations

import pytest

from townlet.arena import ArenaResult, Suite, meet
from townlet.arena.gate import gate_of, judge_among_strangers, strangers_cells
from townlet.arena.naming import RANDOM
from townlet.config.evaluation import StrangersConfig
from townlet.errors import UsageError
from townlet.play import MindSpec

OTHER = MindSpec(requested="other", backend="scripted", options={})
MARGINS = {"focal_return": 0.05, "background_return": 0.05}


def host(name: str) -> MindSpec:
    return MindSpec(requested=name, backend="scripted", options={"preset": "host"})


@pytest.fixture
def result(suite: Suite) -> ArenaResult:
    return meet([host("release"), host("candidate")], suite, matrix=False)


def better_by(result: ArenaResult, name: str, amounts: list[float]) -> ArenaResult:
    """The result with the candidate better by so much in each town of each scenario."""
    scenarios = []
    for scenario in result.scenarios:
        release, candidate = scenario.standings
        values = tuple(x + by for x, by in zip(release.per_seed[name], amounts, strict=True))
        changed = candidate.model_copy(update={"per_seed": {**candidate.per_seed, name: values}})
        scenarios.append(scenario.model_copy(update={"standings": (release, changed)}))
    return result.model_copy(update={"scenarios": tuple(scenarios)})


def test_who_does_just_the_same_passes_even_without_a_margin(result: ArenaResult) -> None:
    gate = gate_of(result, dict.fromkeys(MARGINS, 0.0))
    assert gate.passed
    assert gate.objections() == ()
    assert gate.against == "release"
    assert gate.towns == 6
    assert gate.worst == {}
    assert {(f.low, f.high, f.candidate - f.against) for f in gate.figures} == {(0.0, 0.0, 0.0)}


@pytest.mark.parametrize("name", sorted(MARGINS))
@pytest.mark.parametrize(
    ("amounts", "passes"),
    [
        ([-0.04, -0.04, -0.04], True),  # worse, and within the margin
        ([-0.06, -0.06, -0.06], False),
        ([0.3, 0.3, -0.6], False),  # as good in the mean, which is not shown
        ([0.1, 0.2, 0.3], True),
    ],
)
def test_the_whole_interval_must_be_within_the_margin(
    result: ArenaResult, name: str, amounts: list[float], passes: bool
) -> None:
    gate = gate_of(better_by(result, name, amounts), MARGINS)
    assert gate.passed == passes
    assert [f.passed for f in gate.figures] == [f.figure != name or passes for f in gate.figures]
    assert bool(gate.objections()) != passes


def test_it_says_where_the_candidate_fell_behind(result: ArenaResult) -> None:
    gate = gate_of(better_by(result, "focal_return", [-0.5] * 3), MARGINS)
    first, last = gate.objections()
    assert "reward among strangers is not shown to be as good" in first
    assert "the difference between -0.5 and -0.5; the margin is 0.05" in first
    assert last == "worst in crowd (-0.5), pushed (-0.5)"
    assert strangers_cells(gate)[0][-1] == "NOT passed"
    assert gate.model_validate_json(gate.model_dump_json()) == gate


def test_two_minds_are_played_and_who_acts_at_random_does_not_pass(suite: Suite) -> None:
    gate = judge_among_strangers(RANDOM, OTHER, suite, StrangersConfig())
    assert not gate.passed
    assert gate.metrics["strangers_focal_return"] < 0.0
    assert judge_among_strangers(OTHER, RANDOM, suite, StrangersConfig(background_return=5.0)).passed


def test_a_candidate_is_not_held_against_itself(suite: Suite) -> None:
    with pytest.raises(UsageError, match="each once"):
        judge_among_strangers(OTHER, OTHER, suite, StrangersConfig())
