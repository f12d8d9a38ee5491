"""``townlet backends``: each subcommand is a module ``townlet.cli.tool.backends_NAME``, imported when asked for."""

from __future__ import annotations

import importlib

import click

__all__ = ["SUBCOMMANDS", "SubcommandTable", "command"]

SUBCOMMANDS: dict[str, str] = {
    "list": "List backends and their states, from metadata alone",
    "info": "Explain one backend: manifest, options, provenance",
    "doctor": "Load backends in child processes and diagnose them",
    "check": "Hold a backend against the contract (conformance kit)",
    "new": "Write a complete new backend distribution",
}

_ATTRIBUTE = {"check": "check", "new": "new"}  # what the module calls it, if not `command`


class SubcommandTable(click.Group):
    """A group whose subcommands are modules, so that listing backends does not import the doctor."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """Names in the order of the table."""
        return list(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 (click's)
        """The subcommand of that name, or None."""
        if cmd_name not in SUBCOMMANDS:
            return None
        module = importlib.import_module(f"townlet.cli.tool.backends_{cmd_name}")
        command = getattr(module, _ATTRIBUTE.get(cmd_name, "command"))
        if not isinstance(command, click.Command):
            raise TypeError(f"townlet.cli.tool.backends_{cmd_name} has no click command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 (click's)
        """The table, without importing a subcommand."""
        with formatter.section("Commands"):
            formatter.write_dl(list(SUBCOMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's, with a suggestion where the name is unknown."""
        if args[0] not in SUBCOMMANDS and not args[0].startswith("-"):
            from townlet.suggestions import nearest

            near = nearest(args[0], SUBCOMMANDS)
            hint = f"; did you mean {near!r}?" if near else ""
            raise click.UsageError(f"there is no command 'backends {args[0]}'{hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=SubcommandTable, context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Policy backends: the minds of a town.

    \b
    Example:  townlet backends list
    """
