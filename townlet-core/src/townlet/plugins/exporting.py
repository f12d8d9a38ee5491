"""Asks a backend to write a policy in a format that others read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from townlet.api import ExportRequest, ObservationSpec
from townlet.errors import BackendError, UsageError
from townlet.plugins import messages
from townlet.plugins.choosing import choose
from townlet.plugins.loading import call_hook, load_backend, options_model
from townlet.plugins.options import Where, build_options, place
from townlet.plugins.provenance import Provenance, provenance
from townlet.plugins.rows import BackendRow
from townlet.plugins.selection import Selection

__all__ = ["export_policy"]

_NOTHING: Mapping[str, object] = {}


def export_policy(
    name: str,
    *,
    spec: ObservationSpec,
    checkpoint: Path,
    format: str,
    target: Path,
    options: Mapping[str, object] = _NOTHING,
    where: Where = None,
    selection: Selection | None = None,
) -> Provenance:
    """Write the policy of a verified checkpoint to ``target``; returns the provenance of the backend that did.

    Args:
        name: the backend that wrote the checkpoint.
        spec: the observations that the policy was made for.
        checkpoint: folder of the checkpoint.
        format: such as ``"onnx"``.
        target: file to write; its folder exists, it does not.
        options: ``policy.options``.
        where: as in ``resolve_policy``.
        selection: as in ``resolve_policy``.

    Raises:
        UsageError: if the file exists, or the backend does not export this format.
        BackendError, ConfigError: as ``resolve_policy``.
    """
    at = place(where, "policy.backend")
    if target.exists():
        raise UsageError(f"{target} exists already", details=("name another file, or remove it first",))
    row = choose(name, at, selection)
    if row is None or f"export.{format}" not in _capabilities(row):
        raise _cannot_export(name, row, format)
    loaded = load_backend(row)
    if "townlet_export_policy" not in loaded.provides:
        raise messages.load_failed(row, f"it declares export.{format} but has no townlet_export_policy", (), None)
    model = build_options(row.name, options_model(loaded), options, where)
    request = ExportRequest(
        backend=row.name, spec=spec, checkpoint=checkpoint, format=format, target=target, options=model
    )
    written = call_hook(row, lambda: loaded.hooks.townlet_export_policy(request=request), "failed to export a policy")
    if written is None or not target.is_file():
        raise BackendError(f"policy backend {row.name!r} wrote no {target}", details=(messages.backend_line(row),))
    return provenance(name, row, model)


def _capabilities(row: BackendRow) -> tuple[str, ...]:
    return row.manifest.capabilities if row.manifest is not None else ()


def _cannot_export(name: str, row: BackendRow | None, format: str) -> UsageError:
    claimed = [c.removeprefix("export.") for c in (_capabilities(row) if row else ()) if c.startswith("export.")]
    return UsageError(
        f"policy backend {name!r} does not export {format!r}",
        details=(f"it exports: {', '.join(claimed) or 'nothing'}",),
    )
