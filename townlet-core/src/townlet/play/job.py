"""``Job``: what is to be played, as a value that can travel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Self

import townlet
from townlet.config import TownletConfig, gathered
from townlet.errors import ContractError, UsageError
from townlet.play.cast import Cast
from townlet.play.keep import Keep
from townlet.play.stored import Stored
from townlet.storage import canonical_digest

__all__ = ["Job"]

_FORMAT = "townlet-job"
SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Job:
    """Some towns, the minds that play them, and for how long. Nothing in it is live.

    What a job brings is a function of its value alone: played twice, in another process, or split by seeds and
    joined, it gives the same bytes.

    Attributes:
        config: the towns. What a map or affordances of one's own hold is taken into it (``town.files``).
        cast: who plays whom.
        seeds: one a town.
        ticks: how many are played, from the beginning or from ``start`` on.
        explore: whether minds draw their actions instead of taking their best guess.
        start: the snapshot to go on from; its seeds are the job's.
        keep: what is kept beside the key figures.

    Raises:
        UsageError: without a seed or a tick.
    """

    config: TownletConfig
    cast: Cast
    seeds: tuple[int, ...]
    ticks: int
    explore: bool = False
    start: Stored | None = None
    keep: Keep = Keep.NOTHING

    def __post_init__(self) -> None:
        object.__setattr__(self, "config", gathered(self.config))
        object.__setattr__(self, "seeds", tuple(int(seed) for seed in self.seeds))
        if not self.seeds or self.ticks < 1:
            raise UsageError(
                f"a job needs at least one seed and one tick, found {len(self.seeds)} seeds and {self.ticks} ticks"
            )
        if wrong := [seed for seed in self.seeds if not 0 <= seed < 2**64]:
            raise UsageError(f"a seed must be from 0 to 2**64 - 1, found {wrong[0]}")

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of what is played; where it is kept does not count."""
        data = _without_places(self.to_json())
        del data["keep"]
        return canonical_digest(data)

    @property
    def stored(self) -> tuple[Stored, ...]:
        """Checkpoints and the snapshot that it needs, each once: where it is to be played their bytes must be, too.

        :meth:`Stored.read` takes them along; ``Admission(stored={digest: path})`` says where they lie there.
        """
        found = {} if self.start is None else {self.start.digest: self.start}
        for mind in self.cast.minds:
            found |= {one.checkpoint.digest: one.checkpoint for one in mind.singles() if one.checkpoint is not None}
        return tuple(found.values())

    def lasting(self, days: float) -> Job:
        """The same job for so many days of its towns; at least one tick."""
        return replace(self, ticks=max(1, round(days * self.config.town.time.day_ticks)))

    def split(self, parts: int) -> tuple[Job, ...]:
        """Jobs for some of the towns each, in order and as even as can be; no more than there are towns.

        A dataset that is kept becomes one for each, in folders beside the whole one's: ``NAME.0``, ``NAME.1``, ...

        Raises:
            UsageError: for less than one part, or a job that goes on from a snapshot, whose towns lie in one file.
        """
        if parts < 1 or (self.start is not None and parts > 1):
            raise UsageError(f"a job {'from a snapshot ' if self.start else ''}cannot be split into {parts}")
        count = min(parts, len(self.seeds))
        edges = [len(self.seeds) * number // count for number in range(count + 1)]
        jobs = []
        for number, (first, last) in enumerate(pairwise(edges)):
            keep, folder = self.keep, self.keep.folder
            if folder is not None:
                keep = replace(keep, folder=folder.with_name(f"{folder.name}.{number}"))
            jobs.append(replace(self, seeds=self.seeds[first:last], keep=keep))
        return tuple(jobs)

    def to_json(self) -> dict[str, Any]:
        """JSON-ready; :meth:`from_json` reads it back, in this version of Townlet only."""
        return {
            "format": _FORMAT,
            "schema_version": SCHEMA_VERSION,
            "townlet": townlet.__version__,
            "config": self.config.model_dump(mode="json"),
            "cast": self.cast.to_json(),
            "seeds": list(self.seeds),
            "ticks": self.ticks,
            "explore": self.explore,
            "start": None if self.start is None else self.start.to_json(),
            "keep": self.keep.to_json(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_json` wrote.

        Raises:
            ContractError: if it is not a job, or was written by another version, which might play it differently.
        """
        if not isinstance(data, Mapping) or data.get("format") != _FORMAT:
            raise ContractError("this is not a job")
        for key, mine in (("schema_version", SCHEMA_VERSION), ("townlet", townlet.__version__)):
            if data.get(key) != mine:
                raise ContractError(
                    "the job was written by another version of Townlet",
                    details=(f"{key} is {data.get(key)!r} there and {mine!r} here", "make it again with this version"),
                )
        try:
            return cls(
                config=TownletConfig.model_validate(data["config"]),
                cast=Cast.from_json(data["cast"]),
                seeds=tuple(int(seed) for seed in data["seeds"]),
                ticks=int(data["ticks"]),
                explore=bool(data["explore"]),
                start=None if data["start"] is None else Stored.from_json(data["start"]),
                keep=Keep.from_json(data["keep"]),
            )
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError, RecursionError) as error:
            raise ContractError(f"not a job of this version: {error}") from error


def _without_places(value: Any) -> Any:
    """JSON-ready data without the paths of what is stored: their digests name it."""
    if isinstance(value, dict):
        stored = value.keys() == {"digest", "path"}
        return {key: _without_places(each) for key, each in value.items() if not (stored and key == "path")}
    return [_without_places(each) for each in value] if isinstance(value, list) else value
