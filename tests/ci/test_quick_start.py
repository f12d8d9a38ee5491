"""The quick start is what the README says, and what it says wrongly is noticed."""

from __future__ import annotations

import sys
from pathlib import Path

import pages
import pytest
import quick_start

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
posix = pytest.mark.skipif(sys.platform == "win32", reason="the lane types into a POSIX shell")


def checkout(folder: Path, *lines: str) -> Path:
    text = "\n".join(
        ["# A project", "", "## Quick start", "", *lines, "", "## Next", "```console run", "$ false", "```"]
    )
    (folder / "README.md").write_text(text, encoding="utf-8")
    return folder


def test_the_readme_makes_an_environment_installs_and_runs_a_town() -> None:
    typed = "".join(block.body for block in quick_start.blocks(README))
    for part in ("python3 -m venv", "pip install ./townlet-core ./townlet-backend-scripted", "$ townlet run"):
        assert part in typed


def test_only_the_section_counts_and_lines_keep_their_numbers() -> None:
    before, after = "# Title\n\n## Before\n```sh\nx\n```\n", "## After\n```console\n$ false\n```\n"
    text = f"{before}## Quick start\n```console\n$ true\n```\n{after}"
    (block,) = quick_start.blocks(text)
    assert (block.body, block.line, block.asks) == ("$ true\n", 8, True)


def test_a_page_without_the_section_is_an_error() -> None:
    with pytest.raises(LookupError, match="no section 'Quick start'"):
        quick_start.blocks("# Title\n")


@posix
def test_what_one_command_exports_the_next_one_finds(tmp_path: Path) -> None:
    shell = quick_start.Shell(tmp_path)
    (tmp_path / "activate").write_text("export COLOUR='green\nand blue'\n", encoding="utf-8")
    assert shell.run([".", "./activate"], tmp_path).returncode == 0
    assert shell.run(["printenv", "COLOUR"], tmp_path).stdout == "green\nand blue\n"


@posix
def test_pins_of_whoever_calls_are_not_seen(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("PIP_CONSTRAINT", "constraints.txt")
    assert "PIP_CONSTRAINT" not in quick_start.Shell(tmp_path).environment


@posix
def test_a_command_that_fails_is_named_with_its_line(tmp_path: Path, capsys) -> None:
    folder = checkout(tmp_path, "```console", "$ echo pip install", "$ python3 -c 'raise SystemExit(4)'", "```")
    assert quick_start.main(folder) == 1
    assert "README.md:5: exit code 4, not 0" in capsys.readouterr().err


@posix
def test_another_output_than_the_page_shows_is_noticed(tmp_path: Path, capsys) -> None:
    folder = checkout(tmp_path, "```console", "$ echo pip install", "pip uninstall", "```")
    assert quick_start.main(folder) == 1
    assert "and not\npip uninstall" in capsys.readouterr().err


def test_a_quick_start_that_installs_nothing_is_refused(tmp_path: Path, capsys) -> None:
    assert quick_start.main(checkout(tmp_path, "```console", "$ true", "```")) == 1
    assert "installs nothing" in capsys.readouterr().err


def test_pages_and_quick_start_agree_on_what_is_executed() -> None:
    asked = [block for block in pages.read_blocks("README.md", README) if block.asks]
    assert {block.body for block in quick_start.blocks(README)} & {block.body for block in asked}
