"""The one place where an exception becomes a message and an exit code.

=====  =====================================================================
code   meaning
=====  =====================================================================
0      done
1      a bug of Townlet, training that had to stop, or a check that found something
2      what was typed or configured
3      a policy backend that cannot run
4      data, a checkpoint, a snapshot, a file: refused, or not to be read or written
130    stopped with Ctrl-C, SIGTERM or SIGHUP
141    whoever read the output went away
=====  =====================================================================
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from townlet.errors import TownletError
from townlet.visible import readable, visible

__all__ = ["BROKEN_PIPE", "INTERRUPTED", "flush_stdout", "run_guarded", "say_unwritten", "silence_stdout"]

INTERRUPTED = 130
BROKEN_PIPE = 141
_BUG, _USAGE, _DATA = 1, 2, 4
_LESS_MEMORY = "next:  ask for fewer towns, agents or ticks at once, or a smaller map"
_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What is the disk's fault wherever it comes up, also where the error names no file, as that of stdout does not."""


def run_guarded(words: Sequence[str]) -> int:
    """Runs ``townlet WORDS...``; never raises but for what asks the interpreter to exit.

    A command that returns a whole number returns the exit code (a check that failed).
    """
    from townlet.cli.app import townlet
    from townlet.cli.current_folder import refuse_settings_of_numba
    from townlet.cli.options import Invocation
    from townlet.signals import answered_as_ctrl_c

    invocation = Invocation()
    try:
        with (
            _warnings_in_words(),
            answered_as_ctrl_c(),
            townlet.make_context("townlet", list(words), obj=invocation) as context,
        ):
            refuse_settings_of_numba()
            code = townlet.invoke(context)
        flush_stdout()
    except click.exceptions.Exit as done:
        return done.exit_code
    except BrokenPipeError:
        silence_stdout()
        return BROKEN_PIPE
    except KeyboardInterrupt as error:
        return _say(_noted("interrupted", error), INTERRUPTED)
    except Exception as error:  # noqa: BLE001 (the outermost frame: every exception becomes a message)
        if invocation.debug:
            import traceback

            print(visible(traceback.format_exc(), lines=True), file=sys.stderr, end="")  # noqa: T201
        return _explain(error)
    return code if isinstance(code, int) else 0


@contextlib.contextmanager
def _warnings_in_words() -> Iterator[None]:
    """Python's warnings of Townlet's own (what a large map takes), and of its backends, as a command's other ones."""
    shown = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        if category.__module__.startswith(("townlet.", "townlet_backend_")):
            from townlet.cli.output import warn

            warn(str(message))
        else:
            shown(message, category, *where, **more)

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


def flush_stdout() -> None:
    """Writes out what is left, where there is a stdout: a shell may have closed it."""
    if sys.stdout is not None:
        sys.stdout.flush()


def say_unwritten(error: OSError) -> int:
    """Says that what was to be printed could not be, and gives the exit code."""
    return _say(_noted(f"error: cannot write the output: {error.strerror}", error), _DATA)


def silence_stdout() -> None:
    """Points stdout to nowhere, so that the interpreter's last flush does not complain of a broken pipe."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _explain(error: Exception) -> int:
    match error:
        case TownletError():
            return _say(_noted(f"error: {error}", error), error.exit_code)
        case click.exceptions.NoArgsIsHelpError():
            return _say(error.format_message(), _USAGE)
        case click.UsageError():
            context = error.ctx
            hint = f"\n  try:  {context.command_path} --help" if context is not None else ""
            return _say(f"error: {_decapitalised(error.format_message())}{hint}", _USAGE)
        case click.ClickException():
            return _say(f"error: {_decapitalised(error.format_message())}", _USAGE)
        case click.Abort():
            return _say("interrupted", INTERRUPTED)
        case OSError() if error.filename is not None:
            return _say(_noted(f"error: {error.strerror or type(error).__name__}: {error.filename}", error), _DATA)
        case OSError() if error.errno in _UNWRITABLE:
            return say_unwritten(error)
        case FileNotFoundError() | SystemError() if not _here():  # Python 3.13.0 stumbles over it without an error
            return _say("error: the current folder is gone\n  next:  change to a folder that is there", _USAGE)
        case UnicodeEncodeError() if error.reason == "surrogates not allowed":
            found = repr(error.object[error.start : error.end])
            return _say(f"error: a name or value holds half of a character, {found}, which no file can hold", _USAGE)
        case MemoryError():
            more = f": {error}" if str(error) else ""
            return _say(_noted(f"error: there is not enough memory{more}\n  {_LESS_MEMORY}", error), _DATA)
        case _:
            bug = f"error: a bug in Townlet: {type(error).__name__}: {error}"
            next_step = "\n  next:  run the same command with --debug and report what it prints"
            return _say(_noted(bug, error) + next_step, _BUG)


def _here() -> bool:
    """Whether the current folder is there still."""
    try:
        return Path.cwd().is_dir()
    except OSError:
        return False


def _noted(message: str, error: BaseException) -> str:
    """With what was noted on the exception on its way up, such as where a recording is kept."""
    notes: list[str] = vars(error).get("__notes__", [])
    return "\n".join([message, *(f"  {note}" for note in notes)])


def _decapitalised(message: str) -> str:
    return message[:1].lower() + message[1:] if message[1:2].islower() else message


def _say(message: str, code: int) -> int:
    with contextlib.suppress(OSError):  # stderr is closed: the exit code has to do
        print(readable(message), file=sys.stderr, flush=True)  # noqa: T201
    return code
