"""The group ``townlet``: finds a command by the static table and imports only that one."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

import click

from townlet import __version__
from townlet.cli.commands import COMMANDS, help_text, module_of
from townlet.cli.options import debug_option
from townlet.cli.output import emit, warn

__all__ = ["CommandTable", "townlet"]


class CommandTable(click.Group):
    """A click group whose commands are modules, imported when they are asked for.

    Plugins' commands (hook ``townlet_register_commands``) are loaded only where a name is not in the table, or by
    ``townlet help --all``: loading a plugin may cost seconds, and help must not.
    """

    _plugins_loaded = False

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """Names of core's commands in the order of help, then those that plugins added."""
        added = {name for name, command in self.commands.items() if not command.hidden}
        return [*COMMANDS, *sorted(added - set(COMMANDS))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 (click's)
        """The command of that name, or None. Core's own cannot be replaced by a plugin's."""
        if cmd_name in COMMANDS:
            return _load(cmd_name)
        if cmd_name not in self.commands:
            self.load_plugins()
        return self.commands.get(cmd_name)

    def load_plugins(self) -> None:
        """Asks every observer plugin for its commands, once."""
        if self._plugins_loaded:
            return
        self._plugins_loaded = True
        from townlet.plugins import Observers

        observers = Observers.load()
        observers.register_commands(self)
        for failure in observers.failures:
            warn(str(failure))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's, with a suggestion where the name is unknown."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            raise click.UsageError(_unknown(name, self.list_commands(ctx)), ctx)
        return super().resolve_command(ctx, args)

    def get_help(self, ctx: click.Context) -> str:
        """The static help, and plugins' commands where they are loaded already."""
        text = help_text()
        added = [name for name in self.list_commands(ctx) if name not in COMMANDS]
        if added:
            text += "\n\nFrom plugins:\n" + "\n".join(
                f"  {name:<12}{self.commands[name].get_short_help_str(80)}" for name in added
            )
        return text


def _load(name: str) -> click.Command:
    module = importlib.import_module(module_of(name))
    command = module.command
    if not isinstance(command, click.Command):
        raise TypeError(f"{module.__name__}.command is not a click command")
    return command


def _unknown(name: str, names: Sequence[str]) -> str:
    from townlet.suggestions import nearest

    near = nearest(name, names)
    hint = f" Did you mean {near!r}?" if near else " `townlet --help` lists the commands."
    return f"there is no command {name!r}.{hint}"


@click.group(cls=CommandTable, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", prog_name="townlet", message="%(prog)s %(version)s")
@debug_option
def townlet() -> None:
    """A small-town simulation whose agents' minds are plugins."""


@townlet.command("help", hidden=True)
@click.argument("words", nargs=-1, metavar="[COMMAND]...")
@click.option("--all", "everything", is_flag=True, help="Also load plugins and list their commands.")
@click.pass_context
def _help(ctx: click.Context, words: tuple[str, ...], everything: bool) -> None:
    """List the commands, or explain one: `townlet help run`, `townlet help dataset inspect`."""
    if everything:
        townlet.load_plugins()
    command: click.Command = townlet
    inner = ctx.find_root()
    for word in words:
        if not isinstance(command, click.Group):
            raise click.UsageError(f"'{inner.command_path}' has no commands of its own, such as {word!r}.", inner)
        name, found, _ = command.resolve_command(inner, [word])
        if found is None:
            raise click.UsageError(f"there is no command {word!r}.", inner)
        command, inner = found, click.Context(found, info_name=name, parent=inner)
    emit(command.get_help(inner))
