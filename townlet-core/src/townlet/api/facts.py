"""What differs from town to town behind one interface: the map, the prices, what there is of everything, the rules."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from townlet.errors import ContractError

__all__ = ["TownFacts"]

Fact = float | int | str | bool

_DIGEST_LENGTH = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class TownFacts:
    """A town, as far as no observation spec says it. A mind may be played in a town with other facts.

    Attributes:
        map: name of the map; a file's name without its folder.
        map_digest: SHA-256 (hex) of what the map says.
        agents: slots of a world.
        height: rows of the map, tiles.
        width: columns of the map, tiles.
        facilities: how many there are of each kind.
        rules: everything else that is set, by the name it has in a config (``"economy.rent"``) and, of the
            affordances, by ``"affordances.NAME.WHAT"``.

    Raises:
        ContractError: for a count below 0, a rule that is neither text, number nor yes or no, or no digest.
    """

    map: str
    map_digest: str
    agents: int
    height: int
    width: int
    facilities: Mapping[str, int] = field(default_factory=dict)
    rules: Mapping[str, Fact] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.map_digest) != _DIGEST_LENGTH:
            raise ContractError(f"TownFacts.map_digest must be SHA-256 in hex, found {self.map_digest!r}")
        for name, number in {"agents": self.agents, "height": self.height, **self.facilities}.items():
            if number < 0:
                raise ContractError(f"TownFacts: {name} must not be below 0, found {number}")
        for name, rule in self.rules.items():
            if not isinstance(rule, str | int | float) or (isinstance(rule, float) and not math.isfinite(rule)):
                raise ContractError(f"TownFacts: the rule {name} is {rule!r}: neither text nor a finite number")

    def digest(self) -> str:
        """SHA-256 (hex) of all of it but the map's name: equal for towns that differ in nothing."""
        plain = {key: value for key, value in self.to_json().items() if key != "map"}
        return hashlib.sha256(json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    def differences(self, other: TownFacts) -> tuple[str, ...]:
        """Everything in which ``other`` differs, in words; "here" is this town, "there" the other."""
        return tuple(_differences(self, other))

    def to_json(self) -> dict[str, Any]:
        """The facts as JSON-ready values; :meth:`from_json` reads them back."""
        plain = asdict(self)
        return {**plain, "facilities": dict(self.facilities), "rules": dict(self.rules)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TownFacts:
        """Read what :meth:`to_json` wrote. Raises ContractError for anything else."""
        try:
            return cls(
                map=str(data["map"]),
                map_digest=str(data["map_digest"]),
                agents=int(data["agents"]),
                height=int(data["height"]),
                width=int(data["width"]),
                facilities={str(name): int(count) for name, count in data["facilities"].items()},
                rules=dict(data["rules"]),
            )
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
            raise ContractError(f"not the facts of a town: {error!r:.400}") from error


def _differences(here: TownFacts, there: TownFacts) -> Iterator[str]:
    if here.map_digest != there.map_digest:
        named = f"{here.map!r} here and {there.map!r} there" if here.map != there.map else f"another {here.map!r}"
        yield f"the map is {named}"
    for name in ("agents", "height", "width"):
        mine, other = getattr(here, name), getattr(there, name)
        if mine != other:
            yield f"{name}: {mine} here and {other} there"
    for what, ours, theirs in (("", here.rules, there.rules), ("number of ", here.facilities, there.facilities)):
        for name in sorted({*ours, *theirs}):
            if ours.get(name) != theirs.get(name):
                yield f"{what}{name}: {_said(ours, name)} here and {_said(theirs, name)} there"


def _said(facts: Mapping[str, Fact], name: str) -> str:
    return f"{facts[name]!r}" if name in facts else "nothing"
