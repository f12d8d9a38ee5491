"""The bar: what it shows on a terminal of 80 columns, and without one."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from townlet.api import TrainingReport
from townlet.cli import progress
from townlet.cli.mind.train_bar import TrainingBar
from townlet.cli.progress import Bar, wrapped
from townlet.cli.workers import _Watched
from townlet.executors import Headway


@pytest.fixture
def paper(monkeypatch: pytest.MonkeyPatch):
    """Puts a console in the place of stderr, and a clock in the place of the time; gives both."""

    class Paper:
        now = 1000.0

        def on(self, *, terminal: bool, **more) -> Console:
            self.console = Console(file=io.StringIO(), force_terminal=terminal, width=80, highlight=False, **more)
            monkeypatch.setattr(progress, "console", lambda: self.console)
            return self.console

        def text(self) -> str:
            return self.console.file.getvalue()

    made = Paper()
    monkeypatch.setattr(progress.time, "monotonic", lambda: made.now)
    return made


class TestWithoutATerminal:
    def test_a_line_every_ten_seconds(self, paper) -> None:
        paper.on(terminal=False)
        with Bar("recording", 2560, unit="ticks") as bar:
            for done in range(1, 2561):
                paper.now += 1 / 64
                bar.update(done, told=(f"{done} towns",))
        assert paper.text().splitlines() == [
            "recording 640/2,560 ticks  0:30 left  640 towns",
            "recording 1,280/2,560 ticks  0:20 left  1280 towns",
            "recording 1,920/2,560 ticks  0:10 left  1920 towns",
            "recording 2,560/2,560 ticks  0:00 left  2560 towns",
        ]

    def test_short_work_says_nothing(self, paper) -> None:
        paper.on(terminal=False)
        with Bar("evaluating") as bar:
            bar.update(1, 2)
            bar.update(2, 2)
        assert paper.text() == ""

    def test_another_piece_of_work_is_told_at_once(self, paper) -> None:
        paper.on(terminal=False)
        with Bar("starting") as bar:
            bar.begin("cloning", 4, unit="epochs")
            paper.now += 60
            bar.update(1)
        assert paper.text().splitlines() == ["cloning", "cloning 1/4 epochs  3:00 left"]

    def test_quiet_is_quiet(self, paper) -> None:
        paper.on(terminal=False)
        with Bar("starting", quiet=True) as bar:
            bar.begin("cloning")
            bar.update(1, 2, now=True)
        assert paper.text() == ""

    def test_a_dumb_terminal_gets_lines(self, paper, monkeypatch) -> None:
        paper.on(terminal=True, _environ={"TERM": "dumb"})
        with Bar("cloning", 4, unit="epochs") as bar:
            bar.update(2, now=True)
        assert paper.text() == "cloning 2/4 epochs  0:00 left\n"


class TestInWords:
    @pytest.mark.parametrize(
        ("total", "unit", "done", "words"),
        [
            (0, "", 0, ""),
            (0, "ticks", 1500, "1,500 ticks"),
            (200, "", 50, "25%"),
            (12_000, "ticks", 1500, "1,500/12,000 ticks"),
        ],
    )
    def test_a_count(self, total, unit, done, words) -> None:
        bar = Bar("work", total, unit=unit)
        bar.update(done)
        assert bar.count() == words

    @pytest.mark.parametrize(("taken", "words"), [(30, "1:30 left"), (3000, "2:30:00 left")])
    def test_the_time_left_holds_for_slow_steps(self, paper, taken, words) -> None:
        paper.on(terminal=False)
        bar = Bar("work", 4)
        paper.now += taken
        bar.update(1)
        assert bar.left() == words

    def test_what_was_done_before_a_resume_is_not_reckoned_as_made_now(self, paper) -> None:
        paper.on(terminal=False)
        bar = Bar("starting", quiet=True)
        bar.begin("learning from reward", 1000, unit="updates", done=900)
        assert (bar.count(), bar.left()) == ("900/1,000 updates", "0:00")
        paper.now += 10
        bar.update(901)
        assert bar.left() == "16:30 left", "99 updates of 10 seconds each"

    def test_a_training_run_that_goes_on_begins_where_it_was(self, paper) -> None:
        paper.on(terminal=False)
        bar = TrainingBar("stub", quiet=False)
        bar.doing("learning from reward", 900, 1000)
        paper.now += 10
        bar.show(TrainingReport(phase="ppo", step=901, total=1000, metrics={}))
        assert paper.text().splitlines()[-1] == "learning from reward 901/1,000 updates  16:30 left"

    def test_pieces_of_an_earlier_sitting_are_not_reckoned_either(self, paper) -> None:
        paper.on(terminal=False)
        bar = Bar("recording", unit="town-ticks")
        watched = _Watched(bar)
        watched(Headway(900, 1000, 9, 10))
        paper.now += 10
        watched(Headway(950, 1000, 9, 10))
        assert bar.left() == "0:10 left"

    def test_a_first_tick_that_waited_for_a_compiler_tells_no_pace(self, paper) -> None:
        paper.on(terminal=False)
        bar = Bar("starting")
        bar.begin("recording", 1000, unit="ticks")
        paper.now += 140
        bar.update(1)
        assert paper.text().splitlines()[-1] == "recording 1/1,000 ticks  2:20"
        paper.now += 10
        bar.update(101)
        assert bar.left() == "1:30 left", "899 ticks of a tenth of a second each"

    def test_before_anything_is_done_it_is_the_time_taken(self, paper) -> None:
        paper.on(terminal=False)
        bar = Bar("work", 4)
        paper.now += 7
        assert bar.left() == "0:07"

    def test_items_are_never_broken(self) -> None:
        items = ["reward +0.00123", "return +1.20", "policy -0.010", "value 0.100", "entropy 0.80", "12,345 samples/s"]
        lines = wrapped(items, 40)
        assert max(map(len, lines)) <= 40
        assert [item for line in lines for item in line.strip().split("  ")] == items


def test_at_80_columns_count_and_time_left_are_there() -> None:
    terminal = pytest.importorskip("tests.cli.terminal")
    code = """
import time
from townlet.cli.progress import Bar
with Bar("stage 2/4: learning from reward", 1200, unit="updates", keep=True) as bar:
    for done in range(1, 4):
        time.sleep(0.2)
        bar.update(done, told=("reward +0.00123", "return +1.20", "policy -0.010", "value 0.100", "entropy 0.80",
            "KL 0.0012", "12,345 samples/s"))
    bar.part("worker 1", 1, 4, "playing, 3 pieces done")
"""
    with terminal.opened(code=code) as window:
        assert window.end() == 0
        lines = window.lines()
    assert lines[0].startswith("stage 2/4: learning from reward ━")
    assert lines[0].endswith(" left")
    assert "3/1,200 updates  " in lines[0]
    assert lines[1].startswith("  worker 1")
    assert lines[1].endswith("playing, 3 pieces done")
    assert lines[2] == "  reward +0.00123  return +1.20  policy -0.010  value 0.100  entropy 0.80"
    assert lines[3] == "  KL 0.0012  12,345 samples/s"
