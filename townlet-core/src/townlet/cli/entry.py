"""The console entry ``townlet``: what it imports is what every start pays for, so it imports almost nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

__all__ = ["main"]

COMPLETION = "_TOWNLET_COMPLETE"
"""Set by the shell that asks for completions: ``eval "$(_TOWNLET_COMPLETE=bash_source townlet)"`` turns them on."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code; the console script passes it to ``sys.exit``.

    ``--version``, ``--help`` and no argument at all are answered without importing click.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if COMPLETION in os.environ:
        from townlet.cli.app import townlet

        townlet.main(prog_name="townlet", complete_var=COMPLETION)
    if words in (["--version"], ["-V"]):
        from townlet import __version__

        return _print(f"townlet {__version__}")
    if not words or words in (["--help"], ["-h"], ["help"]):
        from townlet.cli.commands import help_text

        return _print(help_text()) if words else _usage(help_text())
    from townlet.cli.errors import run_guarded

    return run_guarded(words)


def _usage(text: str) -> int:
    print(text, file=sys.stderr)  # noqa: T201
    return 2


def _print(text: str) -> int:
    try:
        print(text)  # noqa: T201
        sys.stdout.flush()
    except BrokenPipeError:
        from townlet.cli.errors import BROKEN_PIPE, silence_stdout

        silence_stdout()
        return BROKEN_PIPE
    return 0
