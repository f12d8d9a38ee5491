"""From an exception to a message and an exit code."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import click
import pytest

from townlet import errors
from townlet.cli import app
from townlet.world.size import LargeMapWarning


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch):
    """Adds a command ``fail`` that raises what it is given, as a plugin would add one."""

    def _failing(error: BaseException) -> None:
        @click.command("fail")
        def fail() -> None:
            raise error

        monkeypatch.setitem(app.townlet.commands, "fail", fail)

    return _failing


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.TownletError, 1),
        (errors.ConfigError, 2),
        (errors.UsageError, 2),
        (errors.MapError, 2),
        (errors.BackendError, 3),
        (errors.BackendNotInstalledError, 3),
        (errors.BackendDependencyError, 3),
        (errors.TorchNotAvailableError, 3),
        (errors.BackendIncompatibleError, 3),
        (errors.BackendBlockedError, 3),
        (errors.BackendConflictError, 3),
        (errors.BackendLoadError, 3),
        (errors.BackendContractError, 3),
        (errors.BackendRunError, 3),
        (errors.ContractError, 1),
        (errors.DatasetError, 4),
        (errors.CheckpointError, 4),
        (errors.SnapshotError, 4),
        (errors.RegistryError, 4),
        (errors.TrainingError, 1),
    ],
)
def test_townlet_errors_are_a_message_and_their_code(
    townlet, failing, kind: type[errors.TownletError], code: int
) -> None:
    failing(kind("the oven is cold", where="town.yaml:3, oven", details=["light it"]))
    outcome = townlet("fail")
    assert outcome.code == code
    assert outcome.err == "error: the oven is cold  (town.yaml:3, oven)\n  light it\n"
    assert outcome.out == ""


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (errors.DatasetError("cold", details=["light it"]), "error: cold\n  light it\n  kept in rec\n"),
        (PermissionError(13, "Permission denied", "out.json"), "error: Permission denied: out.json\n  kept in rec\n"),
        (KeyboardInterrupt(), "interrupted\n  kept in rec\n"),
    ],
)
def test_notes_on_an_exception_are_shown(townlet, failing, error: BaseException, message: str) -> None:
    error.add_note("kept in rec")
    failing(error)
    assert townlet("fail").err == message


@pytest.mark.parametrize("words", [("--debug", "fail"), ("fail",)])
def test_debug_shows_the_traceback(townlet, failing, words: tuple[str, ...]) -> None:
    failing(errors.DatasetError("the oven is cold"))
    outcome = townlet(*words)
    assert ("Traceback (most recent call last)" in outcome.err) == ("--debug" in words)
    assert outcome.err.endswith("error: the oven is cold\n")


def test_debug_after_the_command(townlet) -> None:
    outcome = townlet("config", "check", "nowhere.yaml", "--debug")
    assert outcome.code == 2
    assert "Traceback (most recent call last)" in outcome.err
    assert outcome.err.endswith("error: there is no such file  (nowhere.yaml)\n")


def test_debug_of_one_call_does_not_reach_the_next(townlet, failing) -> None:
    failing(errors.DatasetError("the oven is cold"))
    townlet("--debug", "fail")
    assert "Traceback" not in townlet("fail").err


def test_a_bug_of_ours_says_so(townlet, failing) -> None:
    failing(ZeroDivisionError("division by zero"))
    outcome = townlet("fail")
    assert outcome.code == 1
    assert outcome.err == (
        "error: a bug in Townlet: ZeroDivisionError: division by zero\n"
        "  next:  run the same command with --debug and report what it prints\n"
    )


def test_a_file_that_cannot_be_written(townlet, failing) -> None:
    failing(PermissionError(13, "Permission denied", "out.json"))
    outcome = townlet("fail")
    assert (outcome.code, outcome.err) == (4, "error: Permission denied: out.json\n")


@pytest.mark.parametrize("where", ["summary", "place", "detail", "bug"])
def test_a_megabyte_of_a_name_does_not_hide_what_is_said(townlet, failing, where: str) -> None:
    name = "x" * 1_000_000
    error = {
        "summary": errors.UsageError(f"no {name} here", details=("next",)),
        "place": errors.UsageError("no such thing here", where=name, details=("next",)),
        "detail": errors.UsageError("no such thing here", details=(name, "next")),
        "bug": ZeroDivisionError(name),
    }[where]
    failing(error)
    said = townlet("fail").err
    assert len(said) < 2000
    assert said.startswith("error: ")
    assert "next" in said


def test_half_of_a_character_is_what_was_typed(townlet, failing) -> None:
    failing(UnicodeEncodeError("utf-8", "a\ud800", 1, 2, "surrogates not allowed"))
    result = townlet("fail")
    assert result.code == 2
    assert "half of a character, '\\ud800'" in result.err


def test_not_enough_memory_is_said_with_what_to_lower(townlet, failing) -> None:
    failing(MemoryError("Unable to allocate 30.0 GiB"))
    result = townlet("fail")
    assert result.code == 4
    assert "not enough memory: Unable to allocate 30.0 GiB" in result.err
    assert "fewer towns" in result.err


@pytest.mark.skipif(sys.platform == "win32", reason="a folder in use cannot be removed there")
def test_a_current_folder_that_is_gone(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    code = (
        "import os, sys; os.chdir('here'); os.rmdir('../here'); from townlet.cli.entry import main;"
        "sys.exit(main(['dataset', 'recover', 'x', '--out', 'y']))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert done.stderr == "error: the current folder is gone\n  next:  change to a folder that is there\n"


def test_warnings_of_our_own_are_words_and_not_python(townlet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("townlet.world.size._NOTED_BYTES", 1)
    with warnings.catch_warnings():
        warnings.simplefilter("default", LargeMapWarning)
        result = townlet("run", "--set", "town.map=hamlet", "--ticks", "1", "--no-registry")
    assert result.code == 0
    assert "warning: a map of 12 x 12 tiles with 4 places takes 0.0 GiB" in result.err
    assert "UserWarning" not in result.err
    assert ".py" not in result.err


def test_warnings_of_a_backend_are_words_too(townlet, monkeypatch: pytest.MonkeyPatch) -> None:
    category = type("PageableWarning", (RuntimeWarning,), {"__module__": "townlet_backend_toy.memory"})

    @click.command("slow")
    def slow() -> None:
        warnings.warn("copies take longer", category, stacklevel=1)

    monkeypatch.setitem(app.townlet.commands, "slow", slow)
    with warnings.catch_warnings():
        warnings.simplefilter("default", category)
        assert townlet("slow").err == "warning: copies take longer\n"


def test_interrupted(townlet, failing) -> None:
    failing(KeyboardInterrupt())
    outcome = townlet("fail")
    assert (outcome.code, outcome.err) == (130, "interrupted\n")


def test_click_exit_code_is_kept(townlet, failing) -> None:
    failing(click.exceptions.Exit(7))
    assert townlet("fail").code == 7


class TestUsage:
    def test_unknown_command(self, townlet) -> None:
        outcome = townlet("surely-no-command")
        assert outcome.code == 2
        assert outcome.err == (
            "error: there is no command 'surely-no-command'. `townlet --help` lists the commands.\n"
            "  try:  townlet --help\n"
        )

    def test_misspelt_command(self, townlet) -> None:
        outcome = townlet("confgi")
        assert outcome.code == 2
        assert outcome.err.startswith("error: there is no command 'confgi'. Did you mean 'config'?\n")

    def test_unknown_option(self, townlet) -> None:
        outcome = townlet("config", "show", "--nonsense")
        assert outcome.code == 2
        assert outcome.err.startswith("error: no such option")
        assert outcome.err.endswith("\n  try:  townlet config show --help\n")

    def test_unknown_option_before_the_command(self, townlet) -> None:
        assert townlet("--nonsense", "config").code == 2

    def test_a_group_without_a_command(self, townlet) -> None:
        outcome = townlet("config")
        assert (outcome.code, outcome.out) == (2, "")
        assert outcome.err.startswith("Usage: townlet config")


@pytest.mark.skipif(sys.platform == "win32", reason="pipes and signals of Unix")
class TestProcess:
    def test_broken_pipe_is_quiet(self) -> None:
        command = f"{sys.executable} -m townlet config schema | true; echo ${{PIPESTATUS[0]}}"
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, timeout=120)
        assert (done.stdout, done.stderr) == ("141\n", "")

    def test_broken_pipe_of_help_is_quiet(self) -> None:
        command = f"{sys.executable} -m townlet --help | true; echo ${{PIPESTATUS[0]}}"
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, timeout=120)
        assert done.stdout in ("141\n", "0\n")  # the pipe may still have taken it
        assert done.stderr == ""

    def test_interrupt_by_signal(self, python) -> None:
        code = textwrap.dedent("""
            import os, signal, sys, click
            from townlet.cli import app
            from townlet.cli.entry import main
            @app.townlet.command("sleep")
            def sleep():
                os.kill(os.getpid(), signal.SIGINT)
                import time; time.sleep(60)
            sys.exit(main(["sleep"]))
        """)
        outcome = python("-c", code)
        assert (outcome.code, outcome.out, outcome.err) == (130, "", "interrupted\n")

    @pytest.mark.parametrize("words", ["--help", "--version", "backends list", "config schema"])
    def test_closed_stdout(self, words: str) -> None:
        command = f"{sys.executable} -m townlet {words} >&-"
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=120)
        assert (done.returncode, done.stderr) == (0, "")

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="the disk that is always full is Linux's")
    @pytest.mark.parametrize("words", ["--help", "--version", "backends list", "config schema"])
    def test_a_full_disk_under_stdout(self, words: str) -> None:
        command = f"{sys.executable} -m townlet {words} >/dev/full"
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=120)
        assert (done.returncode, done.stderr) == (4, "error: cannot write the output: No space left on device\n")
