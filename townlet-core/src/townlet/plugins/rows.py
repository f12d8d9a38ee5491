"""The table of backends: what each is, in which state, and why."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from townlet.plugins.manifest import Manifest
from townlet.plugins.metadata import Declaration
from townlet.plugins.requirements import Requirement

__all__ = ["BackendRow", "State"]


class State(StrEnum):
    """What is known of a backend. All but READY can be told from metadata alone."""

    DECLARED = "declared"
    """It is installed, but something that it requires is not."""
    PRESENT = "present"
    """It and what it requires are installed, in versions that fit."""
    INCOMPATIBLE = "incompatible"
    """It serves other versions of the contract."""
    BLOCKED = "blocked"
    """The user switched it off, or it lies in the current directory."""
    CONFLICTING = "conflicting"
    """Another distribution claims its name."""
    BROKEN = "broken"
    """Its manifest cannot be read, or a probe failed."""
    READY = "ready"
    """It was probed: it loads, creates a policy and decides; one that acts from checkpoints alone loads."""


class BackendRow(NamedTuple):
    """One backend of one distribution.

    Attributes:
        name: canonical name.
        state: from metadata alone, unless a probe says more.
        why: why the state is not ``present``, and what to do; empty otherwise.
        declaration: the entry point and its distribution.
        manifest: what the backend says of itself, or None without a readable manifest.
        aliases: other names that select it, without those that belong to another backend.
        requirements: what it requires, and what was found of that.
        fault: what is wrong with the manifest, or None.
        warnings: what the doctor should mention.
    """

    name: str
    state: State
    why: str
    declaration: Declaration
    manifest: Manifest | None = None
    aliases: tuple[str, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    fault: str | None = None
    warnings: tuple[str, ...] = ()

    @property
    def distribution(self) -> str:
        """The distribution's name, as its author writes it."""
        return self.declaration.distribution.name

    @property
    def version(self) -> str:
        """The distribution's version."""
        return self.declaration.distribution.version

    @property
    def contract(self) -> str:
        """Versions of the contract it serves; empty if it does not say."""
        return self.manifest.api if self.manifest else ""

    @property
    def qualified(self) -> str:
        """``distribution:name``, which selects it where the name alone does not."""
        return f"{self.distribution}:{self.name}"

    @property
    def refused(self) -> bool:
        """Whether it lies in the current directory and that is not allowed."""
        return self.state is State.BLOCKED and self.declaration.distribution.local
