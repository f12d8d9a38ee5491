"""Which backends the user allows: an allow list and deny lists, and where each was written."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from townlet.errors import ConfigError, UsageError
from townlet.plugins.known import known_backends
from townlet.plugins.names import canonical, split_qualified
from townlet.plugins.rows import BackendRow, State
from townlet.suggestions import nearest

__all__ = ["DISABLE", "DISABLE_FLAG", "ONLY", "Blocked", "Selection", "apply_selection"]

ONLY = "TOWNLET_ONLY_BACKENDS"
DISABLE = "TOWNLET_DISABLE_BACKENDS"
DISABLE_FLAG = "--disable-backend"


class Blocked(NamedTuple):
    """Why a backend is switched off: the list, and how it reads."""

    source: str
    text: str
    allow_list: bool


class Selection:
    """The lists in force. ``Selection()`` allows everything.

    A list's entries are names, aliases, distributions or ``distribution:name``.

    Args:
        only: the backends that may be used; None for all.
        disabled: backends that may not be used.
        only_source: where the allow list was written, such as an environment variable or ``town.yaml:3``.
        disabled_sources: where each entry of ``disabled`` was written, if not ``--disable-backend``.
    """

    __slots__ = ("disabled", "disabled_sources", "only", "only_source")

    def __init__(
        self,
        only: frozenset[str] | None = None,
        disabled: frozenset[str] = frozenset(),
        *,
        only_source: str = ONLY,
        disabled_sources: Mapping[str, str] | None = None,
    ) -> None:
        self.only = only
        self.disabled = disabled
        self.only_source = only_source
        self.disabled_sources = dict(disabled_sources or {})

    @classmethod
    def from_environment(cls, disable: Iterable[str] = ()) -> Selection:
        """The lists of the environment, read now, and what ``--disable-backend`` adds."""
        only = frozenset(_names(os.environ.get(ONLY, "")))
        disabled = dict.fromkeys(_names(os.environ.get(DISABLE, "")), DISABLE)
        for text in disable:
            disabled.update(dict.fromkeys(_names(text), DISABLE_FLAG))
        return cls(only or None, frozenset(disabled), disabled_sources=disabled)

    def source_of(self, entry: str) -> str:
        """Where an entry of the deny list was written."""
        return self.disabled_sources.get(entry, DISABLE_FLAG)

    def blocked(self, name: str, distribution: str, aliases: Iterable[str] = ()) -> Blocked | None:
        """Which list switches the backend off, or None if it may be used."""
        spellings = {name, canonical(distribution), f"{canonical(distribution)}:{name}", *aliases}
        for entry in sorted(self.disabled):
            if _spelling(entry) in spellings:
                return Blocked(self.source_of(entry), entry, allow_list=False)
        if self.only is not None and not any(_spelling(entry) in spellings for entry in self.only):
            return Blocked(self.only_source, ", ".join(sorted(self.only)), allow_list=True)
        return None

    def check(self, rows: Iterable[BackendRow]) -> None:
        """Refuse names that nobody knows: a misspelt entry would block nothing, and nobody would notice.

        Raises:
            ConfigError: naming the list and a near miss (UsageError for the command line's list).
        """
        known = _known_spellings(rows)
        entries = [(entry, self.source_of(entry)) for entry in sorted(self.disabled)]
        entries += [(entry, self.only_source) for entry in sorted(self.only or ())]
        for entry, source in entries:
            if _spelling(entry) not in known:
                kind = UsageError if source == DISABLE_FLAG else ConfigError
                raise kind(f"{source} names an unknown policy backend: {entry!r}", details=_hints(entry, known))

    def settings(self) -> dict[str, str]:
        """The lists in force, for a report: source to entries."""
        shown = {self.only_source: ", ".join(sorted(self.only))} if self.only is not None else {}
        for entry in sorted(self.disabled):
            source = self.source_of(entry)
            shown[source] = f"{shown[source]}, {entry}" if source in shown else entry
        return shown


def apply_selection(rows: Iterable[BackendRow], selection: Selection) -> tuple[BackendRow, ...]:
    """The rows, with those that a list switches off marked as blocked. They stay listed, with the reason."""
    marked = []
    for row in rows:
        block = None if row.refused else selection.blocked(row.name, row.distribution, row.aliases)
        if block is not None:
            what = f"not among {block.source} ({block.text})" if block.allow_list else f"switched off by {block.source}"
            row = row._replace(state=State.BLOCKED, why=what)
        marked.append(row)
    return tuple(marked)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.replace(",", " ").split()]


def _spelling(entry: str) -> str:
    distribution, name = split_qualified(entry)
    return f"{distribution}:{name}" if distribution else name


def _known_spellings(rows: Iterable[BackendRow]) -> set[str]:
    known = {"stub"}
    for backend in known_backends().values():
        known |= {backend.name, backend.distribution, f"{backend.distribution}:{backend.name}", *backend.aliases}
    for row in rows:
        distribution = canonical(row.distribution)
        known |= {row.name, distribution, f"{distribution}:{row.name}", *row.aliases}
    return known


def _hints(entry: str, known: set[str]) -> list[str]:
    miss = nearest(_spelling(entry), known)
    hints = [f"did you mean {miss!r}?"] if miss else []
    return [*hints, "see the names with:  townlet backends list"]
