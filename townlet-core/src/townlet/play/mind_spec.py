"""``MindSpec``: a mind as a value that can travel, with nothing live in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from townlet.errors import ContractError
from townlet.play.stored import Stored

__all__ = ["LEARNER", "MindSpec"]

LEARNER = "learner"
"""The backend of the mind that is being taught; only training can open it."""

_MIXTURE = "mixture"


@dataclass(frozen=True, slots=True, kw_only=True)
class MindSpec:
    """Which mind: a backend, its options, and the checkpoint it acts from by the digest of its bytes.

    :class:`~townlet.play.Casting` makes one from a name; ``release`` is resolved there.

    Attributes:
        requested: the name that was asked for, for people.
        backend: name of the backend, qualified by a distribution where that was written; ``mixture`` for two minds.
        options: for the backend's own model, which checks them when the mind is opened.
        checkpoint: what it acts from, or None.
        release: whether the checkpoint was chosen as the release.
        teacher: of a mixture, who acts where the learner does not.
        learner: of a mixture, who acts with probability ``ratio``.
        ratio: of a mixture, 0 to 1.
        patience: of a slow mind, how it is asked: the values of a :class:`~townlet.config.patience.PatienceConfig`.
        fallback: of a slow mind, who acts where it has no plan.
        ask_every: of a mind that chooses goals in a town of primitive actions, after how many ticks it is asked again
            at the latest; None for one that decides as the town says.

    Raises:
        ContractError: if a mixture lacks a side or its ratio, or another mind has them; if one of ``patience`` and
            ``fallback`` is there without the other; if ``ask_every`` is below 1.
    """

    requested: str
    backend: str
    options: Mapping[str, Any] = field(default_factory=dict)
    checkpoint: Stored | None = None
    release: bool = False
    teacher: MindSpec | None = None
    learner: MindSpec | None = None
    ratio: float | None = None
    patience: Mapping[str, Any] | None = None
    fallback: MindSpec | None = None
    ask_every: int | None = None

    def __post_init__(self) -> None:
        if (self.patience is None) != (self.fallback is None):
            raise ContractError("a slow mind, and nothing else, has patience and a fallback")
        mixed = [self.teacher is not None, self.learner is not None, self.ratio is not None]
        if mixed != [self.backend == _MIXTURE] * 3:
            raise ContractError("a mixture, and nothing else, has a teacher, a learner and a ratio")
        if self.ratio is not None and not 0.0 <= self.ratio <= 1.0:
            raise ContractError(f"a mixture's ratio is the learner's share, from 0 to 1, found {self.ratio!r}")
        if self.ask_every is not None and (self.ask_every < 1 or self.slow or mixed[0]):
            raise ContractError(f"one mind that answers at once is asked every tick or more, found {self.ask_every!r}")

    @classmethod
    def of_learner(cls) -> Self:
        """The mind that is being taught."""
        return cls(requested=LEARNER, backend=LEARNER)

    def singles(self) -> tuple[MindSpec, ...]:
        """The minds that it is made of: itself, with the fallback of a slow one, or those of a mixture's sides."""
        sides = [side for side in (self.teacher, self.learner) if side is not None]
        if sides:
            return tuple(single for side in sides for single in side.singles())
        return (self,) if self.fallback is None else (self, *self.fallback.singles())

    @property
    def led(self) -> bool:
        """Whether it, or a side of it, chooses goals in a town of primitive actions, which only a stage can lead."""
        return any(single.ask_every is not None for single in self.singles())

    @property
    def slow(self) -> bool:
        """Whether it is, or has a side that is, asked by core with patience; only a driver can play it."""
        return self.patience is not None or any(side is not None and side.slow for side in (self.teacher, self.learner))

    @property
    def learns(self) -> bool:
        """Whether it is, or has a side that is, the mind being taught."""
        return self.backend == LEARNER or any(side is not None and side.learns for side in (self.teacher, self.learner))

    def to_json(self) -> dict[str, Any]:
        """JSON-ready; :meth:`from_json` reads it back."""
        data: dict[str, Any] = {"requested": self.requested, "backend": self.backend}
        if self.options:
            data["options"] = dict(self.options)
        if self.checkpoint is not None:
            data["checkpoint"] = self.checkpoint.to_json()
        if self.release:
            data["release"] = True
        if self.ask_every is not None:
            data["ask_every"] = self.ask_every
        if self.patience is not None and self.fallback is not None:
            data |= {"patience": dict(self.patience), "fallback": self.fallback.to_json()}
        if self.teacher is not None and self.learner is not None:
            data |= {"teacher": self.teacher.to_json(), "learner": self.learner.to_json(), "ratio": self.ratio}
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_json` wrote. Raises ContractError for anything else."""
        try:
            values = dict(data)
            for name in ("teacher", "learner", "fallback"):
                if name in values:
                    values[name] = cls.from_json(values[name])
            if "checkpoint" in values:
                values["checkpoint"] = Stored.from_json(values["checkpoint"])
            return cls(**values)
        except (TypeError, ValueError, AttributeError, RecursionError) as error:
            raise ContractError(f"not a mind: {error}") from error
