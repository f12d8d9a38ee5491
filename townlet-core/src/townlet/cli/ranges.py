"""Numbers that are typed on the command line, within bounds; errors say what is expected."""

from __future__ import annotations

import math

import click

__all__ = ["DAYS", "TICKS", "FiniteRange", "WholeRange"]


_MOST = 2**62


class WholeRange(click.IntRange):
    """click's range of whole numbers, in words."""

    def convert(self, value: int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number, or click's usage error."""
        try:
            int(value)
        except ValueError:
            self.fail(f"{value!r} is not a whole number; expected one {_bounds(self)}.", param, ctx)
        number: int = super().convert(value, param, ctx)
        if number > _MOST:  # neither an array nor a database counts further
            self.fail(f"{number} is too large; expected at most {_MOST}.", param, ctx)
        return number


class FiniteRange(click.FloatRange):
    """The same of floats, without NaN, which compares as false and so passes any bound, and infinities."""

    def convert(self, value: float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number, or click's usage error."""
        try:
            finite = math.isfinite(float(value))
        except ValueError:
            self.fail(f"{value!r} is not a number; expected one {_bounds(self)}.", param, ctx)
        if not finite:
            self.fail(f"{value} is not a finite number; expected one {_bounds(self)}.", param, ctx)
        number: float = super().convert(value, param, ctx)
        return number


def _bounds(numbers: click.IntRange | click.FloatRange) -> str:
    low = "" if numbers.min is None else f"{'above' if numbers.min_open else 'from'} {_figure(numbers.min)}"
    high = "" if numbers.max is None else f"{'below' if numbers.max_open else 'up to'} {_figure(numbers.max)}"
    return " ".join(part for part in (low, "on" if low.startswith("from") and not high else "", high) if part)


def _figure(number: float) -> str:
    return f"{number:,}" if isinstance(number, int) else f"{number:,g}"


DAYS = FiniteRange(min=0, max=1e6, min_open=True)
"""How long a town lives, days."""

TICKS = WholeRange(min=1, max=10**9)
"""How long a town lives, ticks: as long as :data:`DAYS` where a day is as long as usual."""
