"""Bounds on key figures, written as ``self_sufficiency >= 0.99``, and how far a trial is from meeting them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from townlet.errors import UsageError
from townlet.suggestions import nearest
from townlet.telemetry.kpis import KPI_NAMES

__all__ = ["Constraint", "check_objective", "parse_constraints", "shortfall"]

_FORM = re.compile(r"\s*(?P<figure>[A-Za-z_]+)\s*(?P<sense>>=|<=)\s*(?P<bound>\S+)\s*")
_SHARES = frozenset(name for name in KPI_NAMES if name.endswith("_share")) | {
    "self_sufficiency",
    "mean_need",
    "mean_hunger",
    "mean_energy",
    "mean_hygiene",
    "attendance",
    "chat_success",
    "chat_quality",
}
"""Figures that lie between 0 and 1, whatever the town."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """``figure`` must be at least (or at most) ``bound``."""

    figure: str
    at_least: bool
    bound: float

    def __str__(self) -> str:
        return f"{self.figure} {'>=' if self.at_least else '<='} {self.bound:g}"

    def shortfall(self, figures: Mapping[str, float]) -> float:
        """How much is missing, in the figure's own unit; 0 if the bound is met or nothing was counted yet."""
        if self.figure not in figures:
            return 0.0
        missing = self.bound - figures[self.figure] if self.at_least else figures[self.figure] - self.bound
        return max(0.0, missing)


def parse_constraints(texts: Sequence[str], *, where: str = "tuning.constraints") -> tuple[Constraint, ...]:
    """Read constraints and check that they can all hold.

    Args:
        texts: each ``FIGURE >= NUMBER`` or ``FIGURE <= NUMBER``.
        where: the place they were written at, for errors.

    Raises:
        UsageError: for another form, a figure that does not exist, a bound that no town can meet, or two constraints
            that cannot both hold.
    """
    constraints = tuple(_parse(text, where) for text in texts)
    for low in (c for c in constraints if c.at_least):
        for high in (c for c in constraints if not c.at_least):
            if low.figure == high.figure and low.bound > high.bound:
                raise UsageError(
                    f"the constraints {str(low)!r} and {str(high)!r} cannot both hold",
                    where=where,
                    details=("leave one of them out, or move its bound",),
                )
    return constraints


def shortfall(constraints: Sequence[Constraint], figures: Mapping[str, float]) -> float:
    """How far a trial is from meeting all constraints: the sum of what is missing, 0 if all are met."""
    return math.fsum(constraint.shortfall(figures) for constraint in constraints)


def check_objective(name: str, *, where: str = "tuning.objective") -> str:
    """The objective, if there is such a key figure.

    Raises:
        UsageError: if there is none.
    """
    return _figure(name, where)


def _parse(text: str, where: str) -> Constraint:
    found = _FORM.fullmatch(text)
    if found is None:
        raise UsageError(
            f"{text!r} is not a constraint", where=where, details=("write  'self_sufficiency >= 0.99'  with >= or <=",)
        )
    figure, at_least = _figure(found["figure"], where), found["sense"] == ">="
    try:
        bound = float(found["bound"])
    except ValueError:
        bound = math.nan
    if not math.isfinite(bound):
        raise UsageError(f"{found['bound']!r} in {text!r} is not a number", where=where)
    if figure in _SHARES and (bound > 1.0 if at_least else bound < 0.0):
        raise UsageError(f"no town can meet {text!r}: {figure} lies between 0 and 1", where=where)
    return Constraint(figure, at_least, bound)


def _figure(name: str, where: str) -> str:
    if name in KPI_NAMES:
        return name
    near = nearest(name, KPI_NAMES)
    hint = f"did you mean {near!r}?" if near else "docs/reference/metrics.md lists the key figures"
    raise UsageError(f"there is no key figure {name!r}", where=where, details=(hint,))
