"""``townlet config``: show the effective config, check a file, print the JSON Schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from townlet.cli.options import config_options, debug_option, json_option, read_config, runs_option
from townlet.cli.output import counted, emit, emit_json
from townlet.cli.tables import emit_table

if TYPE_CHECKING:
    pass

__all__ = ["command"]


@click.group("config", no_args_is_help=True)
def command() -> None:
    """Show and check configs, print their JSON Schema.

    Example:  townlet config show --set policy.backend=stub --changed
    """


@command.command()
@config_options
@click.option("--changed", is_flag=True, help="Show only values set by a file or an override.")
@json_option
@debug_option
def show(config_path: Path | None, overrides: tuple[str, ...], changed: bool, as_json: bool) -> None:
    """Show the effective config and where each value came from.

    Example:  townlet config show town.yaml --set seed=3

    JSON keys: config_id, digest, file, config (the whole effective config), origins (KEY to {kind, place}, kind
    being file, override or default).
    """
    from townlet.config import config_digest

    document = read_config(config_path, overrides)
    values = [row for row in document.values() if not changed or row[2].kind != "default"]
    if as_json:
        emit_json(
            {
                "config_id": document.config.config_id,
                "digest": config_digest(document.config),
                "file": str(document.path) if document.path else None,
                "config": document.config.model_dump(mode="json"),
                "origins": {key: {"kind": origin.kind, "place": origin.place} for key, _, origin in values},
            }
        )
        return
    emit(f"config {document.config.config_id}")
    emit_table(["key", "value", "from"], [(key, _shown(value), origin.place) for key, value, origin in values])


@command.command()
@config_options
@runs_option("names the release")
@json_option
@debug_option
def check(config_path: Path | None, overrides: tuple[str, ...], runs: Path, as_json: bool) -> None:
    """Check a config, its map and manifest, its cast, the options and checkpoints of its minds, and what is to be done.

    Exit code 2 with every error and its place, or 0.

    Example:  townlet config check town.yaml

    JSON keys: ok, config_id, digest, file, town (map, agents, width, height), backend (name, options_checked, reason),
    minds (each: name, reason), unchecked (what could not be asked here, a line each).
    """
    from townlet.cli.tool.config_checking import check_work
    from townlet.config import config_digest
    from townlet.envs.names import slot_names
    from townlet.errors import ConfigError
    from townlet.play.checking import check_minds
    from townlet.world import compile_town

    document = read_config(config_path, overrides)
    try:
        town = compile_town(document.config.town)
    except ConfigError as error:
        if error.where is None or not error.where.startswith("town."):
            raise
        raise type(error)(error.summary, where=document.where(error.where), details=error.details) from None
    policy = document.config.policy
    minds = check_minds(document, slot_names(town.agents), runs=runs)
    reason = next((mind.reason for mind in minds if mind.reason is not None), None)
    unasked = check_work(document)
    if as_json:
        emit_json(
            {
                "ok": True,
                "config_id": document.config.config_id,
                "digest": config_digest(document.config),
                "file": str(document.path) if document.path else None,
                "town": {
                    "map": document.config.town.map,
                    "agents": town.agents,
                    "width": len(town.glyphs[0]),
                    "height": len(town.glyphs),
                },
                "backend": {
                    "name": policy.backend,
                    "options_checked": minds[-1].reason is None,
                    "reason": minds[-1].reason,
                },
                "minds": [mind._asdict() for mind in minds],
                "unchecked": unasked,
            }
        )
        return
    size = f"{len(town.glyphs[0])}x{len(town.glyphs)}"
    emit(f"{document.source.label} is fine: {document.config.config_id}")
    emit(f"map {document.config.town.map!r}, {size}, {counted(town.agents, 'agent')}; backend {policy.backend!r}")
    if reason:
        emit(f"its policy.options could not be checked: {reason}")
    for line in unasked:
        emit(line)


@command.command()
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="File to write (default: standard output)."
)
@json_option
@debug_option
def schema(output: Path | None, as_json: bool) -> None:  # noqa: ARG001 (it is JSON anyway)
    """Print the JSON Schema of a config, for editors.

    \b
    Example:  townlet config schema -o town.schema.json
    Then the first line of a config makes an editor complete and check it:
    # yaml-language-server: $schema=town.schema.json
    """
    from townlet.config import config_schema
    from townlet.storage import write_given

    if output is None:
        emit_json(config_schema())
        return
    write_given(output, f"{json.dumps(config_schema(), indent=2, ensure_ascii=False)}\n".encode())


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 100 else f"{text[:97]}..."
