"""What the viewer's tests share: a recorded hamlet, its film, its page, and a browser."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from townlet.cli.app import townlet
from townlet.data import Dataset, open_dataset
from townlet.viewer import Film, film_of, page_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser

TICKS = 600
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def record(folder: Path, *words: str, ticks: int = TICKS) -> Dataset:
    """A recording of hamlet with the scripted mind."""
    command = [
        "run",
        "--ticks",
        str(ticks),
        "--record",
        str(folder),
        "--set",
        "town.map=hamlet",
        "--no-registry",
        *words,
    ]
    outcome = CliRunner().invoke(townlet, command)
    assert outcome.exit_code == 0, outcome.output
    return open_dataset(folder)


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """600 ticks of hamlet, with a blackout."""
    blackout = "town.outside.schedule=[{event: blackout, at: 300, ticks: 40}]"
    return record(tmp_path_factory.mktemp("watched") / "hamlet", "--seed", "3", "--set", blackout)


@pytest.fixture(scope="session")
def other_recording(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """The same town from another seed."""
    return record(tmp_path_factory.mktemp("watched-too") / "hamlet-too", "--seed", "4")


@pytest.fixture(scope="session")
def film(recording: Dataset) -> Film:
    """The film of it."""
    return film_of(recording)


@pytest.fixture(scope="session")
def page_path(film: Film, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its page, written to a file."""
    return page_of([film]).write(tmp_path_factory.mktemp("page") / "town.html")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real browser without a window; skips where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs the package playwright")
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        pytest.skip(f"needs a browser: {', '.join(BROWSERS)}")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield browser
        browser.close()


Opened = Callable[..., "Visit"]


class Visit:
    """A page in the browser, cut off from the network, and everything it complained about."""

    def __init__(self, browser: Browser, path: Path, link: str = "", **options: object) -> None:
        self.context = browser.new_context(**({"viewport": {"width": 1280, "height": 800}} | options))  # type: ignore[arg-type]
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page = self.context.new_page()
        self.page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.context.route("http*://**", lambda route: route.abort())
        self.page.goto(path.as_uri() + link)
        self.page.wait_for_selector("html[data-ready]", state="attached", timeout=20_000)

    def ask(self, script: str) -> object:
        """What an expression of the page's JavaScript is worth."""
        return self.page.evaluate(script)

    @property
    def tick(self) -> int:
        return int(self.page.evaluate("townlet.player.tick"))


@pytest.fixture
def visit(browser: Browser) -> Iterator[Opened]:
    """Opens pages; at the end none of them may have complained or asked for anything but itself."""
    opened: list[Visit] = []

    def _visit(path: Path, link: str = "", **options: object) -> Visit:
        opened.append(Visit(browser, path, link, **options))
        return opened[-1]

    yield _visit
    for one in opened:
        one.page.wait_for_timeout(200)
        one.context.close()
        assert one.complaints == []
        assert {url.partition(":")[0] for url in one.requests} <= {"file", "blob", "data"}
