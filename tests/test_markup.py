"""Results in a notebook: tables of HTML, in which whatever is named by files and people is only text."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from townlet.arena.results import ArenaResult, ArenaTiming, Cell, CrossPlay, Total
from townlet.config import TownletConfig
from townlet.data import open_dataset
from townlet.evaluation import evaluate
from townlet.evaluation.results import ComparisonResult, PairwiseComparison
from townlet.evaluation.statistics import Estimate
from townlet.markup import card, facts, folded, table
from townlet.play import Cast, Job, Keep, Stage, perform
from townlet.training.results import AnnealStageResult, AnnealSummary, BCTrainingResult, CandidateResult

EVIL = "</table><script>alert(1)</script>\u202e\"'&"
OURS = {"div", "strong", "table", "thead", "tbody", "tr", "th", "td", "details", "summary"}


class Tags(HTMLParser):
    """Collects tags, and asks that each is closed again."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.words = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert [name for name, _ in attrs] in ([], ["style"])
        self.open.append(tag)
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data + "\n"


def shown(value: object) -> str:
    """The words of what a notebook shows of a value, which is well-formed and of our own tags only."""
    tags = Tags(value._repr_html_())  # type: ignore[attr-defined]
    assert tags.seen <= OURS
    return tags.words


@given(st.text(), st.text())
def test_no_text_becomes_markup(name: str, value: str) -> None:
    tags = Tags(card(name, facts([(name, value)]), folded(value, table((name,), [(value, 1.5)]))))
    assert tags.seen <= OURS
    assert "1.5" in tags.words


def test_numbers_are_short_and_what_is_not_there_is_left_out() -> None:
    assert Tags(facts([("a", 0.123456), ("b", None), ("c", ""), ("d", 0)])).words.split() == ["a", "0.1235", "d", "0"]
    assert facts([("a", None)]) == ""


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory):
    config = TownletConfig.model_validate({"town": {"map": "hamlet"}})
    folder = tmp_path_factory.mktemp("shown") / "<b>data"
    with Stage(Job(config, Cast.of("scripted"), (3,), 50, keep=Keep.dataset(folder))) as stage:
        return perform(stage)


def test_an_outcome_says_who_played_and_where_it_is(outcome) -> None:
    words = shown(outcome)
    assert "scripted" in words
    assert "<b>data" in words
    assert "self sufficiency" in words


def test_a_dataset_says_what_it_holds_and_how_to_watch_it(outcome) -> None:
    words = shown(open_dataset(outcome.dataset))
    assert "played by\nscripted\ntowns\n1\nagents a town\n4\nticks\n50\n" in words
    assert f"townlet.viewer.show({str(outcome.dataset)!r})" in words


def test_an_evaluation_and_a_comparison_show_figures_and_verdicts() -> None:
    config = TownletConfig.model_validate({"town": {"map": "hamlet"}})
    result = evaluate(config, "scripted", seeds=(1, 2), days=0.1)
    words = shown(result)
    assert "scripted in 2 towns of 4 agents for 0.1 days" in words
    assert "mean need (0 to 1)" in words
    evil = result.model_copy(update={"policy": EVIL})
    pair = PairwiseComparison(a="scripted", b=EVIL, differences={}, verdict="no difference")
    words = shown(ComparisonResult(evaluations=(result, evil), comparisons=(pair,)))
    assert "against scripted\nno difference" in words


def test_the_arena_shows_standings_and_the_matrix() -> None:
    some = Estimate(mean=0.5, low=0.25, high=0.75, iqm=0.5, iqm_low=0.25, iqm_high=0.75, std=0.1, seeds=3)
    cell = Cell(focal="a", background=EVIL, share=0.25, focal_return=some, background_return=some)
    result = ArenaResult(
        suite="held-out",
        suite_digest="0" * 64,
        minds=("a", EVIL),
        provenance={},
        totals=tuple(Total(mind=mind, score=None, focal_return=some, presence=some) for mind in ("a", EVIL)),
        scenarios=(),
        matrix=CrossPlay(shares=(0.25,), seeds=(1,), days=1, cells=(cell,), self_minus_cross={}),
        warnings=(EVIL,),
        timing=ArenaTiming(seconds=1.0),
    )
    words = shown(result)
    assert "a\n-\n-\n0.5\n0.5\n" in words
    assert "25%" in words


def test_training_shows_its_stages_and_objections() -> None:
    judged = CandidateResult(
        seeds=2, metrics={"reward": 0.5}, passed=False, passes=0, required_passes=2, candidate=False, objections=(EVIL,)
    )
    stage = AnnealStageResult(
        stage=0,
        cycle=0,
        mode="bc",
        bc_weight=1,
        teacher_ratio=1,
        verdict="HOLD",
        flags=("drift",),
        initial_fingerprint="a",
        fingerprint="b",
        bc=BCTrainingResult(
            status="completed",
            metrics=None,
            accuracy_threshold=0.9,
            passed=True,
            transitions=10,
            fingerprint="b",
            seconds=1,
        ),
    )
    summary = AnnealSummary(
        status="completed", verdict="HOLD", stages=(stage,), fingerprint="b", seconds=2, candidate=judged
    )
    words = shown(summary)
    assert "stage 0 (bc): HOLD" in words
    assert "flags\ndrift" in words
    assert "required passes\n2" in words
