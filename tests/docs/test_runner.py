"""The runner of pages notices what a page promises wrongly."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pages
import pytest


def page(*lines: str) -> str:
    return "\n".join(["# A page", "", *lines, ""])


@pytest.fixture
def run(tmp_path: Path):
    """Executes a page's text; gives the number of blocks."""

    def _run(text: str) -> int:
        blocks = [block for block in pages.read_blocks("page.md", text) if block.asks]
        for block in blocks:
            pages.execute(block, tmp_path)
        return len(blocks)

    return _run


def test_only_marked_blocks_count(run) -> None:
    assert run(page("```console", "$ rm -rf /", "```", "```python", "1 / 0", "```", "```", "run", "```")) == 0


def test_a_command_and_what_it_prints(run) -> None:
    assert run(page("```console run", "$ python -c 'print(3)'", "3", "```")) == 1


def test_dots_stand_for_anything(run) -> None:
    assert run(page("```console run", "$ python -c 'print(1); print(2); print(3)'", "1", "...", "3", "```")) == 1


def test_several_commands_and_a_continued_line(run) -> None:
    lines = ["```console run", "$ python -c \\", "  'print(1)'", "1", "$ python -c 'print(2)'", "2", "```"]
    assert run(page(*lines)) == 1


def test_files_are_written_for_later_blocks(run) -> None:
    check = "from pathlib import Path; assert Path('town.yaml').read_text() == 'seed: 3\\n'"
    lines = ["```yaml file=town.yaml", "seed: 3", "```", "```python run", check, "```"]
    assert run(page(*lines)) == 2


def test_indented_blocks(run) -> None:
    assert run(page("- a list", "", "  ```python run", "  if True:", "      x = 1", "  ```")) == 1


def test_expected_exit_code(run) -> None:
    assert run(page("```console run exit=3", "$ python -c 'raise SystemExit(3)'", "```")) == 1


def test_needs_a_module_that_is_not_there(run) -> None:
    assert run(page("```python run needs=surely_not_a_module", "import surely_not_a_module", "```")) == 1


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (["```console run", "$ python -c 'print(3)'", "4", "```"], "printed"),
        (["```console run", "$ python -c 'print(3); print(4)'", "3", "```"], "printed"),
        (["```console run", "$ python -c 'raise SystemExit(3)'", "```"], "exit code 3, not 0"),
        (["```console run exit=2", "$ python -c 'pass'", "```"], "exit code 0, not 2"),
        (["```python run", "1 / 0", "```"], "ZeroDivisionError"),
        (["```python run", "import warnings; warnings.warn('old')", "```"], "UserWarning"),
        (["```console run", "$ rm -rf x", "```"], "only townlet and python can be run, found 'rm'"),
        (["```console run", "$ townlet config show | head", "```"], "no shell runs this"),
        (["```console run", "townlet config show", "```"], "begins with"),
        (["```ruby run", "puts 3", "```"], "do not know how to run 'ruby'"),
    ],
)
def test_what_is_wrong_is_noticed(run, lines: list[str], problem: str) -> None:
    with pytest.raises(pages.PageError, match=r"page\.md:3") as caught:
        run(page(*lines))
    assert problem in str(caught.value)


def test_a_command_that_takes_too_long_is_ended_with_what_it_started(tmp_path: Path) -> None:
    child = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
    began = time.monotonic()
    with pytest.raises(pages.PageError, match="not done after 1 s"):
        pages.captured([sys.executable, "-c", child], tmp_path, dict(os.environ), seconds=1)
    assert time.monotonic() - began < 30
