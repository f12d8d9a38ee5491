"""The table of commands: written by hand, so that help can be printed without importing a single one."""

from __future__ import annotations

__all__ = ["COMMANDS", "GROUPS", "first_steps", "help_text", "module_of"]

GROUPS: dict[str, dict[str, str]] = {
    "A town": {
        "run": "Run a town and watch it",
        "rollout": "Run towns and record a dataset",
        "view": "Write an HTML page that plays a recording back",
        "dataset": "Inspect, verify, split and exchange recorded datasets",
        "replay": "Play a recorded dataset back",
        "inspect": "Show what one agent saw and did at a recorded tick",
    },
    "A mind": {
        "train": "Clone a teacher, learn from reward, or anneal from one to the other",
        "evaluate": "Measure a policy over many towns",
        "compare": "Compare policies on the same towns",
        "arena": "Let minds live among strangers, and among each other",
        "tune": "Search for better settings of a mind",
        "report": "Write an HTML report on a recording or a training run",
        "export": "Export a trained policy to another format",
    },
    "Releases": {
        "runs": "List runs, trainings and evaluations",
        "promote": "Promote a candidate to be the release",
        "releases": "List releases and decisions",
        "rollback": "Go back to the previous release",
    },
    "The tool": {
        "backends": "List, explain, diagnose, check and create policy backends",
        "config": "Show and check configs, print their JSON Schema",
        "bench": "Measure speed on this machine",
        "completion": "Print the completion script for bash, zsh or fish",
    },
}
"""Heading to command to its one line."""

_ROOMS = dict(zip(GROUPS, ("town", "mind", "release", "tool"), strict=True))

COMMANDS: dict[str, str] = {name: line for commands in GROUPS.values() for name, line in commands.items()}
"""Every command of core with its one line, in the order of help."""


def module_of(name: str) -> str:
    """The module that holds the command ``name`` of core as ``command``. Raises KeyError for another name."""
    heading = next((heading for heading, commands in GROUPS.items() if name in commands), None)
    if heading is None:
        raise KeyError(name)
    return f"townlet.cli.{_ROOMS[heading]}.{name}"


def help_text() -> str:
    """What ``townlet --help`` prints."""
    lines = [
        "Usage: townlet [OPTIONS] COMMAND [ARGS]...",
        "",
        "  A small-town simulation whose agents' minds are plugins.",
        "",
        "  Example:  townlet run --days 1",
    ]
    for heading, commands in GROUPS.items():
        lines += ["", f"{heading}:", *(f"  {name:<12}{line}" for name, line in commands.items())]
    lines += [
        "",
        "Options:",
        "  --version   Show the version.",
        "  --debug     Show the traceback of an error. Also accepted after a command.",
        "  --help      Show this message. `townlet COMMAND --help` explains a command.",
        "",
        "Plugins may add commands: `townlet help --all` loads them and lists those too.",
    ]
    return "\n".join(lines)


def first_steps() -> str:
    """What ``townlet`` alone prints."""
    return """\
Townlet simulates a small town whose agents' minds are plugins. Start here:

  townlet run --days 1 --live              watch the default town for a day
  townlet run --days 1 --record monday     record one
  townlet inspect monday --agent alice --tick 500
                                           look through her eyes
  townlet report monday --out monday.html  draw it
  townlet backends list                    see which minds are installed

`townlet --help` lists every command, `townlet COMMAND --help` explains one."""
