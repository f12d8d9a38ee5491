"""Steps 1 to 6 of resolving a name: which backend is meant, and may and can it run. From metadata alone."""

from __future__ import annotations

from collections.abc import Sequence

from townlet.plugins import messages
from townlet.plugins.known import known_backends
from townlet.plugins.manifest import ManifestError, contract_fits
from townlet.plugins.names import canonical, near_miss, split_qualified
from townlet.plugins.rows import BackendRow
from townlet.plugins.scan import ALLOW_LOCAL, reserved, scan
from townlet.plugins.selection import Selection, apply_selection
from townlet.version import API_VERSION

__all__ = ["CORE", "STUB", "choose", "find"]

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


def find(name: str, rows: Sequence[BackendRow], lists: Selection, where: str | None = None) -> BackendRow:
    """The one row that ``name`` stands for and that the lists allow; its state may still be anything else.

    Raises:
        BackendError: blocked, not installed, or in conflict.
        ConfigError: a name that nobody has, near one that somebody has.
    """
    distribution, key = canonical_name(name, rows)
    candidates = [row for row in rows if row.name == key and distribution in (None, canonical(row.distribution))]
    known = known_backends().get(key)
    owners = {canonical(row.distribution) for row in candidates} or {
        distribution or (known.distribution if known else "")
    }
    for owner in sorted(owners):
        aliases = candidates[0].aliases if candidates else known.aliases if known else ()
        block = lists.blocked(key, owner, aliases)
        if block is not None and len(owners) == 1:
            raise messages.blocked(key, block, apply_selection(rows, lists), where)
        if block is not None:
            candidates = [row for row in candidates if canonical(row.distribution) != owner]
    accepted = [row for row in candidates if not row.refused]
    if len(accepted) > 1:
        raise messages.conflict(key, accepted, where)
    if accepted:
        return _unless_reserved(accepted[0], qualified=distribution is not None, where=where)
    if candidates:
        raise messages.local_refused(candidates[0], ALLOW_LOCAL, where)
    if known is None:
        miss = near_miss(key, _all_names(rows), cutoff=0.8)
        if miss is not None:
            raise messages.misspelt(name, miss, rows, where)
    raise messages.not_installed(name if distribution else key, known, apply_selection(rows, lists), where)


def canonical_name(name: str, rows: Sequence[BackendRow]) -> tuple[str | None, str]:
    """Distribution (or None) and canonical backend name that ``name`` stands for (step 1)."""
    distribution, key = split_qualified(name)
    mine = [row for row in rows if distribution in (None, canonical(row.distribution))]
    if any(row.name == key for row in mine) or key in known_backends():
        return distribution, key
    owner = reserved(key)
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


def _unless_reserved(row: BackendRow, *, qualified: bool, where: str | None) -> BackendRow:
    owner = reserved(row.name)
    if owner is not None and not qualified and canonical(row.distribution) != owner.distribution:
        raise messages.reserved_name(row, owner, where)
    return row


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
