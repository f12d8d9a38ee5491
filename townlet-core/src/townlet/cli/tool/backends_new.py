"""``townlet backends new``: write a new backend's distribution."""

from __future__ import annotations

from pathlib import Path

import click

from townlet.cli.options import json_option
from townlet.cli.output import emit, emit_json

__all__ = ["command"]


@click.command("new", epilog="Example:  townlet backends new my-mind --learner")
@click.argument("name")
@click.option("--learner", is_flag=True, help="Also write a learner: behaviour cloning and PPO in NumPy.")
@click.option(
    "--into", "folder", type=click.Path(path_type=Path), default=Path(), metavar="FOLDER", help="Folder to write it to."
)
@json_option
def command(name: str, learner: bool, folder: Path, as_json: bool) -> None:
    """Write the distribution townlet-backend-NAME, which builds, installs and conforms as written."""
    from townlet.testing.scaffold import write_backend

    target = write_backend(name, folder, learner=learner)
    if as_json:
        emit_json({"schema_version": 1, "backend": target.name.removeprefix("townlet-backend-"), "folder": str(target)})
        return
    plain = target.name.removeprefix("townlet-backend-")
    emit(f"wrote {target}")
    emit(f"next:\n  pip install -e {target}\n  townlet backends check {plain}")
    emit(f"  townlet run --backend {plain}{' --untrained' if learner else ''} --days 1")
