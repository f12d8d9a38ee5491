"""Steps 1 to 6 of resolving a name: which backend is meant, and may and can it run. From metadata alone."""

from __future__ import annotations

from collections.abc import Sequence

from townlet.errors import BackendError, ConfigError
from townlet.plugins import messages
from townlet.plugins.known import known_backends
from townlet.plugins.manifest import ManifestError, contract_fits
from townlet.plugins.names import canonical, split_qualified
from townlet.plugins.rows import BackendRow
from townlet.plugins.scan import ALLOW_LOCAL, kept_for, scan
from townlet.plugins.selection import Selection, apply_selection
from townlet.suggestions import nearest
from townlet.version import API_VERSION

__all__ = ["CORE", "STUB", "choose", "find", "installed"]

STUB = "stub"
"""The name of the policy that core itself holds."""

CORE = "townlet-core"


def choose(
    name: str, where: str | None = None, selection: Selection | None = None, *, requirements: bool = True
) -> BackendRow | None:
    """The backend that ``name`` stands for, or None for the stub. The first failing step decides the error.

    Args:
        name: a backend's name or alias, its distribution, or ``distribution:name``.
        where: the place of the name, for messages.
        selection: the lists in force; None reads those of the environment now.
        requirements: whether what the backend requires must be present.

    Raises:
        ConfigError: a misspelt name, or an unknown entry in a list.
        BackendError: blocked, not installed, in conflict, incompatible, or lacking what it requires.
    """
    lists = Selection.from_environment() if selection is None else selection
    rows = scan()
    lists.check(rows)
    if split_qualified(name) in ((None, STUB), (CORE, STUB)):  # steps 1 to 3
        block = lists.blocked(STUB, CORE)
        if block is not None and not block.allow_list:  # an allow list never takes away the fallback
            raise messages.blocked(STUB, block, apply_selection(rows, lists), where)
        return None
    row = find(name, rows, lists, where)  # steps 1 to 4
    _check_contract(row, where)  # step 5
    if requirements:
        for requirement in row.requirements:  # step 6
            if not requirement.fits:
                raise messages.lacking_requirement(row, requirement, where)
    return row


def installed(name: str) -> BackendRow | None:
    """The installed backend that ``name`` stands for in any spelling, whatever its state; None if there is none."""
    try:
        return find(name, scan(), Selection())
    except (BackendError, ConfigError):
        return None


def find(name: str, rows: Sequence[BackendRow], lists: Selection, where: str | None = None) -> BackendRow:
    """The one row that ``name`` stands for and that the lists allow; its state may still be anything else.

    Raises:
        BackendError: blocked, not installed, or in conflict.
        ConfigError: a name that nobody has, near one that somebody has.
    """
    distribution, key = canonical_name(name, rows)
    mine = [row for row in rows if distribution in (None, canonical(row.distribution))]
    candidates = [row for row in mine if row.name == key] or [row for row in mine if key in row.aliases]
    if not candidates:
        raise _nobody(name, distribution, key, rows, lists, where)
    blocks = [lists.blocked(row.name, row.distribution, row.aliases) for row in candidates]
    allowed = [row for row, block in zip(candidates, blocks, strict=True) if block is None]
    if not allowed and blocks[0] is not None:
        raise messages.blocked(candidates[0].name, blocks[0], apply_selection(rows, lists), where)
    accepted = [row for row in allowed if not row.refused]
    if not accepted:
        raise messages.local_refused(allowed[0], ALLOW_LOCAL, where)
    if len(accepted) > 1:
        raise messages.conflict(key, accepted, where)
    owner = kept_for(accepted[0].name)
    if owner is not None and distribution is None and canonical(accepted[0].distribution) != owner.distribution:
        raise messages.reserved_name(accepted[0], owner, where)
    return accepted[0]


def _nobody(
    name: str,
    distribution: str | None,
    key: str,
    rows: Sequence[BackendRow],
    lists: Selection,
    where: str | None,
) -> BackendError | ConfigError:
    """The error for a name that nothing installed declares: blocked anyway, misspelt, or not installed."""
    known = known_backends().get(key)
    shown = apply_selection(rows, lists)
    if known is not None:
        block = lists.blocked(key, distribution or known.distribution, known.aliases)
        if block is not None:
            return messages.blocked(key, block, shown, where)
    elif distribution is None:
        miss = nearest(key, _all_names(rows), cutoff=0.8)
        if miss is not None:
            return messages.misspelt(name, miss, rows, where)
    return messages.not_installed(name if distribution else key, known, shown, where)


def canonical_name(name: str, rows: Sequence[BackendRow]) -> tuple[str | None, str]:
    """Distribution (or None) and canonical backend name that ``name`` stands for (step 1)."""
    distribution, key = split_qualified(name)
    mine = [row for row in rows if distribution in (None, canonical(row.distribution))]
    if any(row.name == key for row in mine) or key in known_backends():
        return distribution, key
    owner = kept_for(key)
    if owner is not None:
        return distribution, owner.name
    meant = sorted({row.name for row in mine if key in row.aliases})
    if len(meant) == 1:
        return distribution, meant[0]
    if distribution is None:
        owned = sorted({row.name for row in rows if canonical(row.distribution) == key})
        if len(owned) == 1:
            return key, owned[0]
        for known in known_backends().values():
            if known.distribution == key:
                return key, known.name
    return distribution, key


def _check_contract(row: BackendRow, where: str | None) -> None:
    if row.fault is not None:
        raise messages.broken_manifest(row, where)
    try:
        fits = row.manifest is None or contract_fits(row.manifest.api, API_VERSION)
    except ManifestError:  # the scan refused such a manifest
        fits = False
    if not fits:
        raise messages.incompatible(row, where)


def _all_names(rows: Sequence[BackendRow]) -> set[str]:
    names = {STUB, *known_backends()}
    for known in known_backends().values():
        names.update(known.aliases)
    for row in rows:
        names.update((row.name, *row.aliases))
    return names
