"""Options that several commands share, so that they are spelt and explained alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from townlet.cli.completing import backends, policies, settings
from townlet.cli.ranges import WholeRange

if TYPE_CHECKING:
    from townlet.config import ConfigDocument, Override

__all__ = [
    "Invocation",
    "backend_options",
    "cast_option",
    "config_flags",
    "config_options",
    "debug_option",
    "executor_options",
    "json_option",
    "read_config",
    "runs_option",
    "seed_option",
    "shared_options",
    "untrained_option",
]

P = ParamSpec("P")
R = TypeVar("R")
Command = Callable[P, R]


class Invocation:
    """What one invocation of ``townlet`` was asked apart from its command.

    Attributes:
        debug: whether an error shows its traceback.
    """

    def __init__(self) -> None:
        self.debug = False


def _set_debug(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        context.find_root().ensure_object(Invocation).debug = True


debug_option = click.option(
    "--debug",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_set_debug,
    help="Show the traceback of an error.",
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document with documented keys.")

seed_option = click.option(
    "--seed", type=WholeRange(0, 2**62 - 1), default=None, help="Seed; overrides the one in the config."
)


_set_option = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    shell_complete=settings,
    help="Override one value of the config, such as policy.backend=stub. May be repeated.",
)

_CONFIG_HELP = "Config of the town (default: the default town)."


def config_options(command: Command[P, R]) -> Command[P, R]:
    """Adds ``[CONFIG]``, also spelt ``--config FILE`` (``config_path: Path | None``), and ``--set`` (``overrides``)."""
    command = click.option(
        "-c",
        "--config",
        type=click.Path(path_type=Path),
        metavar="FILE",
        is_eager=True,
        expose_value=False,
        callback=_remember_config,
        help=f"The same as CONFIG. {_CONFIG_HELP}",
    )(_set_option(command))
    return click.argument(
        "config_path", metavar="[CONFIG]", type=click.Path(path_type=Path), required=False, callback=_config_once
    )(command)


def config_flags(command: Command[P, R]) -> Command[P, R]:
    """As :func:`config_options` for a command whose positional arguments are something else: no ``[CONFIG]``."""
    return click.option(
        "-c", "--config", "config_path", type=click.Path(path_type=Path), metavar="FILE", help=_CONFIG_HELP
    )(_set_option(command))


def _remember_config(context: click.Context, _parameter: click.Parameter, value: Path | None) -> None:
    context.meta[__name__] = value


def _config_once(context: click.Context, _parameter: click.Parameter, value: Path | None) -> Path | None:
    flag: Path | None = context.meta.get(__name__)
    if flag is not None and value is not None:
        raise click.UsageError("give the config once, as CONFIG or as --config FILE", context)
    return value or flag


def backend_options(command: Command[P, R]) -> Command[P, R]:
    """Adds ``--backend NAME`` (``backend: str | None``) and ``--disable-backend NAME`` (``disabled: tuple``)."""
    command = click.option(
        "--disable-backend",
        "disabled",
        multiple=True,
        metavar="NAME",
        shell_complete=backends,
        help="Never import this backend. May be repeated.",
    )(command)
    return click.option(
        "--backend",
        "backend",
        default=None,
        metavar="NAME",
        shell_complete=policies,
        help="Policy backend; overrides policy.backend.",
    )(command)


untrained_option = click.option(
    "--untrained", is_flag=True, help="Let a learner act without a checkpoint, with random weights."
)
"""Adds ``--untrained`` (``untrained: bool``)."""


def executor_options(command: Command[P, R]) -> Command[P, R]:
    """Adds ``--executor NAME`` (``executor: str | None``) and ``--workers N`` (``workers: int | None``)."""
    command = click.option(
        "--workers",
        type=WholeRange(1, 100_000),
        default=None,
        metavar="N",
        help="Processes that play towns (default: execution.workers).",
    )(command)
    return click.option(
        "--executor",
        default=None,
        metavar="NAME",
        help="Where towns run: local or ray (default: execution.executor). The result is the same.",
    )(command)


def cast_option(command: Command[P, R]) -> Command[P, R]:
    """Adds ``--cast WHO=MIND`` (``roles: tuple[str, ...]``)."""
    return click.option(
        "--cast",
        "roles",
        multiple=True,
        metavar="WHO=MIND",
        help="Who plays whom: alice=stub, 25%=release (a share of the agents not named), or *=scripted (the rest). "
        "May be repeated.",
    )(command)


def runs_option(use: str) -> Callable[[Command[P, R]], Command[P, R]]:
    """Adds ``--runs DIR`` (``runs: Path``): where every command keeps the registry and looks for it.

    Whatever else a command writes, and wherever, the registry is that of this folder: so what one command enters, the
    next one finds.

    Args:
        use: what the command does with the registry, such as ``lists the run``.
    """
    return click.option(
        "--runs",
        type=click.Path(path_type=Path),
        default=Path("runs"),
        show_default=True,
        metavar="DIR",
        help=f"Runs folder: its registry {use}.",
    )


def shared_options(command: Command[P, R]) -> Command[P, R]:
    """What every command on a town has: ``[CONFIG]``, ``--set``, ``--seed``, ``--json``, ``--debug``."""
    return config_options(seed_option(json_option(debug_option(command))))


def read_config(
    path: Path | None,
    overrides: tuple[str, ...] = (),
    *,
    seed: int | None = None,
    backend: str | None = None,
    more: Sequence[Override] = (),
) -> ConfigDocument:
    """Reads the config that the shared options describe; ``--seed``, ``--backend`` and ``more`` win over ``--set``."""
    from townlet.config import Override, load_document

    extra: list[str | Override] = list(overrides)
    if seed is not None:
        extra.append(Override("seed", seed, f"--seed {seed}"))
    if backend is not None:
        extra.append(Override("policy.backend", backend, f"--backend {backend}"))
    extra += more
    return load_document(path, extra)
