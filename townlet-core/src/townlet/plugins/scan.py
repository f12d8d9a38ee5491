"""From metadata to the table of backends. Imports no backend, no numpy, no pydantic; a bad one makes a row."""

from __future__ import annotations

import functools
import os
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from townlet.plugins.known import KnownBackend, known_backends
from townlet.plugins.manifest import Manifest, ManifestError, contract_fits, read_backend_manifest
from townlet.plugins.metadata import BACKENDS, MANIFESTS, Declaration, forget, read_metadata
from townlet.plugins.names import canonical
from townlet.plugins.requirements import Requirement, check_requirement
from townlet.plugins.rows import BackendRow, State
from townlet.version import API_VERSION

__all__ = ["ALLOW_LOCAL", "Scan", "kept_for", "local_allowed", "refresh", "scan", "scan_all", "uncontested"]

ALLOW_LOCAL = "TOWNLET_ALLOW_LOCAL_BACKENDS"
"""Environment variable: ``1`` accepts backends whose metadata lies in the current directory."""


class Scan(NamedTuple):
    """The table, and what else was noticed.

    Attributes:
        rows: one for each backend of each distribution, by name.
        warnings: oddities that belong to no row.
    """

    rows: tuple[BackendRow, ...]
    warnings: tuple[str, ...]


def scan() -> tuple[BackendRow, ...]:
    """All backends that are installed, by name, from metadata alone; read once per process (see :func:`refresh`)."""
    return scan_all().rows


def scan_all() -> Scan:
    """As :func:`scan`, with the warnings."""
    return _scan(local_allowed())


def refresh() -> None:
    """Forget the scan: something was installed or removed, or ``sys.path`` changed."""
    forget()
    _scan.cache_clear()


def local_allowed() -> bool:
    """Whether backends whose metadata lies in the current directory are accepted; read at call time."""
    return os.environ.get(ALLOW_LOCAL, "").strip().lower() in ("1", "true", "yes")


def kept_for(name: str) -> KnownBackend | None:
    """The first-party backend for which a name or alias is kept, or None."""
    for known in known_backends().values():
        if name == known.name or name in known.aliases:
            return known
    return None


@functools.cache
def _scan(allow_local: bool) -> Scan:
    metadata = read_metadata(allow_local)
    manifests = {_key(d): d for d in metadata.declarations if d.group == MANIFESTS}
    backends = [d for d in metadata.declarations if d.group == BACKENDS]
    rows = [_row(d, manifests.pop(_key(d), None), allow_local) for d in backends]
    orphans = [
        f"{d.distribution.name} declares a manifest for {d.name!r} but no backend of that name"
        for d in manifests.values()
    ]
    damaged = [f"unreadable metadata in {text}" for text in metadata.damaged]
    names = {row.name for row in rows if not row.refused}
    marked = [_drop_aliases(row, names) for row in _mark_conflicts(rows)]
    marked.sort(key=lambda row: (row.name, canonical(row.distribution)))
    return Scan(tuple(marked), (*damaged, *orphans))


def _key(declaration: Declaration) -> tuple[str, str, bool]:
    distribution = declaration.distribution
    return canonical(distribution.name), canonical(declaration.name), distribution.local


def _row(declaration: Declaration, manifest_declaration: Declaration | None, allow_local: bool) -> BackendRow:
    name = canonical(declaration.name)
    warnings = _duplicate_warnings(declaration)
    if declaration.distribution.local and not allow_local:
        why = f"its metadata lies in the current directory; {ALLOW_LOCAL}=1 accepts it"
        return BackendRow(name, State.BLOCKED, why, declaration, warnings=warnings)
    if manifest_declaration is None:
        return BackendRow(name, State.PRESENT, "", declaration, warnings=(*warnings, "it has no manifest"))
    try:
        manifest = read_backend_manifest(manifest_declaration.value, expected_name=declaration.name)
    except ManifestError as error:
        fault = str(error)
        return BackendRow(name, State.BROKEN, f"manifest: {fault}", declaration, fault=fault, warnings=warnings)
    requirements = tuple(check_requirement(text) for text in manifest.requires)
    state, why = _judge(manifest, requirements)
    notes = tuple(f"manifest: {note}" for note in manifest.notes)
    return BackendRow(
        name, state, why, declaration, manifest, manifest.aliases, requirements, warnings=(*warnings, *notes)
    )


def _judge(manifest: Manifest, requirements: Iterable[Requirement]) -> tuple[State, str]:
    if not contract_fits(manifest.api, API_VERSION):
        return State.INCOMPATIBLE, f"it serves contract {manifest.api}, this core speaks {API_VERSION}"
    lacking = [_lack(requirement) for requirement in requirements if not requirement.fits]
    return (State.DECLARED, "; ".join(lacking)) if lacking else (State.PRESENT, "")


def uncontested(row: BackendRow) -> BackendRow:
    """The row as it would be if nobody else claimed its name: what ``distribution:name`` selects."""
    if row.state is not State.CONFLICTING:
        return row
    if row.fault is not None:
        return row._replace(state=State.BROKEN, why=f"manifest: {row.fault}")
    state, why = _judge(row.manifest, row.requirements) if row.manifest else (State.PRESENT, "")
    return row._replace(state=state, why=why)


def _lack(requirement: Requirement) -> str:
    if requirement.problem:
        return requirement.problem
    if requirement.found is None:
        return f"{requirement.text} is not installed"
    return f"{requirement.text} is required, {requirement.found} is installed"


def _duplicate_warnings(declaration: Declaration) -> tuple[str, ...]:
    name = declaration.distribution.name
    return (
        *(f"{name} is installed twice; also in {place}" for place in declaration.repeats),
        *(f"{name} has stale metadata: {text}" for text in declaration.stale),
    )


def _mark_conflicts(rows: Iterable[BackendRow]) -> list[BackendRow]:
    """Rows that share a name, or take one that is kept for a first-party backend, are in conflict."""
    rows = list(rows)
    claims: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if not row.refused:
            claims[row.name].add(row.distribution)
    return [row if row.refused else _mark_conflict(row, claims[row.name]) for row in rows]


def _mark_conflict(row: BackendRow, claimants: set[str]) -> BackendRow:
    others = sorted(claimants - {row.distribution})
    owner = kept_for(row.name)
    if others:
        why = f"{', '.join(others)} claims the name too; say {row.qualified!r}"
    elif owner is not None and canonical(row.distribution) != owner.distribution:
        why = f"the name is reserved for {owner.distribution}; say {row.qualified!r}"
    else:
        return row
    return row._replace(state=State.CONFLICTING, why=why)


def _drop_aliases(row: BackendRow, names: set[str]) -> BackendRow:
    """Without the aliases that are kept for a first-party backend, or are the name of another backend."""
    kept, warnings = [], list(row.warnings)
    for alias in row.aliases:
        owner = kept_for(alias)
        if owner is not None and owner.distribution != canonical(row.distribution):
            warnings.append(f"its alias {alias!r} is ignored: it is reserved for {owner.name!r}")
        elif alias in names and alias != row.name:
            warnings.append(f"its alias {alias!r} is ignored: a backend has that name")
        else:
            kept.append(alias)
    return row._replace(aliases=tuple(kept), warnings=tuple(warnings))
