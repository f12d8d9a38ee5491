"""``townlet dataset import``: read a Minari dataset."""

from __future__ import annotations

from pathlib import Path

import click

from townlet.cli.options import config_flags, debug_option, json_option, read_config
from townlet.cli.output import counted, emit, emit_json

__all__ = ["command"]


@click.command("import")
@click.argument("source", metavar="MINARI")
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="DIR", help="Folder of the new dataset.")
@config_flags
@json_option
@debug_option
def command(source: str, out: Path, config_path: Path | None, overrides: tuple[str, ...], as_json: bool) -> None:
    """Read a Minari dataset: a folder, or a name that minari.load_dataset finds.

    One that Townlet exported describes its own observations. For any other, recorded by Minari in a
    town's environment, give the config of that town.

    \b
    Example:  townlet dataset import data/first-minari --out data/again

    JSON keys: path, digest, episodes, transitions.
    """
    from townlet.data import import_minari, index_episodes, open_dataset

    spec = None
    if config_path is not None or overrides:
        from townlet.observations import build_spec

        spec = build_spec(read_config(config_path, overrides).config)
    manifest = import_minari(source, out, spec=spec)
    dataset = open_dataset(out, verify=False)
    episodes = len(index_episodes(dataset))
    if as_json:
        emit_json(
            {
                "path": str(out),
                "digest": dataset.digest,
                "episodes": episodes,
                "transitions": manifest.transitions,
            }
        )
        return
    emit(f"{out}: {counted(episodes, 'episode')}, {counted(manifest.transitions, 'transition')}")
