"""Every page of the documentation does what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pages
import pytest

from townlet.cli.commands import GROUPS

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


DONE_BY = {
    "run": "play(Job(",
    "rollout": "Keep.dataset(",
    "evaluate": "evaluate(config",
    "compare": "compare([",
    "arena": "meet(",
    "tune": "run_study(",
    "inspect": "inspect_tick(",
    "replay": "play_back(",
    "view": "show(",
    "report": "town_page(",
    "train": "train(run)",
    "promote": ".promote(",
    "export": "export_policy(",
}
"""Command to the call that does its work."""


def test_each_main_job_is_at_most_ten_lines_of_python() -> None:
    page = ROOT / "docs/how-to/from-python.md"
    blocks = [
        block
        for block in pages.read_blocks(name(page), page.read_text(encoding="utf-8"))
        if block.language == "python" and block.asks
    ]
    lengths = {block.where: sum(map(bool, block.body.splitlines())) for block in blocks}
    assert {where: lines for where, lines in lengths.items() if lines > 10} == {}
    jobs = {*GROUPS["A town"], *GROUPS["A mind"], "promote"} - {"dataset"}  # which is a group of commands on files
    assert DONE_BY.keys() == jobs
    assert [job for job, call in DONE_BY.items() if not any(call in block.body for block in blocks)] == []
