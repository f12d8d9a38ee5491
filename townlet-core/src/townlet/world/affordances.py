"""Reading an affordance manifest and compiling it to arrays."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from townlet.config.checking import checked
from townlet.config.loader import read_text
from townlet.config.model import Section
from townlet.config.source import KeyPath
from townlet.config.yaml_tree import parse_yaml
from townlet.errors import ConfigError
from townlet.world.names import (
    EFFECTS,
    FACILITY_KINDS,
    FLAG_POWER,
    FLAGS,
    FX_MONEY,
    NEEDS,
    PRICES,
    SELLING_KINDS,
)
from townlet.world.tables import AffordanceTable

__all__ = ["AffordanceSource", "compile_affordances", "load_affordances", "parse_affordances"]

Amount = Annotated[float, Field(ge=-1e6, le=1e6)]
Term = Amount | tuple[Amount, Literal["price_groceries", "price_meal", "wage"]]
Amounts = dict[Literal["hunger", "energy", "hygiene", "money", "groceries", "meals", "stock"], Term]
_COMPARISON = re.compile(r"^([a-z]+)\s*(>=|<=)\s*([a-z_]+|[0-9]{1,6}(?:\.[0-9]{1,9})?)$")
_MOST_OF_A_KIND = 4


class EffectsSource(Section):
    """What an affordance adds, and when."""

    start: Amounts = Field(default_factory=dict, description="Once, when it begins.")
    tick: Amounts = Field(default_factory=dict, description="In each of its ticks.")
    end: Amounts = Field(default_factory=dict, description="Once, when it is completed.")


class AffordanceSource(Section):
    """One affordance as written."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{0,40}$", description="Its name.")
    facility: Literal["bed", "shower", "stove", "table", "till", "counter", "desk", "bench"]
    duration: int = Field(ge=1, le=100_000, description="Ticks.")
    requires: tuple[str, ...] = Field((), description="Preconditions; see the core manifest.")
    effects: EffectsSource = Field(default_factory=EffectsSource)
    decay: dict[Literal["hunger", "energy", "hygiene"], Annotated[float, Field(ge=0, le=10)]] = Field(
        default_factory=dict, description="Factors on the fall of needs."
    )
    sociable: bool = Field(False, description="Whether one can chat meanwhile.")


class ManifestFile(Section):
    """The layout of a manifest."""

    schema_version: Literal[1] = Field(1, alias="schema")
    affordances: tuple[AffordanceSource, ...] = Field(min_length=1, max_length=100)


def load_affordances(name_or_path: str, text: str | None = None) -> tuple[AffordanceSource, ...]:
    """Read ``core`` or a manifest file.

    Args:
        name_or_path: the name or the path.
        text: what the file held when the config was read; it is not opened again.

    Raises:
        ConfigError: naming file, line, key and rule.
    """
    if name_or_path == "core":
        return _core()
    if text is not None:
        return parse_affordances(text, where=name_or_path)
    try:
        text = read_text(name_or_path, kind="manifest")
    except ConfigError as error:
        raise ConfigError(
            f"the affordance manifest {name_or_path!r} cannot be read",
            where="town.affordances",
            details=[
                f"found: {error.summary}" + (f"  ({error.where})" if error.where != name_or_path else ""),
                *error.details,
                "give `core` or the path of a manifest",
            ],
        ) from None
    return parse_affordances(text, where=name_or_path)


@lru_cache(maxsize=1)
def _core() -> tuple[AffordanceSource, ...]:
    """The manifest that is shipped: read once, since both the observation's spec and the town come from it."""
    text = (files("townlet.world") / "data" / "affordances" / "core.yaml").read_text(encoding="utf-8")
    return parse_affordances(text, where="affordances core")


def parse_affordances(text: str, *, where: str) -> tuple[AffordanceSource, ...]:
    """Read the text of a manifest, and try to compile it. Raises ConfigError naming line, key and rule."""
    written = parse_yaml(text, label=where, kind="manifest")
    manifest = checked(ManifestFile, written)
    named: set[str] = set()
    for number, affordance in enumerate(manifest.affordances):
        if affordance.id in named:
            raise ConfigError(
                f"two affordances are called {affordance.id!r}", where=written.where(("affordances", number, "id"))
            )
        named.add(affordance.id)
    compile_affordances(manifest.affordances, where=written.where)
    return manifest.affordances


def compile_affordances(sources: tuple[AffordanceSource, ...], *, where: Callable[[KeyPath], str]) -> AffordanceTable:
    """The arrays of a manifest.

    Args:
        sources: the affordances, in the manifest's order.
        where: from a key of the manifest to its place, for messages (:meth:`townlet.config.source.Source.where`).

    Raises:
        ConfigError: for requirements and effects that cannot be.
    """
    count = len(sources)
    table = AffordanceTable(
        facility=np.array([FACILITY_KINDS.index(a.facility) for a in sources], np.int8),
        duration=np.array([a.duration for a in sources], np.int32),
        whole=np.zeros(count, np.bool_),
        flags=np.zeros(count, np.int32),
        need_most=np.full((count, 3), 2.0, np.float32),
        min_items=np.zeros((count, 2), np.int16),
        min_stock=np.zeros(count, np.float32),
        min_money=np.zeros((count, 3), np.float32),
        at_start=np.zeros((count, len(EFFECTS)), np.float32),
        each_tick=np.zeros((count, len(EFFECTS)), np.float32),
        at_end=np.zeros((count, len(EFFECTS)), np.float32),
        decay=np.ones((count, 3), np.float32),
        sociable=np.array([a.sociable for a in sources], np.bool_),
        of_kind=np.full((len(FACILITY_KINDS), _MOST_OF_A_KIND), -1, np.int8),
    )
    for k, source in enumerate(sources):
        at: KeyPath = ("affordances", k)
        for number, requirement in enumerate(source.requires):
            _require(table, k, requirement, where((*at, "requires", number)))
        for moment, amounts, rows in (
            ("start", source.effects.start, table.at_start),
            ("tick", source.effects.tick, table.each_tick),
            ("end", source.effects.end, table.at_end),
        ):
            for name, term in amounts.items():
                _effect(rows, k, name, term, where((*at, "effects", moment, name)))
        for need, factor in source.decay.items():
            table.decay[k, NEEDS.index(need)] = factor
        table.whole[k] = bool(np.any(table.at_start[k]) or np.any(table.at_end[k]))
        _check_possible(table, k, where(at))
        places = table.of_kind[table.facility[k]]
        free = np.flatnonzero(places < 0)
        if not len(free):
            raise ConfigError(f"a facility can have at most {_MOST_OF_A_KIND} affordances", where=where(at))
        places[free[0]] = k
    return table


def _require(table: AffordanceTable, k: int, text: str, where: str) -> None:
    if text in FLAGS:
        table.flags[k] |= FLAG_POWER << FLAGS.index(text)
        return
    match = _COMPARISON.match(text)
    if match is None:
        raise ConfigError(
            f"nothing can require {text!r}",
            where=where,
            details=[f"known: {', '.join(FLAGS)}, money>=n, energy<=n, ..."],
        )
    name, sign, amount = match.groups()
    symbolic = amount in ("price_groceries", "price_meal")
    if not symbolic and not amount[0].isdigit():
        raise ConfigError(f"{amount!r} is neither a number nor a price", where=where)
    value = 1.0 if symbolic else float(amount)
    if sign == "<=" and name in NEEDS and not symbolic:
        table.need_most[k, NEEDS.index(name)] = value
    elif sign == ">=" and name == "money":
        table.min_money[k, 1 + PRICES.index(amount[6:]) if symbolic else 0] = value
    elif sign == ">=" and name in ("groceries", "meals") and not symbolic and value == int(value):
        table.min_items[k, ("groceries", "meals").index(name)] = int(value)
    elif sign == ">=" and name == "stock" and not symbolic:
        table.min_stock[k] = value
    else:
        raise ConfigError(
            f"nothing can require {text!r}",
            where=where,
            details=["money, groceries, meals, stock take >=; hunger, energy, hygiene take <="],
        )


def _effect(rows: np.ndarray[tuple[int, ...], np.dtype[np.float32]], k: int, name: str, term: Term, where: str) -> None:
    if isinstance(term, tuple):
        if name != "money":
            raise ConfigError(f"{name} cannot change with a price or a wage; only money can", where=where)
        rows[k, EFFECTS.index(term[1])] += term[0]
        return
    if name in NEEDS and abs(term) > 1:
        raise ConfigError(f"{name} cannot change by {term:g}; needs are in 0 .. 1", where=where)
    if name in ("groceries", "meals", "stock") and term != int(term):
        raise ConfigError(f"{name} cannot change by {term:g}; only whole ones exist", where=where)
    rows[k, EFFECTS.index(name)] += term


def _check_possible(table: AffordanceTable, k: int, where: str) -> None:
    """What is taken must have been required, so that nothing goes below zero; stock exists only where it is sold."""
    taken = -np.minimum(table.at_start[k], 0) - np.minimum(table.at_end[k], 0)
    if np.any(np.minimum(table.each_tick[k, FX_MONEY:], 0)):
        raise ConfigError("money, items and stock can be taken at the start or the end, not in each tick", where=where)
    required = {
        "money": table.min_money[k, 0],
        "price_groceries": table.min_money[k, 1],
        "price_meal": table.min_money[k, 2],
        "groceries": table.min_items[k, 0],
        "meals": table.min_items[k, 1],
        "stock": table.min_stock[k],
        "wage": 0.0,
    }
    for name, enough in required.items():
        need = float(taken[EFFECTS.index(name)])
        if need > float(enough) + 1e-6:
            raise ConfigError(
                f"it takes {need:g} of {name} and requires {float(enough):g}",
                where=where,
                details=["what an affordance takes must be required, or somebody would owe it"],
            )
    if int(table.facility[k]) not in SELLING_KINDS and (taken[EFFECTS.index("stock")] or table.min_stock[k]):
        raise ConfigError("only tills and counters have a stock", where=where)
