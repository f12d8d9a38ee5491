"""``townlet export``: write a trained policy in a format that others read."""

from __future__ import annotations

from pathlib import Path

import click

from townlet.cli.options import debug_option, json_option
from townlet.cli.output import as_typed, emit, emit_json

__all__ = ["command"]


@click.command("export", epilog="Example:  townlet export runs/first/checkpoints/best --format onnx --out model.onnx")
@click.argument("checkpoint", type=click.Path(path_type=Path))
@click.option(
    "--format", "form", default="onnx", show_default=True, metavar="FORMAT", help="Format to write: onnx or mlp."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    metavar="FILE",
    help="File, or with mlp folder, to write (default: model.FORMAT).",
)
@json_option
@debug_option
def command(checkpoint: Path, form: str, out: Path | None, as_json: bool) -> None:
    """Export the policy of the folder CHECKPOINT; the observation spec goes into the file.

    With --format mlp a small network that sees no map becomes a checkpoint that core and the scripted backend can play.

    JSON keys: schema_version, file, format, checkpoint, backend, fingerprint.
    """
    from townlet.checkpoints import read_checkpoint
    from townlet.checkpoints.exporting import export_checkpoint, playing_backend
    from townlet.errors import UsageError
    from townlet.plugins.choosing import installed
    from townlet.plugins.exporting import export_policy
    from townlet.registry.demands import run_config

    found = read_checkpoint(checkpoint)
    target = out or Path(f"model.{form}")
    if not target.absolute().parent.is_dir():
        raise UsageError(f"{target.parent} is not a folder", details=("create it first, or name another file",))
    backend = str(found.manifest.backend)
    spec = found.manifest.spec()
    row = playing_backend(form)
    if row is None:
        export_policy(backend, spec=spec, checkpoint=found.path, format=form, target=target)
    else:
        export_checkpoint(found, row, target)
    if as_json:
        emit_json(
            {
                "schema_version": 1,
                "file": str(target),
                "format": form,
                "checkpoint": str(checkpoint),
                "backend": backend,
                "fingerprint": spec.fingerprint(),
            }
        )
        return
    size = sum(file.stat().st_size for file in (target.iterdir() if row is not None else [target]))
    emit(f"wrote {target} ({size / 1024:.0f} KiB)")
    if row is not None or form == "onnx":
        mind, own = as_typed(f"{form}:{target}"), run_config(checkpoint)
        line = f"townlet run --backend {mind}" if own is None else f"townlet run {as_typed(own)} --backend {mind}"
        emit(f"run it without a training framework:\n  {line}")
        if installed(form) is None:
            emit("that needs the backend 'onnx', which is not installed here: see docs/examples/townlet-backend-onnx")
