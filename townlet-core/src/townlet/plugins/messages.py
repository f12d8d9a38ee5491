"""Every error of choosing and loading a backend, in one place: what is wrong, what was found, what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from townlet.errors import (
    BackendBlockedError,
    BackendConflictError,
    BackendDependencyError,
    BackendIncompatibleError,
    BackendLoadError,
    BackendNotInstalledError,
    ConfigError,
    TorchNotAvailableError,
)
from townlet.plugins.known import KnownBackend, backend_title
from townlet.plugins.names import canonical
from townlet.plugins.requirements import Requirement
from townlet.plugins.rows import BackendRow, State
from townlet.plugins.selection import Blocked
from townlet.version import API_VERSION

__all__ = [
    "blocked",
    "broken_manifest",
    "broken_requirement",
    "cannot_learn",
    "conflict",
    "doctor_line",
    "incompatible",
    "lacking_requirement",
    "load_failed",
    "local_refused",
    "misspelt",
    "not_installed",
    "reserved_name",
]


def doctor_line(row: BackendRow) -> str:
    """Where to look next."""
    return f"next:  townlet backends doctor {row.name}"


def backend_line(row: BackendRow) -> str:
    """Which distribution it is."""
    return f"backend: {row.distribution} {row.version}"


def misspelt(name: str, miss: str, rows: Iterable[BackendRow], where: str | None) -> ConfigError:
    """A name that nobody has, near one that somebody has."""
    return ConfigError(
        f"there is no policy backend {name!r}",
        where=where,
        details=(f"did you mean {miss!r}?", f"installed backends: {_installed(rows)}"),
    )


def not_installed(
    name: str, known: KnownBackend | None, rows: Sequence[BackendRow], where: str | None
) -> BackendNotInstalledError:
    """Nothing that is installed declares the name."""
    details = [f"installed backends: {_installed(rows)}"]
    if known is not None:
        details.append(f"install it with:  pip install {known.distribution}")
    else:
        details.append("install the distribution that provides it, or correct the name")
    usable = _usable(rows)
    details.append(f"or run without it: set policy.backend to {usable!r}")
    return BackendNotInstalledError(f"policy backend {name!r} is not installed", where=where, details=details)


def blocked(row_name: str, block: Blocked, rows: Iterable[BackendRow], where: str | None) -> BackendBlockedError:
    """A list of the user's switches it off."""
    others = [row.name for row in rows if row.state is State.PRESENT and row.name != row_name]
    if block.allow_list:
        summary = f"policy backend {row_name!r} is blocked: it is not among {block.source}"
        way_out = f"add it to {block.source}"
    else:
        summary = f"policy backend {row_name!r} is blocked by {block.source}"
        way_out = f"remove it from {block.source}"
    return BackendBlockedError(
        summary,
        where=where,
        details=(
            f"{block.source}: {block.text}",
            f"{way_out}, or choose another: {', '.join(sorted(set(others))) or 'stub'}",
        ),
    )


def local_refused(row: BackendRow, allow: str, where: str | None) -> BackendBlockedError:
    """It lies in the current directory, where Python looks when it runs a module."""
    return BackendBlockedError(
        f"policy backend {row.name!r} is refused: its metadata lies in the current directory",
        where=where,
        details=(
            f"found: {row.distribution} {row.version} in {row.declaration.distribution.location}",
            f"if you trust it:  {allow}=1",
            "or start townlet from another directory, or install the distribution",
        ),
    )


def conflict(name: str, claims: Sequence[BackendRow], where: str | None) -> BackendConflictError:
    """Several distributions claim the name."""
    return BackendConflictError(
        f"policy backend {name!r} is claimed by {len(claims)} distributions",
        where=where,
        details=(
            *(f"{row.distribution} {row.version}: say {row.qualified!r}" for row in claims),
            f"or uninstall one of them:  pip uninstall {claims[-1].distribution}",
        ),
    )


def reserved_name(row: BackendRow, owner: KnownBackend, where: str | None) -> BackendConflictError:
    """Another distribution claims a first-party name."""
    return BackendConflictError(
        f"policy backend {row.name!r} is claimed by {row.distribution}, "
        f"but the name is reserved for {owner.distribution}",
        where=where,
        details=(
            f"install that one:  pip install {owner.distribution}",
            f"or, to use {row.distribution} {row.version}: set policy.backend to {row.qualified!r}",
        ),
    )


def broken_manifest(row: BackendRow, where: str | None) -> BackendLoadError:
    """Its manifest cannot be read."""
    return BackendLoadError(
        f"policy backend {row.name!r} has a broken manifest: {row.fault}",
        where=where,
        details=(
            backend_line(row),
            f"reinstall it, or tell its authors:  pip install --force-reinstall {row.distribution}",
            doctor_line(row),
        ),
    )


def incompatible(row: BackendRow, where: str | None) -> BackendIncompatibleError:
    """It serves other versions of the contract than this core speaks."""
    newer = _needs_newer_core(row.contract)
    if newer:
        ways = (
            "use a newer core:  pip install --upgrade townlet-core",
            f'or an older backend:  pip install "{row.distribution}<{row.version}"',
        )
    else:
        ways = (
            f"use a newer backend:  pip install --upgrade {row.distribution}",
            f"or an older core, one that speaks contract {row.contract}",
        )
    return BackendIncompatibleError(
        f"policy backend {row.name!r} serves contract {row.contract}, "
        f"but this townlet-core speaks contract {API_VERSION}",
        where=where,
        details=(backend_line(row), *ways),
    )


def lacking_requirement(row: BackendRow, requirement: Requirement, where: str | None) -> BackendDependencyError:
    """A distribution that it requires is not installed, or not in a version that fits."""
    named = backend_title(canonical(requirement.name))
    if requirement.problem:
        return BackendDependencyError(
            f"policy backend {row.name!r} cannot start: {requirement.problem}",
            where=where,
            details=(backend_line(row), "its manifest or that metadata is wrong: tell its authors", doctor_line(row)),
        )
    if requirement.found is None:
        what = f"{named} ({requirement.text})" if named else requirement.text
        summary = f"policy backend {row.name!r} cannot start: {what} is not installed"
        way = f'install it with:  pip install "{requirement.text}"'
    else:
        summary = (
            f"policy backend {row.name!r} cannot start: {named or requirement.name} {requirement.found} is installed, "
            f"but {requirement.text} is required"
        )
        way = f'change it with:  pip install --upgrade "{requirement.text}"'
    return _dependency_error(requirement.name)(summary, where=where, details=(backend_line(row), way))


def broken_requirement(
    row: BackendRow, distribution: str, version: str | None, state: str, reason: str
) -> BackendDependencyError:
    """A distribution that it requires is installed, but does not work."""
    found = f"{distribution} {version}" if version else distribution
    return _dependency_error(distribution)(
        f"policy backend {row.name!r} failed to load: {found} is installed but {state}",
        details=(reason, f"failing package: {distribution} (not {row.distribution})", doctor_line(row)),
    )


def load_failed(
    row: BackendRow, what: str, reasons: Iterable[str], where: str | None, *, phase: str = "failed to load"
) -> BackendLoadError:
    """The plugin itself is at fault."""
    issues = dict(row.manifest.links).get("issues") if row.manifest else None
    report = [f"report it to:  {issues}"] if issues else []
    return BackendLoadError(
        f"policy backend {row.name!r} {phase}: {what}",
        where=where,
        details=(*reasons, f"failing package: {row.distribution} {row.version}", *report, doctor_line(row)),
    )


def cannot_learn(name: str, rows: Iterable[BackendRow], where: str | None) -> BackendLoadError:
    """The backend acts, but has no learner."""
    learners = sorted(
        row.name for row in rows if row.manifest and any(c.startswith("learn.") for c in row.manifest.capabilities)
    )
    return BackendLoadError(
        f"policy backend {name!r} cannot learn: it has no learner",
        where=where,
        details=(f"backends that learn: {', '.join(learners) or 'none is installed'}",),
    )


def _dependency_error(distribution: str) -> type[BackendDependencyError]:
    return TorchNotAvailableError if canonical(distribution) == "torch" else BackendDependencyError


def _installed(rows: Iterable[BackendRow]) -> str:
    return ", ".join(sorted({row.name for row in rows if not row.refused})) or "none"


def _usable(rows: Iterable[BackendRow]) -> str:
    """The backend to suggest instead: the default one, else any that is present, else the stub."""
    present = sorted({row.name for row in rows if row.state is State.PRESENT})
    return "scripted" if "scripted" in present else (present or ["stub"])[0]


def _needs_newer_core(api: str) -> bool:
    from townlet.plugins.manifest import contract_fits

    return any(contract_fits(api, version) for version in range(API_VERSION + 1, API_VERSION + 100))
