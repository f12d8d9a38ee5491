"""The gallery of the documentation: its towns are made by the build of the site, and open in a browser."""

from __future__ import annotations

import re
from pathlib import Path

import gallery
import pytest
from tests.viewer.conftest import Opened

INDEX = Path(__file__).resolve().parents[2] / "docs/gallery/index.md"


def test_the_page_shows_every_town_and_no_other() -> None:
    text = INDEX.read_text(encoding="utf-8")
    for attribute in ("src", "href"):
        assert re.findall(rf'{attribute}="([\w-]+)\.html', text) == list(gallery.TOWNS)


@pytest.mark.slow
@pytest.mark.torch
def test_each_town_opens_where_the_gallery_leads(tmp_path: Path, visit: Opened) -> None:
    pages = gallery.build(tmp_path / "gallery")
    text = INDEX.read_text(encoding="utf-8")
    for path in pages:
        link = re.search(rf'src="{path.name}(#[^"]*)"', text)
        assert link is not None
        page = visit(path, link[1].replace("&amp;", "&"))
        assert page.tick == int(link[1].removeprefix("#t=").partition("&")[0])
        assert int(str(page.ask("townlet.film.agents"))) >= 4
        assert path.stat().st_size < 1_000_000
    trained, outage = (page for page in pages if page.stem != "scripted")
    page = visit(trained, "#t=330&agent=alice")
    page.page.wait_for_selector("#panel-agent .options .bar em")
    assert "%" in page.page.inner_text("#panel-agent .options"), "how likely each action was"
    assert "mind\npytorch" in page.page.inner_text("#panel-agent .facts")
    assert "power off" in visit(outage, "#t=300").page.inner_text("#services")
    assert "water off" in visit(outage, "#t=500").page.inner_text("#services")
