"""``townlet dataset``: its subcommands, each in a module ``townlet.cli.town.dataset_NAME`` imported when asked for."""

from __future__ import annotations

import importlib

import click

__all__ = ["SUBCOMMANDS", "command"]

SUBCOMMANDS: dict[str, str] = {
    "inspect": "Show what a dataset holds",
    "recover": "Have the whole shards of a killed recording back",
    "verify": "Read it through and compare every digest",
    "split": "Write a training and a held-out part, by whole lives",
    "curate": "Keep the lives or worlds that meet a criterion",
    "export": "Write it as a Minari dataset",
    "import": "Read a Minari dataset",
}
"""Name to one line. Subcommand NAME lives in module ``townlet.cli.town.dataset_NAME`` as ``command``."""


class _Table(click.Group):
    """A group whose subcommands are modules, so that one is imported without the others."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """Names in the order of the table."""
        return list(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 (click's)
        """The subcommand of that name, or None."""
        if cmd_name not in SUBCOMMANDS:
            return None
        found = importlib.import_module(f"townlet.cli.town.dataset_{cmd_name}").command
        if not isinstance(found, click.Command):
            raise TypeError(f"townlet.cli.town.dataset_{cmd_name}.command is no click command")
        return found

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
            raise click.UsageError(f"there is no command 'dataset {args[0]}'{hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=_Table)
def command() -> None:
    """Look at, check, cut and exchange recorded datasets.

    \b
    Example:  townlet dataset inspect data/first
    """
