"""Slow minds among the minds of a cast: which are, how they are asked, and what they were asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from pydantic import ValidationError

from townlet.config.patience import PatienceConfig
from townlet.errors import ConfigError, ContractError
from townlet.minds.ledger import Ledger
from townlet.play.mind_spec import MindSpec
from townlet.plugins.choosing import installed

__all__ = ["MindLedger", "changed_patience", "is_slow", "patience_of"]


@dataclass(frozen=True, slots=True)
class MindLedger:
    """The account of one slow mind of a cast.

    Attributes:
        who: whom it plays.
        mind: its name, as it was asked for.
        ledger: what it was asked and what it took.
    """

    who: str
    mind: str
    ledger: Ledger

    def to_json(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"who": self.who, "mind": self.mind, **self.ledger.to_json()}

    def words(self) -> str:
        """In a line."""
        return f"{self.mind}: {self.ledger.words()}"

    @classmethod
    def joined(cls, parts: Sequence[Sequence[Self]]) -> tuple[Self, ...]:
        """Of the parts of a job, in which the same minds play."""
        return tuple(
            replace(same[0], ledger=sum((one.ledger for one in same[1:]), same[0].ledger))
            for same in zip(*parts, strict=True)
        )


def is_slow(backend: str) -> bool:
    """Whether an installed backend says that its minds are slow; a backend that is not installed says nothing."""
    row = installed(backend)
    return row is not None and row.manifest is not None and "slow" in row.manifest.capabilities


def changed_patience(base: PatienceConfig, changes: Mapping[str, Any], where: str | None) -> PatienceConfig:
    """``base`` with some values changed. Raises ConfigError for an invalid key or value."""
    try:
        return PatienceConfig.model_validate({**base.model_dump(), **changes})
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigError(
            f"patience.{key}: {first['msg']}", where=where, details=(f"found {first['input']!r}",)
        ) from None


def patience_of(mind: MindSpec) -> tuple[PatienceConfig, MindSpec]:
    """How a slow mind is asked and who stands in; the defaults where its spec does not say.

    Raises:
        ContractError: if the spec says something else.
    """
    if mind.patience is None or mind.fallback is None:
        settings = PatienceConfig()
        return settings, MindSpec(requested=settings.fallback, backend=settings.fallback)
    try:
        return PatienceConfig.model_validate(dict(mind.patience)), mind.fallback
    except ValidationError as error:
        raise ContractError(f"not the patience of a mind: {error}") from error
