"""``evaluate`` and ``compare`` from the command line: tables, JSON, the registry, and every mistake."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from townlet.cli.app import townlet
from townlet.errors import TownletError, UsageError
from townlet.evaluation import ComparisonResult, EvaluationResult
from townlet.evaluation.scenarios import Scorecard
from townlet.registry import Registry

SMALL = ("--set", "town.map=hamlet", "--seeds", "2", "--days", "0.05")


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)

    def invoke(*words: str) -> Result:
        return CliRunner().invoke(townlet, list(words))

    return invoke


def test_a_table_with_intervals(call) -> None:
    done = call("evaluate", "--policy", "scripted", *SMALL)
    assert done.exit_code == 0, done.output
    assert "scripted: 2 towns of 4 agents, 0.05 days each" in done.output
    assert "95 % interval" in done.output
    assert "reward (per agent-day)" in done.output


def test_a_share_of_nothing_is_shown_as_unknown(call) -> None:
    """Alice's shift ends at tick 460, and it is the first."""

    def attendance(*words: str) -> list[str]:
        (line,) = [line for line in call(*words).output.splitlines() if line.startswith("attendance")]
        return line.split()[4:]

    town = ("--set", "town.map=hamlet", "--seeds", "2")
    assert attendance("evaluate", "--policy", "scripted", *town, "--days", "0.4") == ["-", "-", "-"]
    assert attendance("evaluate", "--policy", "scripted", *town, "--days", "0.5")[0] == "1"
    assert attendance("compare", "scripted", "stub", *town, "--days", "0.4") == ["-", "-"]
    done = call("evaluate", "--policy", "scripted", *town, "--days", "0.4", "--json")
    assert "attendance" in json.loads(done.stdout)["unknown"]
    (kept, *_) = json.loads(call("runs", "list", "--json").stdout)["evaluations"]
    assert "attendance" not in kept["metrics"]
    assert "reward" in kept["metrics"]


def test_json_is_one_document_that_reads_back(call) -> None:
    done = call("evaluate", "--policy", "scripted", *SMALL, "--json")
    result = EvaluationResult.model_validate_json(done.stdout)
    assert result.seeds == (1_000_000, 1_000_001)
    assert result.provenance["active"] == "scripted"


def test_the_registry_keeps_it_unless_told_not_to(call, tmp_path: Path) -> None:
    call("evaluate", "--policy", "stub", *SMALL, "--no-registry")
    assert not (tmp_path / "runs").exists()
    call("evaluate", "--policy", "stub", *SMALL)
    with Registry(tmp_path / "runs") as registry:
        (kept,) = registry.evaluations()
    assert kept.policy == "stub"
    assert kept.settings["seeds"] == [1_000_000, 1_000_001]


def test_what_was_evaluated_is_listed(call) -> None:
    assert "no registry" in str(call("runs", "list").exception)
    call("evaluate", "--policy", "stub", *SMALL)
    assert [one["policy"] for one in json.loads(call("runs", "list", "--json").stdout)["evaluations"]] == ["stub"]


def test_a_registry_that_cannot_be_written_costs_no_result(call, tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("no folder", encoding="utf-8")
    done = call("evaluate", "--policy", "stub", *SMALL)
    assert done.exit_code == 0, done.exception
    assert "reward (per agent-day)" in done.stdout
    assert done.stderr.startswith("warning: the registry could not store this result: ")


def test_the_configs_own_backend_is_evaluated_without_a_name(call) -> None:
    done = call("evaluate", *SMALL, "--set", "policy.backend=stub", "--json", "--no-registry")
    assert json.loads(done.stdout)["policy"] == "stub"


def test_one_town_says_that_it_says_little(call) -> None:
    done = call("evaluate", "--policy", "stub", "--set", "town.map=hamlet", "--seeds", "1", "--days", "0.02")
    assert "a single town gives no interval" in done.output
    assert "stub: 1 town of 4 agents, 0.02 days each" in done.output


def test_compare_says_it_in_words(call) -> None:
    done = call("compare", "scripted", "stub", *SMALL)
    assert done.exit_code == 0, done.output
    assert "stub minus scripted" in done.output
    assert "stub against scripted:" in done.output


def test_compare_json_reads_back(call) -> None:
    done = call("compare", "scripted", "stub", "stub", *SMALL, "--json")
    result = ComparisonResult.model_validate_json(done.stdout)
    assert [pair.b for pair in result.comparisons] == ["stub", "stub"]


def test_compare_writes_a_page(call, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    done = call("compare", "scripted", "stub", *SMALL, "--report", "out/page.html")
    assert done.exit_code == 0, done.output
    text = (tmp_path / "out/page.html").read_text(encoding="utf-8")
    assert text.count("<svg") == 2
    assert "stub against scripted" in text


def test_a_page_that_cannot_be_written_costs_no_result(call, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    done = call("compare", "scripted", "stub", *SMALL, "--report", ".")
    assert isinstance(done.exception, UsageError)
    assert not (tmp_path / "runs").exists(), "nothing was played"
    (tmp_path / "a").write_text("no folder", encoding="utf-8")
    done = call("compare", "scripted", "stub", *SMALL, "--report", "a/page.html")
    assert "stub against scripted:" in done.output
    assert isinstance(done.exception, UsageError)


@pytest.mark.parametrize("slip", ["stubb", "scripted:nowhere", "release", "mixture:scripted,stub,2"])
def test_a_slip_in_the_last_policy_is_found_before_the_first_is_played(call, tmp_path: Path, slip: str) -> None:
    done = call("compare", "scripted", slip, *SMALL)
    assert isinstance(done.exception, TownletError), done.output
    assert not (tmp_path / "runs").exists(), "nothing was played"


def test_a_scenario_gives_a_scorecard(call) -> None:
    words = ("evaluate", "--policy", "stub", "--scenario", "one-shower-for-eight", "--seeds", "1", "--days", "0.1")
    card = Scorecard.model_validate_json(call(*words, "--json").stdout)
    assert [one.scenario for one in card.scores] == ["one-shower-for-eight"]
    assert "one-shower-for-eight" in call(*words).output


def test_a_scenario_that_is_missed_ends_with_1(townlet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = ("evaluate", "--policy", "stub", "--scenario", "one-shower-for-eight", "--seeds", "1", "--days", "0.1")
    told = townlet(*words, "--no-registry")
    assert told.code == 1, told.err
    assert "0 of 1 scenario as expected" in told.out


@pytest.mark.parametrize(
    ("words", "message", "code"),
    [
        (("evaluate", "--policy", "scriptd"), "did you mean 'scripted'", 2),
        (("evaluate", "--policy", "mixture:scripted"), "mixture", 2),
        (("evaluate", "--policy", "scripted:"), "ends where", 2),
        (("evaluate", "--scenario", "no-such-place"), "there is no scenario", 2),
        pytest.param(("evaluate", "--policy", "pytorch:nowhere"), "nowhere", 4, marks=pytest.mark.torch),
        (("evaluate", "--policy", "release"), "registry", 4),
        (("compare", "scripted"), "at least two policies", 2),
    ],
)
def test_mistakes_are_answered(call, words: tuple[str, ...], message: str, code: int) -> None:
    done = call(*words)
    assert isinstance(done.exception, TownletError), done.output
    assert message in str(done.exception)
    assert done.exception.exit_code == code


@pytest.mark.parametrize("words", [("evaluate",), ("compare", "stub", "scripted")])
def test_what_takes_years_is_refused_before_the_first_town(townlet, words: tuple[str, ...]) -> None:
    result = townlet(*words, "--seeds", "100000", "--days", "1000000", "--no-registry", "--set", "town.map=hamlet")
    assert result.code == 2
    assert "100,000 towns of 1e+06 days are 4.0e+14 agent-steps, which take 13 years or more" in result.err
    assert "--seeds 32 --days 5" in result.err
