"""The worst and the best towns can be looked at, and they are those of the result."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from townlet.arena import ArenaResult, Suite, meet
from townlet.arena.matches import Setting
from townlet.arena.measures import measured
from townlet.arena.naming import RANDOM
from townlet.arena.page import arena_page
from townlet.arena.watching import Extreme, extremes, film_town, watch_command, watch_extremes
from townlet.cli.app import townlet
from townlet.errors import UsageError
from townlet.play import MindSpec, play

EVIL = MindSpec(requested="<b>&'x/../y", backend="scripted", options={})


@pytest.fixture
def result(suite: Suite) -> ArenaResult:
    return meet([RANDOM, EVIL], suite, matrix=False)


def test_each_mind_has_a_worst_and_a_best_town_over_all_and_in_each_scenario(result: ArenaResult) -> None:
    over_all, each = extremes(result), extremes(result, each_scenario=True)
    assert [(e.mind, e.which) for e in over_all] == [
        (mind, which) for mind in ("random", EVIL.requested) for which in ("worst", "best")
    ]
    assert len(each) == 2 * 2 * 2
    for mind in result.minds:
        values = {
            (scenario.name, seed): value
            for scenario in result.scenarios
            for standing in scenario.standings
            if standing.mind == mind
            for seed, value in zip(scenario.seeds, standing.per_seed["focal_return"], strict=True)
        }
        worst, best = (end for end in over_all if end.mind == mind)
        assert (worst.value, best.value) == (min(values.values()), max(values.values()))
        assert values[worst.scenario, worst.seed] == worst.value


def test_a_town_played_alone_is_that_of_the_result(suite: Suite, result: ArenaResult) -> None:
    for end in extremes(result):
        mind = RANDOM if end.mind == "random" else EVIL
        setting = replace(Setting.of(suite, suite.scenario(end.scenario)), seeds=(end.seed,))
        outcome = play(setting.job(mind))
        assert measured(outcome, outcome)["focal_return"].item() == end.value


def test_pages_lie_beside_the_report_and_the_report_links_to_them(
    suite: Suite, result: ArenaResult, tmp_path: Path
) -> None:
    report = tmp_path / "out" / "report.html"
    pages = watch_extremes(result, [RANDOM, EVIL], suite, report)
    assert set(pages) == {(e.scenario, e.mind, e.seed) for e in extremes(result)}
    addresses = {town: page.address(report) for town, page in pages.items()}
    html = arena_page(result, addresses).html()
    assert "<b>&" not in html
    linked = re.findall(r'href="([^"]+)"', html)
    assert {address.replace("&amp;", "&") for address in linked} == set(addresses.values())
    for (scenario, _, seed), page in pages.items():
        assert page.path.parent == tmp_path / "out" / "report-towns"
        assert "<title>hamlet" in page.path.read_text("utf-8")
        seats = play(Setting.of(suite, suite.scenario(scenario)).job(RANDOM)).players
        row = seats[suite.seeds_of(suite.scenario(scenario)).index(seed)]
        assert page.agent == ("alice", "bob", "carol", "dave")[row.tolist().index(0)], "one of those under test"


def test_a_town_that_the_suite_does_not_have_is_refused(suite: Suite, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'pushed' has no town 7") as caught:
        film_town(RANDOM, suite, "pushed", 7, tmp_path / "a.html")
    assert caught.value.details == ("its towns are 1000 to 1002",)


def test_a_command_can_be_pasted_whatever_a_mind_is_called() -> None:
    town = Extreme("pytorch:my runs/it's", "pushed", 1001, "worst", 0.5)
    words = shlex.split(watch_command(town, "mine.yaml", ("--set", "policy.options.a=1")))
    assert words == [
        *("townlet", "arena", "pytorch:my runs/it's", "--suite", "mine.yaml", "--scenario", "pushed", "--town", "1001"),
        *("--set", "policy.options.a=1", "--report", "pushed-pytorch-my-runs-it-s-1001.html"),
    ]


class TestCommand:
    @pytest.fixture
    def call(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suite: Suite):
        monkeypatch.chdir(tmp_path)
        return lambda *words: CliRunner().invoke(townlet, ["arena", *words])

    def test_the_commands_on_the_page_write_the_pages(self, call, tmp_path: Path) -> None:
        done = call(
            *("scripted", "--suite", "mine.yaml", "--no-matrix", "--watch", "none", "--report", "a.html"),
            *("--set", "seed=3", "--runs", "elsewhere"),
        )
        assert done.exit_code == 0, done.output
        assert "wrote a.html" in done.output
        assert not (tmp_path / "a-towns").exists()
        commands = re.findall(r"^townlet arena .*$", (tmp_path / "a.html").read_text("utf-8"), re.M)
        assert len(commands) == 4
        words = shlex.split(commands[0].split("</pre>")[0])
        assert words[-6:-2] == ["--set", "seed=3", "--runs", "elsewhere"]
        again = call(*words[2:])
        assert again.exit_code == 0, again.output
        assert "<title>hamlet" in (tmp_path / words[-1]).read_text("utf-8")

    def test_all_towns_that_stand_out_are_written_where_that_is_asked_for(self, call, tmp_path: Path) -> None:
        done = call("scripted", "--suite", "mine.yaml", "--watch", "all", "--report", "a.html")
        assert "4 towns to watch beside it" in done.output
        assert len(list((tmp_path / "a-towns").iterdir())) == 4
        assert "townlet arena" not in (tmp_path / "a.html").read_text("utf-8")

    @pytest.mark.parametrize(
        "words",
        [
            ("scripted", "--town", "1000", "--report", "t.html"),
            ("scripted", "random", "--scenario", "pushed", "--town", "1000", "--report", "t.html"),
            ("scripted", "--scenario", "pushed", "--town", "1000"),
        ],
    )
    def test_one_town_needs_one_mind_one_scenario_and_a_page(self, call, words, tmp_path: Path) -> None:
        done = call("--suite", "mine.yaml", *words)
        assert "plays one mind in one scenario" in str(done.exception)
        assert not (tmp_path / "t.html").exists()
