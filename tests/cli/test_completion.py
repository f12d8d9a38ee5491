"""``townlet completion``: the script, and what a shell is told when it asks."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from townlet.cli.commands import COMMANDS


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_asks_townlet_in_the_words_of_that_shell(townlet, shell: str) -> None:
    outcome = townlet("completion", shell)
    assert (outcome.code, outcome.err) == (0, "")
    assert f"_TOWNLET_COMPLETE={shell}_complete" in outcome.out


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_shell_can_read_its_script(townlet, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell}")
    script = townlet("completion", shell).out
    done = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_another_shell_is_refused_with_those_that_are_known(townlet) -> None:
    outcome = townlet("completion", "csh")
    assert outcome.code == 2
    assert "'bash', 'zsh', 'fish'" in outcome.err


def complete(python, words: str, position: int) -> set[str]:
    settings = {"_TOWNLET_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(position)}
    outcome = python("-m", "townlet", extra=settings)
    assert outcome.code == 0, outcome.err
    return {line.partition(",")[2] for line in outcome.out.splitlines()}


def test_commands_are_completed(python) -> None:
    assert complete(python, "townlet re", 1) == {name for name in COMMANDS if name.startswith("re")}


def test_options_are_completed(python) -> None:
    assert {"--ticks", "--seed"} <= complete(python, "townlet run --", 2)


@pytest.mark.skipif(sys.platform == "win32" or shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_once_the_script_is_loaded(townlet, tmp_path) -> None:
    """The whole way: bash loads the script, and its completion function asks a ``townlet`` on the path."""
    program = tmp_path / "townlet"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m townlet "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    script = townlet("completion", "bash").out
    ask = 'COMP_WORDS=(townlet ben); COMP_CWORD=1; _townlet_completion townlet ben townlet; echo "${COMPREPLY[@]}"'
    done = subprocess.run(
        ["bash", "-c", f'PATH="{tmp_path}:$PATH"\n{script}\n{ask}'], capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["bench"], done.stderr


@pytest.mark.parametrize(
    ("words", "position", "offered"),
    [
        ("townlet evaluate --policy sc", 3, {"scripted"}),
        ("townlet run --set town.map=h", 3, {"town.map=hamlet"}),
        ("townlet run --set town.map", 3, {"town.map="}),
        ("townlet evaluate --scenario one-", 3, {"one-shower-for-eight"}),
    ],
)
def test_values_are_completed(python, words: str, position: int, offered: set[str]) -> None:
    assert complete(python, words, position) == offered
