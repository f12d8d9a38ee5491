"""A search over the options of the scripted mind: steps from the best so far, raced over more and more towns.

Each round has a field of candidates. All of them play some towns; the better third, but at least three, plays more.
Towns are the same for everybody and are not played twice, so what survives a round costs nothing in the next.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from townlet_backend_scripted import ScriptedOptions

Options = Mapping[str, Any]
Played = Callable[[Options, int, int], Sequence[float]]
"""From options, and the numbers of the first town and of the one behind the last, to a return for each town."""

FLAGS = ("talk_first", "pushes")
"""Habits that may be tried beside the numbers."""
ELITE = 3


@dataclass
class Candidate:
    """Options, and what they brought in the towns that they have played so far."""

    options: dict[str, Any]
    values: list[float] = field(default_factory=list)

    def mean(self, towns: int) -> float:
        """Mean return over the first towns."""
        return float(np.mean(self.values[:towns]))


@dataclass(frozen=True)
class Course:
    """How long a search goes on.

    Attributes:
        rounds: fields of candidates, one after the other.
        width: fresh candidates in each but the first, which has those to start from.
        rungs: towns after which two thirds of a field drop out; the last is how many the best have played.
    """

    rounds: int
    width: int
    rungs: tuple[int, ...]


def search(starts: Sequence[Options], played: Played, course: Course, rng: random.Random) -> tuple[Candidate, int]:
    """The best candidate, and how many were tried.

    Args:
        starts: what to begin with; at least one.
        played: plays towns.
        course: how long.
        rng: draws the steps.
    """
    seen: dict[str, Candidate] = {}
    elite: list[Candidate] = []
    for number in range(course.rounds):
        drawn = starts if number == 0 else [drawn_from(elite, rng) for _ in range(course.width)]
        fresh = [Candidate(dict(options)) for options in drawn if key(options) not in seen]
        seen |= {key(candidate.options): candidate for candidate in fresh}
        elite = raced([*elite, *fresh], played, course.rungs)
    return elite[0], len(seen)


def raced(some: Sequence[Candidate], played: Played, rungs: Sequence[int]) -> list[Candidate]:
    """The best few, which have played all towns, best first."""
    left = list(some)
    for towns in rungs:
        for candidate in left:
            if len(candidate.values) < towns:
                candidate.values += played(candidate.options, len(candidate.values), towns)
        left.sort(key=lambda one: -one.mean(towns))
        left = left[: max(ELITE, len(left) // 3)]
    return left[:ELITE]


def drawn_from(elite: Sequence[Candidate], rng: random.Random) -> dict[str, Any]:
    """Options near one of the best, the first of them most often; now and then with some of another's."""
    first = elite[min(rng.choice([0, 0, 0, 1, 2]), len(elite) - 1)].options
    other = rng.choice(list(elite)).options
    crossed = {name: value for name, value in other.items() if name in first or rng.random() < 0.5}
    mixed = {**first, **(crossed if rng.random() < 0.3 else {})}
    return step(mixed, rng)


def step(options: Options, rng: random.Random) -> dict[str, Any]:
    """Other options, near these, that the backend takes."""
    here = ScriptedOptions(**options)
    while True:
        found = dict(options)
        for name in rng.sample(sorted(varied()), rng.choice([1, 2, 3, 4, 6])):
            low, high, whole = varied()[name]
            value = getattr(here, name) + rng.gauss(0, 1) * (high - low) * rng.choice([0.05, 0.15])
            value = min(max(value, low), high)
            found[name] = round(value) if whole else round(value, 4)
        if rng.random() < 0.1:
            flag = rng.choice(FLAGS)
            found[flag] = not getattr(here, flag)
        try:
            ScriptedOptions(**found)
        except ValueError:
            continue
        return found


def varied() -> dict[str, tuple[float, float, bool]]:
    """Options that are numbers, with the range that is searched."""
    found = {}
    for name, option in ScriptedOptions.model_fields.items():
        extra = option.json_schema_extra if isinstance(option.json_schema_extra, dict) else {}
        if extra.get("tune") is False or isinstance(option.default, bool | str):
            continue
        bounds = extra.get("tune") or [next(m.ge for m in option.metadata if hasattr(m, "ge")),
                                       next(m.le for m in option.metadata if hasattr(m, "le"))]  # fmt: skip
        found[name] = (float(bounds[0]), float(bounds[1]), isinstance(option.default, int))
    return found


def key(options: Options) -> str:
    """What tells options apart."""
    return json.dumps(ScriptedOptions(**options).model_dump(mode="json", exclude={"preset"}), sort_keys=True)
