"""``townlet dataset verify``: read a dataset through and compare every digest."""

from __future__ import annotations

import time
from pathlib import Path

import click

from townlet.cli.options import debug_option, json_option
from townlet.cli.output import counted, emit, emit_json
from townlet.visible import visible

__all__ = ["command"]


@click.command("verify")
@click.argument("path", metavar="DATASET", type=click.Path(path_type=Path))
@json_option
@debug_option
def command(path: Path, as_json: bool) -> None:
    """Read every file of a dataset and verify its digest. On a mismatch, name the first bad file and exit with code 4.

    \b
    Example:  townlet dataset verify data/first

    JSON keys: path, digest, verified, complete, shards, bytes, seconds.
    """
    from townlet.data import open_dataset

    started = time.perf_counter()
    dataset = open_dataset(path)
    dataset.verify()
    seconds = time.perf_counter() - started
    manifest = dataset.manifest
    if as_json:
        emit_json(
            {
                "path": str(path),
                "digest": dataset.digest,
                "verified": True,
                "complete": manifest.complete,
                "shards": len(manifest.shards),
                "bytes": manifest.size,
                "seconds": round(seconds, 6),
            }
        )
        return
    note = "" if manifest.complete else f"; the recording was cut short: {visible(str(manifest.interruption))}"
    shards = counted(len(manifest.shards), "shard")
    emit(f"{path} is intact: {shards}, {manifest.size / 1e6:,.1f} MB, {seconds:.2f} s{note}")
