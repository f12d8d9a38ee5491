"""The page in a notebook: shown in a frame that is closed in itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.viewer.conftest import Opened

from townlet.data import Dataset
from townlet.errors import UsageError
from townlet.viewer import show


def test_a_notebook_shows_the_page_in_a_closed_frame(recording: Dataset, tmp_path: Path, visit: Opened) -> None:
    shown = show(recording, ticks=(0, 60), height=500)._repr_html_()
    assert shown.startswith('<iframe sandbox="allow-scripts" title="hamlet - Townlet"')
    notebook = tmp_path / "notebook.html"
    notebook.write_text(f"<!doctype html><html data-ready='yes'><body><h1>A notebook</h1>{shown}</body></html>")
    page = visit(notebook)
    frame = page.page.frame_locator("iframe")
    frame.locator(".person").first.wait_for()
    frame.locator(".person").nth(1).click()
    assert frame.locator("#panel-agent h2").inner_text() == "bob"
    frame.locator("#ahead").click()
    frame.locator("#clock", has_text="tick 1").wait_for()


def test_elsewhere_it_says_what_to_do(recording: Dataset) -> None:
    assert repr(show(recording.path, ticks=(0, 5), minds=False)).startswith("<hamlet - Townlet, 0.")


def test_nothing_to_show_is_refused() -> None:
    with pytest.raises(UsageError, match="found 0"):
        show()
