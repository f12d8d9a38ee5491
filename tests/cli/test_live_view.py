"""The live view at a terminal: what is on the screen, what keys do, how it ends."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import numpy as np
import pytest

from townlet.cli.town.screen import Look, compose
from townlet.envs.scene import Facility, Person, Scene
from townlet.visible import visible
from townlet.world.affordances import load_affordances
from townlet.world.names import FACILITY_KINDS

terminal = pytest.importorskip("tests.cli.terminal")

RIVERSIDE = ("run", "--no-registry", "--days", "20", "--live")
PEOPLE = ("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi")


def scene(people: int = 30, size: int = 60) -> Scene:
    walls = np.zeros((size, size), bool)
    walls[[0, -1]] = walls[:, [0, -1]] = True
    return Scene(
        day=3,
        time=0.5,
        power=True,
        water=False,
        walls=walls,
        places=np.full((size, size), -1, np.int16),
        homes=1,
        terrain=np.where(walls, "#", "."),
        rooms=(),
        uses={},
        people=tuple(
            Person(n, f"agent{n:02d}", 1 + n, 2 * n % size, (0.2, 0.99, 1.0), 12345.6, "sleep", 0)
            for n in range(people)
        ),
        facilities=(Facility("bed", 5, 5, used=False, closed=False, waiting=2),),
        ties=(),
    )


def people_who(doing: str, name: str = "alice") -> Scene:
    person = Person(0, name, 1, 1, (0.5, 0.5, 0.5), 5.0, doing, 0)
    town = scene(1)
    return Scene(**{field: getattr(town, field) for field in Scene.__slots__} | {"people": (person,)})


@pytest.mark.parametrize("module", ["run_live", "run_possess"])
@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_word_of_the_help_is_cut(module: str, width: int) -> None:
    text = importlib.import_module(f"townlet.cli.town.{module}")._HELP
    look = Look(helping=True, help=text, keys=("? help", "q quit"))
    picture = compose(scene(), look, "town", width=width, height=60).plain
    assert set(text.split()) <= set(picture.split())


class TestPicture:
    @pytest.mark.parametrize("width", [20, 40, 60, 69, 70, 80, 120, 200])
    @pytest.mark.parametrize("height", [1, 5, 12, 24, 40, 80])
    def test_it_fits_any_window(self, width: int, height: int) -> None:
        look = Look(follow=7, keys=("? help", "q quit"), note="one · two · three")
        lines = compose(scene(), look, "town", width=width, height=height).plain.split("\n")
        assert len(lines) == height
        assert max(map(len, lines)) <= width

    @pytest.mark.parametrize("size", [(80, 24), (120, 40), (60, 20)])
    @pytest.mark.parametrize("follow", [0, 15, 29])
    def test_whoever_is_followed_is_in_the_list_and_on_the_map(self, size: tuple[int, int], follow: int) -> None:
        picture = compose(scene(), Look(follow=follow), "town", width=size[0], height=size[1])
        assert f"> A agent{follow:02d}" in picture.plain
        reverse = [picture.plain[s.start : s.end] for s in picture.spans if "reverse" in str(s.style)]
        assert "A" in reverse, "it is not on the map"
        hidden = 30 - picture.plain.count("A agent")
        assert (f"{hidden} more" in picture.plain) == (hidden > 0)

    def test_the_legend_and_the_list_are_always_there(self) -> None:
        picture = compose(scene(), Look(), "town", width=80, height=24).plain
        assert "# wall  b bed  s shower" in picture
        assert "name      food rest wash coins doing" in picture
        assert "day 3, 12:00" in picture
        assert "water off" in picture

    def test_no_number_is_cut_at_80_columns(self) -> None:
        picture = compose(scene(), Look(), "town", width=80, height=24).plain
        assert "  A agent00     20   99  100 12346 sleep" in picture

    def test_nobody_is_said_to_walk_who_may_stand(self) -> None:
        assert "walking" not in compose(people_who(""), Look(), "town", width=80, height=24).plain

    @pytest.mark.parametrize("number", [1, 20])
    def test_all_that_people_do_in_our_towns_fits_at_80_columns(self, number: int) -> None:
        affordances = [rule.id.replace("_", " ") for rule in load_affordances("core")]
        doings = [*affordances, *(f"queue {kind} {number}" for kind in FACILITY_KINDS), "fainted", "-"]
        for doing in doings:
            picture = compose(people_who(doing), Look(), "town", width=80, height=24).plain
            assert f"  A alice       50   50   50     5 {doing}\n" in picture

    @pytest.mark.parametrize(
        ("doing", "shown"),
        [
            ("tend the vegetable garden", "tend the…"),
            ("queue greenhouses 12", "queue…"),
            ("counterrevolutionaries", "counterrevoluti…"),
            ("x\x1b[2Jy", "x\\u001b[2Jy"),
        ],
    )
    def test_what_does_not_fit_ends_with_a_whole_word(self, doing: str, shown: str) -> None:
        picture = compose(people_who(doing), Look(), "town", width=78, height=24).plain
        assert f"    5 {shown}\n" in picture
        assert f"    5 {visible(doing)}\n" in compose(people_who(doing), Look(), "town", width=140, height=40).plain

    def test_a_long_name_shows_that_it_is_longer(self) -> None:
        picture = compose(people_who("sleep", "maximilian"), Look(), "town", width=80, height=24).plain
        assert "  M maximili…   50   50   50     5 sleep\n" in picture

    def test_a_name_moves_no_cursor(self) -> None:
        town = scene(1)
        evil = Person(0, "x\x1b[2J", 1, 1, (1.0, 1.0, 1.0), 0.0, "", 0)
        one = Scene(**{name: getattr(town, name) for name in Scene.__slots__} | {"people": (evil,)})
        assert "\x1b" not in compose(one, Look(), "town", width=80, height=24).plain


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (120, 40)])
def test_what_is_on_the_screen(tmp_path: Path, columns: int, rows: int) -> None:
    with terminal.opened(*RIVERSIDE, folder=tmp_path, columns=columns, rows=rows) as window:
        window.wait_for("heidi")
        window.press(" ")
        window.wait_for("PAUSED")
        text = window.wait_for("q quit")
        assert all(name in text for name in PEOPLE)
        assert "# wall  b bed  s shower  o stove  t table  g till  c counter  d desk  n bench" in text
        assert "? help  q quit  space pause" in window.lines()[rows - 1]
        assert re.match(r"day 0, \d\d:\d\d · tick \d+ · PAUSED · riverside", window.lines()[0])
        window.press("q")
        assert window.end() == 0, "q is an ordinary end"
        assert "ended at tick" in window.raw.decode()


def test_keys(tmp_path: Path) -> None:
    def tick() -> int:
        return int(re.search(r"tick (\d+)", window.lines()[0])[1])

    with terminal.opened(*RIVERSIDE, folder=tmp_path) as window:
        window.wait_for("tick ")
        window.press(" ")
        window.wait_for("PAUSED")
        window.settle()
        before = tick()
        window.settle()
        assert tick() == before, "it goes on although it is paused"
        window.press(".")
        window.wait_for(f"tick {before + 1} ")
        window.settle()
        assert tick() == before + 1, "a step is more than a tick"
        window.press("nn")
        assert "> B bob" in window.wait_for("> B bob")
        assert "B bob" in window.reversed()
        window.press("p")
        window.wait_for("> A alice")
        there = window.text()
        window.press("\x1b[B\x1b[C")
        window.settle()
        assert ">" not in window.text(), "who scrolls follows nobody"
        assert window.lines()[1:10] != there.splitlines()[1:10]
        window.press("?")
        window.wait_for("follow the next person")
        window.press("?")
        window.wait_for("alice")
        window.press(" ++")
        window.wait_for("160 ticks/s")
        window.settle()
        assert tick() > before + 1
        window.press("-")
        window.wait_for("80 ticks/s")
        window.press("\x03")
        assert window.end() == 130, "Ctrl-C is an interruption"


def test_ctrl_c_ends_it_while_it_is_paused(tmp_path: Path) -> None:
    with terminal.opened(*RIVERSIDE, folder=tmp_path) as window:
        window.wait_for("tick ")
        window.press(" ")
        window.wait_for("PAUSED")
        window.press("\x03")
        assert window.end() == 130


def test_another_size_of_the_window_is_another_picture(tmp_path: Path) -> None:
    with terminal.opened(*RIVERSIDE, folder=tmp_path) as window:
        window.wait_for("tick ")
        window.press(" ")
        window.wait_for("PAUSED")
        window.resize(120, 40)
        window.settle(1.0)
        assert "? help  q quit" in window.lines()[39]
        window.resize(60, 20)
        window.settle(1.0)
        text = window.text()
        assert "q quit" in text
        assert "more: n and p move through them" in text
        window.press("q")
        assert window.end() == 0


def test_your_own_agent_is_highlighted_and_named(tmp_path: Path) -> None:
    with terminal.opened("run", "--no-registry", "--possess", "carol", folder=tmp_path) as window:
        window.wait_for("you are carol")
        window.wait_for("@ C carol")  # the head of a picture can come some milliseconds before its rest
        assert "C" in window.reversed()
        assert "C carol" in window.reversed()
        status = window.wait_for("its mind would")
        assert re.search(r"food \d+ · rest \d+ · wash \d+", status), "in the words and numbers of the list of people"
        window.press(".")
        window.wait_for("tick 1 ")
        window.resize(120, 40)
        window.settle(1.0)
        assert "@ C carol" in window.text(), "a picture of another size while it waits for a key"
        window.press("q")
        assert window.end() == 0


def test_a_dumb_terminal_gets_plain_lines(tmp_path: Path) -> None:
    words = ("run", "--no-registry", "--set", "town.map=hamlet", "--ticks", "20", "--live")
    with terminal.opened(*words, folder=tmp_path, extra={"TERM": "dumb"}) as window:
        assert window.end() == 0
        assert b"\x1b" not in window.raw.replace(b"\x1b[0m", b""), (
            "only a library of numba resets the colours at the end"
        )
        assert b"no terminal to draw in" in window.raw


def test_the_terminal_is_as_it_was(tmp_path: Path) -> None:
    code = terminal.ENTRY.replace("sys.exit(main(sys.argv[1:]))", "main(sys.argv[1:])")
    code = f"import termios; before = termios.tcgetattr(0); {code}; print('same', before == termios.tcgetattr(0))"
    with terminal.opened(*RIVERSIDE, folder=tmp_path, code=code) as window:
        window.wait_for("tick ")
        window.press("q")
        window.end()
        assert "same True" in window.text()
        assert b"\x1b[?1049l" in window.raw, "the screen before is not shown again"
        assert b"\x1b[?25h" in window.raw, "the cursor stays hidden"
