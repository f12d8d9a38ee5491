"""Commands that plugins add."""

from __future__ import annotations

import click
import pytest

from townlet.cli import app
from townlet.cli.commands import help_text
from townlet.plugins import Observers


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A plugin with the command ``bake``, and one that tries to replace ``config``; lists when it was loaded."""
    loads: list[str] = []

    class Plugins(Observers):
        @classmethod
        def load(cls) -> Observers:
            loads.append("loaded")
            return cls()

        def register_commands(self, cli: click.Group) -> None:
            cli.add_command(click.Command("bake", callback=lambda: click.echo("bread"), help="Bake a loaf."))
            cli.add_command(click.Command("config", callback=lambda: click.echo("mine now")))

    monkeypatch.setattr("townlet.plugins.Observers", Plugins, raising=False)
    fresh = app.CommandTable(
        "townlet", params=app.townlet.params, callback=app.townlet.callback, commands=dict(app.townlet.commands)
    )
    monkeypatch.setattr(app, "townlet", fresh)
    return loads


def test_it_runs(townlet, plugin: list[str]) -> None:
    assert townlet("bake").out == "bread\n"
    assert plugin == ["loaded"]


def test_core_commands_load_no_plugin(townlet, plugin: list[str]) -> None:
    assert townlet("config", "schema").code == 0
    assert townlet("--debug", "--help").out == help_text() + "\n"
    assert plugin == []


def test_core_commands_cannot_be_replaced(townlet, plugin: list[str]) -> None:
    townlet("bake")
    assert "mine now" not in townlet("config", "schema").out


def test_help_all_lists_them(townlet, plugin: list[str]) -> None:
    outcome = townlet("help", "--all")
    assert outcome.code == 0
    assert outcome.out == help_text() + "\n\nFrom plugins:\n  bake        Bake a loaf.\n"


def test_a_misspelt_one_is_suggested(townlet, plugin: list[str]) -> None:
    assert "Did you mean 'bake'?" in townlet("bakee").err
