"""``Keep``: what is kept of a job beside its key figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from townlet.errors import ContractError, UsageError

__all__ = ["Keep"]

_WHATS = ("nothing", "buffer", "dataset", "frames")


@dataclass(frozen=True, slots=True)
class Keep:
    """What is kept of a job beside its key figures; ``Keep.NOTHING``, or made by one of the methods.

    Attributes:
        what: ``"nothing"``, ``"buffer"``, ``"dataset"`` or ``"frames"``.
        folder: of the dataset.
        tags: words for the dataset's manifest.
        logits: whether the dataset keeps what minds weighed: four bytes an action for each row and tick.
        every: a frame is kept at ticks that this number divides.
        between: first and last tick of the frames; None for all.

    Raises:
        UsageError: if ``every`` is below 1, or ``between`` ends before it begins.
    """

    NOTHING: ClassVar[Keep]

    what: Literal["nothing", "buffer", "dataset", "frames"] = "nothing"
    folder: Path | None = None
    tags: tuple[str, ...] = ()
    logits: bool = False
    every: int = 1
    between: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if self.every < 1:
            raise UsageError(f"frames are kept every 1 tick or more, found every={self.every}")
        if self.between is not None and not 0 <= self.between[0] <= self.between[1]:
            raise UsageError(f"frames are kept from a tick to a later one, found between={self.between}")

    @classmethod
    def dataset(cls, folder: str | Path, *, tags: tuple[str, ...] = (), logits: bool = False) -> Self:
        """Everything that the agents see, do and get, as a dataset in ``folder``; with ``logits``, what they weigh."""
        return cls("dataset", Path(folder), tuple(tags), logits)

    @classmethod
    def buffer(cls) -> Self:
        """The same in memory: :attr:`Outcome.buffer`. For few ticks, or few towns."""
        return cls("buffer")

    @classmethod
    def frames(cls, *, every: int = 1, between: tuple[int, int] | None = None) -> Self:
        """How the towns were, in memory: :attr:`Outcome.frames`.

        Args:
            every: at ticks that this number divides.
            between: first and last tick; all of the job without. The frame of a tick is taken before what is done
                on it, so a job of ``T`` ticks has up to ``T + 1``.
        """
        return cls("frames", every=every, between=between)

    def kept(self, begin: int, end: int) -> range:
        """The ticks of which a frame is kept, of towns that are played from tick ``begin`` to ``end``."""
        first, last = (begin, end) if self.between is None else (max(begin, self.between[0]), min(end, self.between[1]))
        return range(-(-first // self.every) * self.every, last + 1, self.every)

    def to_json(self) -> dict[str, Any]:
        """JSON-ready; :meth:`from_json` reads it back."""
        return {
            "what": self.what,
            "folder": None if self.folder is None else str(self.folder),
            "tags": list(self.tags),
            "logits": self.logits,
            "every": self.every,
            "between": None if self.between is None else list(self.between),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_json` wrote. Raises ContractError for anything else."""
        try:
            what, folder, between = data["what"], data["folder"], data["between"]
            if what not in _WHATS or (what == "dataset") != isinstance(folder, str):
                raise ContractError(f"not a thing to keep: {dict(data)!r}")
            return cls(
                what,
                None if folder is None else Path(folder),
                tuple(map(str, data["tags"])),
                bool(data["logits"]),
                int(data["every"]),
                None if between is None else (int(between[0]), int(between[1])),
            )
        except (KeyError, TypeError, ValueError, IndexError, UsageError) as error:
            raise ContractError(f"not a thing to keep: {error!r}") from error


Keep.NOTHING = Keep()
