"""``Cast``: who plays whom."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from townlet.errors import ContractError, UsageError
from townlet.play.mind_spec import MindSpec
from townlet.rng import derive
from townlet.suggestions import nearest

__all__ = ["REST", "Cast", "Role"]

REST = "*"
"""Everybody whom no other role plays."""

_SHARE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*%")
_FORMS = (
    "a role is:  NAME=MIND  |  NAME,NAME=MIND  |  SHARE%=MIND  |  *=MIND",
    "for example:  alice=stub  |  25%=pytorch:runs/first  |  *=scripted",
)


@dataclass(frozen=True, slots=True)
class Role:
    """Whom a mind plays: agents by name, a share of those whom nobody names, or the rest.

    Attributes:
        who: names with commas between them, ``25%``, or ``*``.
        mind: who plays them.
        where: the place it was written at, for errors; no part of the value.

    Raises:
        UsageError: if ``who`` names nobody, or the share is not above 0 and at most 100 %.
    """

    who: str
    mind: MindSpec
    where: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        share = self.share
        if share is not None and not 0.0 < share <= 1.0:
            raise UsageError(
                f"a share must be above 0 and at most 100 %, found {self.who!r}", where=self.where, details=_FORMS
            )
        if share is None and self.who != REST:
            names = self.names
            if not names or not all(names) or any("%" in name or name == REST for name in names):
                raise UsageError(f"a role must say whom it plays, found {self.who!r}", where=self.where, details=_FORMS)

    @property
    def share(self) -> float | None:
        """The share, 0 to 1, or None."""
        found = _SHARE.fullmatch(self.who)
        return float(found[1]) / 100.0 if found else None

    @property
    def names(self) -> tuple[str, ...]:
        """The agents that are named; empty for a share and for the rest."""
        if self.who == REST or _SHARE.fullmatch(self.who):
            return ()
        return tuple(name.strip() for name in self.who.split(","))


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays whom in each town of a job.

    Names come before shares, shares before the rest. A share is of those whom nobody names: numbers are rounded by
    largest remainders, and who they are is drawn from the town's seed. Whoever plays a slot plays its newcomers.

    Attributes:
        roles: the minds and whom they play; exactly one plays the rest.

    Raises:
        UsageError: if a name is played twice, shares sum above one, or not exactly one role plays the rest.
    """

    roles: tuple[Role, ...]

    def __post_init__(self) -> None:
        rest = [role for role in self.roles if role.who == REST]
        if len(rest) != 1:
            found = "none does" if not rest else f"{len(rest)} do"
            raise UsageError(f"exactly one role of a cast plays the rest ({REST}): {found}", details=_FORMS)
        seen: dict[str, Role] = {}
        for role in self.roles:
            for name in role.names:
                if name in seen:
                    raise UsageError(
                        f"{name!r} is played twice",
                        where=role.where,
                        details=(f"by {seen[name].mind.requested!r} and by {role.mind.requested!r}",),
                    )
                seen[name] = role
        total = sum(role.share or 0.0 for role in self.roles)
        if total > 1.0 + 1e-9:
            told = " + ".join(role.who for role in self.roles if role.share is not None)
            raise UsageError(f"the shares of a cast sum to {total:.4g}, more than one", details=(f"found {told}",))

    @classmethod
    def of(cls, mind: MindSpec | str) -> Self:
        """One mind for everybody: a spec, or the name of an installed backend without options."""
        spec = MindSpec(requested=mind, backend=mind) if isinstance(mind, str) else mind
        return cls((Role(REST, spec),))

    @property
    def minds(self) -> tuple[MindSpec, ...]:
        """The minds, in the order of the roles."""
        return tuple(role.mind for role in self.roles)

    @property
    def alone(self) -> bool:
        """Whether one mind plays everybody."""
        return len(self.roles) == 1

    @property
    def slow(self) -> bool:
        """Whether one of its minds is a slow one, so that a driver has to play it itself."""
        return any(role.mind.slow for role in self.roles)

    @property
    def led(self) -> bool:
        """Whether one of its minds chooses goals in a town of primitive actions."""
        return any(role.mind.led for role in self.roles)

    @property
    def requested(self) -> str:
        """The cast as it is written on a command line; of one mind its name."""
        if self.alone:
            return self.roles[0].mind.requested
        return " ".join(f"{role.who}={role.mind.requested}" for role in self.roles)

    def check(self, agent_names: Sequence[str]) -> None:
        """Refuse names that nobody has. Raises UsageError with the nearest name."""
        for role in self.roles:
            for name in role.names:
                if name not in agent_names:
                    near = nearest(name, agent_names)
                    hint = (f"did you mean {near!r}?",) if near else ()
                    raise UsageError(
                        f"no agent in this town is called {name!r}",
                        where=role.where or "cast",
                        details=(*hint, f"agents: {', '.join(agent_names)}"),
                    )

    def seats(self, agent_names: Sequence[str], seed: int) -> NDArray[np.intp]:
        """Number of the role that plays each slot of the town with this policy seed: intp ``[A]``.

        Raises:
            UsageError: if no agent has one of the names.
        """
        self.check(agent_names)
        rest = next(number for number, role in enumerate(self.roles) if role.who == REST)
        players = np.full(len(agent_names), rest, np.intp)
        named = np.zeros(len(agent_names), np.bool_)
        for number, role in enumerate(self.roles):
            for name in role.names:
                slot = agent_names.index(name)
                players[slot], named[slot] = number, True
        sharing = [number for number, role in enumerate(self.roles) if role.share is not None]
        if sharing:
            free = np.flatnonzero(~named)
            keys = _drawn(seed, len(agent_names))
            shares = [self.roles[number].share or 0.0 for number in sharing]
            counts = _apportioned([*shares, max(0.0, 1.0 - sum(shares))], len(free), keys)
            order = free[np.argsort(keys[free], kind="stable")]
            players[order] = np.repeat([*sharing, rest], counts)
        return players

    def to_json(self) -> list[dict[str, Any]]:
        """JSON-ready; :meth:`from_json` reads it back."""
        return [{"who": role.who, "mind": role.mind.to_json()} for role in self.roles]

    @classmethod
    def from_json(cls, data: Sequence[Mapping[str, Any]]) -> Self:
        """Read what :meth:`to_json` wrote. Raises ContractError for anything else."""
        try:
            return cls(tuple(Role(str(role["who"]), MindSpec.from_json(role["mind"])) for role in data))
        except (KeyError, TypeError, UsageError) as error:
            raise ContractError(f"not a cast: {error}") from error


_STREAM = 0x63617374
"""The stream of a town's policy seed that casts draw from."""


def _drawn(seed: int, count: int) -> NDArray[np.uint64]:
    """Random numbers of a town: uint64 ``[count]``."""
    key = derive(np.array([seed & 0xFFFFFFFFFFFFFFFF], np.uint64), np.array([_STREAM], np.uint64))
    return derive(np.repeat(key, count), np.arange(count, dtype=np.uint64))


def _apportioned(shares: Sequence[float], seats: int, keys: NDArray[np.uint64]) -> list[int]:
    """Whole numbers that sum to ``seats``, by largest remainders; equal remainders in an order drawn from ``keys``."""
    quotas = [share * seats for share in shares]
    counts = [int(quota + 1e-9) for quota in quotas]
    left = seats - sum(counts)
    lots = derive(np.repeat(keys[:1], len(shares)), np.arange(len(shares), dtype=np.uint64))
    order = sorted(range(len(shares)), key=lambda n: (-round(quotas[n] - counts[n], 9), int(lots[n])))
    for number in order[:left]:
        counts[number] += 1
    return counts
