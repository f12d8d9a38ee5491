"""The console entry ``townlet``: what it imports is what every start pays for, so it imports almost nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

__all__ = ["main"]

COMPLETION = "_TOWNLET_COMPLETE"
"""Set by the shell that asks for completions, once the script of ``townlet completion SHELL`` is loaded."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code; the console script passes it to ``sys.exit``.

    ``--version``, ``--help``, no argument at all and a plain ``backends list`` are answered without importing click,
    which alone costs two to three times what the interpreter does.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if COMPLETION in os.environ:
        from townlet.cli.app import townlet
        from townlet.cli.current_folder import has_settings_of_numba

        if has_settings_of_numba():  # some values come from rooms that import numba
            return 0
        townlet.main(prog_name="townlet", complete_var=COMPLETION)
    try:
        code = _answered(words)
        if code is not None:
            if sys.stdout is not None:  # a shell may have closed it
                sys.stdout.flush()
            return code
    except BrokenPipeError:
        from townlet.cli.errors import BROKEN_PIPE, silence_stdout

        silence_stdout()
        return BROKEN_PIPE
    except OSError as error:
        from townlet.cli.errors import say_unwritten

        return say_unwritten(error)
    except KeyboardInterrupt:
        return 130
    from townlet.cli.errors import run_guarded

    return run_guarded(words)


def _answered(words: list[str]) -> int | None:
    """The exit code of what needs no click; None for everything else."""
    if words in (["--version"], ["-V"]):
        from townlet import __version__

        print(f"townlet {__version__}")  # noqa: T201
        return 0
    if not words:
        from townlet.cli.commands import first_steps

        print(first_steps(), file=sys.stderr)  # noqa: T201
        return 2
    if words in (["--help"], ["-h"], ["help"]):
        from townlet.cli.commands import help_text

        print(help_text())  # noqa: T201
        return 0
    if words in (["backends", "list"], ["backends", "list", "--json"]):
        from townlet.cli.tool.backends_table import show_backends
        from townlet.errors import TownletError

        try:
            show_backends(as_json="--json" in words)
        except TownletError:  # raised before anything is printed; the long way explains it
            return None
        return 0
    return None
