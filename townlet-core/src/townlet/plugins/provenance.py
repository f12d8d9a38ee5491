"""Where a policy came from: what every record, dataset and JSON output says about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Self

import townlet
from townlet.errors import ContractError
from townlet.plugins.rows import BackendRow
from townlet.version import API_VERSION

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["UNTRAINED", "Provenance", "provenance", "recorded_words", "stub_provenance"]

CAST = "cast"
"""``active`` where several minds play one town."""

UNTRAINED = "untrained: no checkpoint was named, so its weights are random"
"""``reason`` of a learner's mind that was let act without a checkpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a policy came from. :meth:`to_json` leaves out what does not apply.

    Attributes:
        requested: the name that was asked for.
        active: canonical name of what acts: a backend, ``stub``, ``mixture``, or ``cast`` for several minds.
        reason: why something else acts than was requested; None where it does not.
        distribution: the backend's distribution; its version is ``version``.
        entry_point: what was imported.
        manifest_digest: SHA-256 (hex) of the backend's manifest.
        editable: whether the distribution is an editable install; None if its metadata does not say.
        contract: version of the contract of this core.
        requires: required distribution to installed version.
        options: all options in force, defaults included; None where the backend takes none.
        fingerprint: the policy's own identity; of a cast, a digest of who plays whom.
        checkpoint: where its checkpoint lay when it was chosen; ``checkpoint_digest`` names its bytes.
        release: whether that checkpoint was chosen as the release.
        error: class of the error for which the stub stands in; ``details`` are its further lines.
        ratio: of a mixture, the learner's share; ``teacher`` and ``learner`` are its two sides.
        patience: of a slow mind, how it is asked; ``fallback`` is who acts where it has no plan.
        minds: of a cast, its minds in order.
        who: of a mind in a cast, whom it plays: names, a share, or ``*`` for the rest.
        agents: of a mind in a cast, the agents that it plays; empty where that differs from town to town.
        possessed: agents in the hands of a person.
        warnings: what to know about it, such as a checkpoint that was taught in another town.
    """

    requested: str
    active: str
    reason: str | None = None
    distribution: str | None = None
    version: str | None = None
    entry_point: str | None = None
    manifest_digest: str | None = None
    editable: bool | None = None
    contract: int | None = None
    requires: Mapping[str, str | None] = field(default_factory=dict)
    options: Mapping[str, Any] | None = None
    fingerprint: str | None = None
    checkpoint: str | None = None
    checkpoint_digest: str | None = None
    release: bool | None = None
    error: str | None = None
    details: tuple[str, ...] = ()
    ratio: float | None = None
    teacher: Provenance | None = None
    learner: Provenance | None = None
    patience: Mapping[str, Any] | None = None
    fallback: Provenance | None = None
    minds: tuple[Provenance, ...] = ()
    who: str | None = None
    agents: tuple[str, ...] = ()
    possessed: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def is_fallback(self) -> bool:
        """Whether the stub stands in here for something that cannot run."""
        return (self.active == "stub" and self.reason is not None) or any(m.is_fallback for m in self.minds)

    def words(self) -> str:
        """Who plays, for a line of output: ``scripted``, or ``alice by pytorch, the rest by scripted``.

        What stands in for something else, or has learned nothing, is called so.
        """
        if not self.minds and self.is_fallback:
            told = f"the stub instead of {self.requested}"
        elif not self.minds:
            told = self.active if self.active in ("stub", "mixture") else self.requested
            told = f"{told} (untrained)" if self.reason == UNTRAINED else told
        else:
            parts = [(m.who or "", m.words()) for m in self.minds]
            told = ", ".join(f"{'the rest' if who == '*' else who} by {mind}" for who, mind in parts)
        return f"{told}, {' and '.join(self.possessed)} possessed" if self.possessed else told

    def to_json(self) -> dict[str, Any]:
        """JSON-ready; :meth:`from_json` reads it back."""
        found: dict[str, Any] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if each.name not in _ALWAYS and (value is None or value == ()):
                continue
            if isinstance(value, Provenance):
                value = value.to_json()
            elif isinstance(value, tuple):
                value = [item.to_json() if isinstance(item, Provenance) else item for item in value]
            elif isinstance(value, Mapping):
                value = dict(value)
            found[each.name] = value
        return found

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_json` wrote. Raises ContractError for anything else."""
        known = {each.name for each in fields(cls)}
        try:
            values = dict(data)
            if unknown := sorted(set(values) - known):
                raise ContractError(f"not a provenance of this version: it does not know {unknown[0]!r:.80}")
            for name in ("teacher", "learner", "fallback"):
                if values.get(name) is not None:
                    values[name] = cls.from_json(values[name])
            values["minds"] = tuple(cls.from_json(mind) for mind in values.get("minds", ()))
            for name in ("details", "agents", "possessed", "warnings"):
                values[name] = tuple(values.get(name, ()))
            return cls(**values)
        except (TypeError, ValueError, AttributeError, RecursionError) as error:
            raise ContractError(f"not a provenance: {error}") from error

    def with_fingerprint(self, fingerprint: str) -> Self:
        """The same of a policy that says it is ``fingerprint`` now."""
        return replace(self, fingerprint=fingerprint)


_ALWAYS = frozenset(
    (
        *("requested", "active", "reason", "distribution", "version", "entry_point", "manifest_digest", "editable"),
        *("contract", "requires", "options"),
    )
)
"""Keys that are there even where they say nothing."""


def recorded_words(policy: Mapping[str, Any]) -> str:
    """Who played, as a manifest or a row of the registry says it; of what cannot be read, what it calls ``active``."""
    try:
        return str(Provenance.from_json(policy).words())
    except (ContractError, TypeError, AttributeError):
        return str(policy.get("active", "unknown"))


def provenance(requested: str, row: BackendRow, options: BaseModel | None) -> Provenance:
    """The facts of a backend that was loaded."""
    return Provenance(
        requested=requested,
        active=row.name,
        distribution=row.distribution,
        version=row.version,
        entry_point=row.declaration.value,
        manifest_digest=row.manifest.digest if row.manifest else None,
        editable=row.declaration.distribution.editable,
        contract=API_VERSION,
        requires={requirement.name: requirement.found for requirement in row.requirements},
        options=options.model_dump(mode="json") if options is not None else None,
    )


def stub_provenance(requested: str, reason: str | None = None) -> Provenance:
    """The same facts of core's own stub; ``reason`` says why it stands in for something else, if it does."""
    return Provenance(
        requested=requested,
        active="stub",
        reason=reason,
        distribution="townlet-core",
        version=townlet.__version__,
        entry_point="townlet.plugins.stub:StubPolicy",
        contract=API_VERSION,
    )
