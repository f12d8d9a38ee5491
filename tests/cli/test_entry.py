"""What every start pays for: the version and help without click, commands without each other."""

from __future__ import annotations

import importlib
import shlex
import sys

import click
import pytest

from townlet import __version__
from townlet.cli.commands import COMMANDS, GROUPS, first_steps, help_text, module_of

HEAVY = ("numpy", "numba", "pydantic", "torch", "rich", "yaml", "townlet_backend_scripted", "townlet_backend_pytorch")

LOADED = "import sys; from townlet.cli.entry import main; main({words!r}); print('LOADED', *sorted(sys.modules))"


def loaded(python, *words: str) -> set[str]:
    """Names of the modules that a command has imported by the time it ends."""
    outcome = python("-c", LOADED.format(words=list(words)))
    assert outcome.code == 0, outcome.err
    line = outcome.out.splitlines()[-1]
    assert line.startswith("LOADED ")
    return set(line.split()[1:])


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_version(townlet, flag: str) -> None:
    outcome = townlet(flag)
    assert (outcome.code, outcome.out, outcome.err) == (0, f"townlet {__version__}\n", "")


@pytest.mark.parametrize("flag", ["--help", "-h", "help"])
def test_help_lists_every_command_with_its_line(townlet, flag: str) -> None:
    outcome = townlet(flag)
    assert outcome.code == 0
    assert outcome.out == help_text() + "\n"
    for name, line in COMMANDS.items():
        assert any(row.split() == [name, *line.split()] for row in outcome.out.splitlines())


def test_nothing_typed_shows_what_to_do_first_as_an_error(townlet) -> None:
    outcome = townlet()
    assert (outcome.code, outcome.out, outcome.err) == (2, "", first_steps() + "\n")


def test_the_first_steps_are_commands_and_options_that_exist(townlet) -> None:
    steps = [shlex.split(line.split("   ")[0]) for line in first_steps().splitlines() if line.startswith("  townlet ")]
    assert len(steps) >= 4
    for _, command, *words in steps:
        shown = townlet(command, "--help").out
        assert [word for word in words if word.startswith("--") and word not in shown] == []


def test_debug_before_help_takes_the_long_way_to_the_same_text(townlet) -> None:
    assert townlet("--debug", "--help").out == help_text() + "\n"


@pytest.mark.parametrize("words", [["--version"], ["--help"]])
def test_imports_nothing_but_the_standard_library(python, words: list[str]) -> None:
    names = loaded(python, *words)
    assert [
        name for name in (*HEAVY, "click", "pluggy", "importlib_metadata", "importlib.metadata") if name in names
    ] == []
    assert {name for name in names if name.partition(".")[0] == "townlet"} <= {
        "townlet",
        "townlet.cli",
        "townlet.cli.commands",
        "townlet.cli.entry",
    }


@pytest.mark.parametrize("words", [["backends", "list"], ["backends", "list", "--json"]])
def test_backends_list_imports_no_backend_and_nothing_heavy(python, words: list[str]) -> None:
    names = loaded(python, *words)
    assert [name for name in (*HEAVY, "click", "pluggy") if name in names] == []


def test_backends_list_prints_the_same_on_the_long_way(townlet) -> None:
    assert townlet("backends", "list") == townlet("--debug", "backends", "list")
    assert townlet("backends", "list", "--json") == townlet("--debug", "backends", "list", "--json")


def test_what_backends_list_refuses_is_explained_on_the_long_way(townlet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOWNLET_DISABLE_BACKENDS", "surely-no-backend")
    outcome = townlet("backends", "list")
    assert outcome.code == 2
    assert outcome.out == ""
    assert "surely-no-backend" in outcome.err


def test_importing_townlet_imports_nothing_else(python) -> None:
    outcome = python("-c", "import sys; before = set(sys.modules); import townlet; print(*set(sys.modules) - before)")
    assert outcome.out.split() == ["townlet"]


def test_one_command_does_not_import_another(python) -> None:
    names = loaded(python, "config", "schema")
    assert {name for name in COMMANDS if module_of(name) in names} == {"config"}


class TestTable:
    def test_every_command_is_in_a_group_once(self) -> None:
        listed = [name for commands in GROUPS.values() for name in commands]
        assert sorted(listed) == sorted(set(listed))
        assert set(COMMANDS) == set(listed)

    @pytest.mark.parametrize("name", list(COMMANDS))
    def test_the_module_has_the_command(self, name: str) -> None:
        command = importlib.import_module(module_of(name)).command
        assert isinstance(command, click.Command)

    @pytest.mark.parametrize("name", list(COMMANDS))
    def test_help_has_an_example(self, townlet, name: str) -> None:
        outcome = townlet(name, "--help")
        assert outcome.code == 0
        assert f"townlet {name}" in outcome.out
        assert "Example" in outcome.out

    @pytest.mark.parametrize("name", list(COMMANDS))
    def test_leaf_commands_offer_json_and_debug(self, name: str) -> None:
        command = importlib.import_module(module_of(name)).command
        leaves = list(command.commands.values()) if isinstance(command, click.Group) else [command]
        for leaf in leaves:
            spelt = {word for parameter in leaf.params for word in parameter.opts}
            assert spelt >= {"--json", "--debug"}, f"{name} {leaf.name}"


def test_run_as_a_module(python) -> None:
    assert python("-m", "townlet", "--version").out == f"townlet {__version__}\n"


def test_module_of_the_entry_is_small() -> None:
    assert "click" not in vars(sys.modules["townlet.cli.entry"])
