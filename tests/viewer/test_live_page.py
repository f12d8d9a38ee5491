"""The page of a living town in a real browser: it follows, takes up a broken line, and moves the town."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from tests.viewer.living import Running

pytest.importorskip("starlette", reason="needs the extra web")

SLOW = 60_000
WHERE = """() => {
  const { film } = townlet;
  return Array.from({ length: 4 }, (_, a) => ["y", "x"].map((name) => film.at(name, film.frames - 1, a)));
}"""


class LiveVisit:
    """A window on a running town, with everything it complained about."""

    def __init__(self, browser, address: str) -> None:
        self.context = browser.new_context(viewport={"width": 1280, "height": 800})
        self.complaints: list[str] = []
        self.page = self.context.new_page()
        self.page.set_default_timeout(SLOW)
        self.page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.goto(address)
        self.page.wait_for_selector("html[data-ready]", state="attached")

    def until(self, script: str) -> None:
        """Asks again and again: the page's policy lets nobody wait inside of it."""
        deadline = time.monotonic() + SLOW / 1000
        while not self.page.evaluate(script):
            assert time.monotonic() < deadline, f"never came true: {script}"
            self.page.wait_for_timeout(50)


@pytest.fixture
def running(tmp_path) -> Iterator[Running]:
    """A town of 600 ticks that waits."""
    made = Running(600, tmp_path / "live", speed=30)
    yield made
    made.close()


@pytest.fixture
def window(browser, running) -> Iterator[LiveVisit]:
    made = LiveVisit(browser, running.town.address)
    yield made
    made.context.close()


def test_it_follows_the_town_and_shows_it_as_it_is(window, running):
    window.page.click("#live >> text=Resume")
    window.until("townlet.player.last >= 40")
    window.page.click("#live >> text=Pause")
    window.until("townlet.bar.state.paused")
    tick = running.stage.tick
    window.until(f"townlet.player.tick === {tick}")
    shown = window.page.evaluate(WHERE)
    agents = running.stage.engine.state.agents
    assert shown == [list(spot) for spot in zip(agents.y[0].tolist(), agents.x[0].tolist(), strict=True)]
    window.page.click("text=One tick")
    window.until(f"townlet.player.tick === {tick + 1}")
    assert window.complaints == []


def test_one_looks_back_while_it_goes_on_and_comes_back_to_now(window):
    window.page.click("#live >> text=Resume")
    window.until("townlet.player.last >= 30")
    window.page.keyboard.press("Home")
    assert window.page.evaluate("townlet.player.tick") == 0
    window.until("townlet.player.last >= 60")
    assert window.page.evaluate("townlet.player.tick") == 0
    window.page.keyboard.press("End")
    window.until("townlet.player.last - townlet.player.position < 20")
    assert window.page.evaluate("townlet.player.atEdge")
    assert window.complaints == []


def test_a_line_that_breaks_is_taken_up_again(window, running):
    window.page.click("#live >> text=Resume")
    window.until("townlet.player.last >= 20")
    window.page.evaluate("townlet.link._socket.close()")
    window.until("!townlet.bar.connected || townlet.player.last >= 60")
    window.until("townlet.bar.connected && townlet.player.last >= 80")
    ticks = window.page.evaluate("Array.from(townlet.film.ticks)")
    assert ticks == list(range(len(ticks)))
    assert window.complaints == []


def test_somebody_is_played_from_the_keyboard(window, running):
    window.page.evaluate("townlet.select(1)")
    window.page.click("text=Play bob")
    window.until("townlet.bar.played === 'bob'")
    window.page.click("#live >> text=Resume")
    window.page.wait_for_selector("text=You are bob")
    tick = running.stage.tick
    window.page.keyboard.press(".")
    window.until(f"townlet.bar.state.waits?.tick > {tick}")
    window.page.keyboard.press("m")
    window.until(f"townlet.bar.state.waits?.tick > {tick + 1}")
    window.page.wait_for_selector("#panel-agent .told p")
    window.page.click("text=Stop playing")
    window.until("townlet.bar.played === null && townlet.player.last > 20")
    assert window.complaints == []


def test_at_the_end_of_the_run_what_was_seen_stays(window, running):
    running.town.desk.speed = 0.0
    window.page.click("#live >> text=Resume")
    window.page.wait_for_selector("text=The run has ended.")
    window.until("townlet.player.last === 600")
    window.page.keyboard.press("Home")
    assert window.page.evaluate("townlet.player.tick") == 0
    assert window.page.is_disabled("text=One tick")
