"""A group of commands whose subcommands are modules, so that one is imported without the others."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

import click

__all__ = ["SubcommandTable"]


class SubcommandTable(click.Group):
    """A click group over a table. Subcommand NAME lives in module ``PREFIX_NAME`` as ``command``.

    Args:
        name: of the group, as it is typed.
        prefix: dotted name that ``_NAME`` is put behind, such as ``townlet.cli.town.dataset``.
        table: name to one line, in the order of help.
        help: what ``--help`` says above the table.
    """

    def __init__(self, name: str, prefix: str, table: Mapping[str, str], help: str) -> None:
        super().__init__(name, help=help, context_settings={"help_option_names": ["-h", "--help"]})
        self._prefix = prefix
        self._table = table

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """Names in the order of the table."""
        return list(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 (click's)
        """The subcommand of that name, or None."""
        if cmd_name not in self._table:
            return None
        module = f"{self._prefix}_{cmd_name}"
        found = importlib.import_module(module).command
        if not isinstance(found, click.Command):
            raise TypeError(f"{module}.command is not a click command")
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 (click's)
        """The table, without importing a subcommand."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self._table.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's, with a suggestion where the name is unknown."""
        if args[0] not in self._table and not args[0].startswith("-"):
            from townlet.suggestions import nearest

            near = nearest(args[0], self._table)
            hint = f"; did you mean {near!r}?" if near else ""
            raise click.UsageError(f"there is no command '{self.name} {args[0]}'{hint}", ctx)
        return super().resolve_command(ctx, args)
