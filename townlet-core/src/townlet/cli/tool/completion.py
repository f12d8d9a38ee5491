"""``townlet completion``: print what makes a shell complete commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from townlet.cli.entry import COMPLETION
from townlet.cli.options import debug_option, json_option
from townlet.cli.output import emit, emit_json

__all__ = ["command"]

SHELLS = ("bash", "zsh", "fish")


@click.command(
    "completion",
    epilog='Example:  eval "$(townlet completion bash)"    in ~/.bashrc; zsh takes it in ~/.zshrc, fish by '
    "townlet completion fish > ~/.config/fish/completions/townlet.fish",
)
@click.argument("shell", type=click.Choice(SHELLS))
@debug_option
@json_option
@click.pass_context
def command(ctx: click.Context, shell: str, as_json: bool) -> None:
    """Print the script with which SHELL completes Townlet's commands and options."""
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"click cannot complete in {shell}; it can in {', '.join(SHELLS)}")
    script = kind(ctx.find_root().command, {}, "townlet", COMPLETION).source()
    if as_json:
        emit_json({"schema_version": 1, "shell": shell, "script": script})
    else:
        emit(script)
