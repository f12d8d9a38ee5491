"""Every page of the documentation does what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pages
import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("townlet-*/README.md"), *(ROOT / "docs").rglob("*.md")])
RUNNABLE = [
    page
    for page in PAGES
    if re.search(r"^ *```+\S+ (?:.* )?(?:run|file=)", page.read_text(encoding="utf-8"), flags=re.M)
]


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.slow
@pytest.mark.parametrize("page", RUNNABLE, ids=name)
def test_page_runs(page: Path, tmp_path: Path) -> None:
    for block in pages.read_blocks(name(page), page.read_text(encoding="utf-8")):
        if block.asks:
            pages.execute(block, tmp_path)


def test_the_readme_is_among_them() -> None:
    assert ROOT / "README.md" in RUNNABLE


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_to_files_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^ *```.*?^ *```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)", text)
    missing = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert missing == []
