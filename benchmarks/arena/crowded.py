"""Searches one set of thresholds for several maps, and compares it with the presets on towns that it did not see.

    python benchmarks/arena/crowded.py --rounds 6
    python benchmarks/arena/crowded.py --rounds 6 --out build/crowded.json     # goes on where it stopped
    python benchmarks/arena/crowded.py --rounds 0 --days 5 30 --maps riverside market     # compares only

Everybody in the town has the same thresholds. Only maps that are not held out are played: riverside, on which the
default was tuned, weighs as much as two of the others. A town generated anew is only in the comparison.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from search import Course, Options, search

from townlet.config import load_config
from townlet.evaluation import estimate
from townlet.play import Cast, Job, MindSpec, Role, play
from townlet_backend_scripted.options import PRESETS, ScriptedOptions

WEIGHTS = {"riverside": 2.0, "terrace": 1.0, "market": 1.0, "barracks": 1.0}
SEEDS, DAYS = 40_000_000, 4.0
OTHERS, TOWNS = 42_000_000, 32
GENERATED = ("town.map=generated", "town.generator.agents=16", "town.generator.seed=11")
COMPARED = {
    **{name: (f"town.map={name}",) for name in (*WEIGHTS, "courtyard", "islands", "mill", "hamlet")},
    "generated": GENERATED,
}
CLASSIC = dict(PRESETS["classic"])
DEFAULT = ScriptedOptions()
SAVING: Options = {
    "preset": "crowded",
    "thrift_money": DEFAULT.thrift_money,
    "reserve_money": DEFAULT.reserve_money,
}
"""The preset with what the default puts aside."""
PLAYED: dict[str, Options] = {
    "rules": {},
    "old rules": CLASSIC,
    "crowded": {"preset": "crowded"},
    "crowded that saves": SAVING,
}
COURSE_TOWNS = (4, 8, 16)
BORROWED = (("money",), ("eat", "money"), ("money", "prep", "arrival", "wind"), ("eat", "money", "prep", "work"))
"""Parts of the names of options that a start has from the classic preset."""
STARTS: tuple[Options, ...] = (
    {},
    CLASSIC,
    *({name: CLASSIC[name] for name in CLASSIC if any(word in name for word in some)} for some in BORROWED),
)


def figures(options: Options, overrides: Sequence[str], seeds: Sequence[int], days: float) -> list[dict[str, float]]:
    """The key figures of each town."""
    config = load_config(None, [*overrides, "observation.variant=compact"])
    mind = MindSpec(requested="rules", backend="scripted", options=dict(options))
    ticks = round(days * config.town.time.day_ticks)
    return play(Job(config, Cast((Role("*", mind),)), tuple(seeds), ticks)).kpis.per_world()


def returns(options: Options, first: int, last: int) -> list[float]:
    """For each town number the reward per agent-day, the mean over the maps by their weights."""
    seeds = range(SEEDS + first, SEEDS + last)
    rows = [
        [weight * town["reward"] for town in figures(options, (f"town.map={name}",), seeds, DAYS)]
        for name, weight in WEIGHTS.items()
    ]
    return [sum(row) / sum(WEIGHTS.values()) for row in zip(*rows, strict=True)]


def compared(minds: dict[str, Options], count: int, days: Sequence[float], maps: Sequence[str]) -> None:
    """Print how each fares on each map, in towns that nothing was searched on: a table in Markdown.

    A cell is the reward per agent-day with its 95 % interval, and the share of days without a lost need.
    """
    seeds = range(OTHERS, OTHERS + count)
    print("| map | days | " + " | ".join(minds) + " |")
    print("| --- " * (2 + len(minds)) + "|")
    for name in maps:
        for length in days:
            cells = []
            for options in minds.values():
                towns = figures(options, COMPARED[name], seeds, length)
                found = estimate([town["reward"] for town in towns])
                kept = np.mean([town["self_sufficiency"] for town in towns])
                cells.append(f"{found.mean:.3f} [{found.low:.3f}, {found.high:.3f}], {kept:.2f}")
            print(f"| `{name}` | {length:g} | " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    """Search, as far as it is asked for, and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--width", type=int, default=16, help="candidates of each round")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--towns", type=int, default=TOWNS, help="towns of the comparison on each map; 0 for none")
    parser.add_argument("--days", type=float, nargs="+", default=[DAYS], help="lengths of the comparison")
    parser.add_argument("--maps", nargs="+", choices=tuple(COMPARED), default=list(COMPARED), help="its maps")
    parser.add_argument("--out", type=Path, default=Path("build/crowded.json"), help="the best so far, to go on from")
    given = parser.parse_args()
    before = [json.loads(given.out.read_text(encoding="utf-8"))] if given.out.is_file() else []
    if given.rounds:
        course = Course(given.rounds, given.width, COURSE_TOWNS)
        best, tried = search([*before, *STARTS], returns, course, random.Random(given.seed))
        print(f"{tried} candidates; {best.mean(COURSE_TOWNS[-1]):+.4f}: {best.options}", flush=True)
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.write_text(json.dumps(best.options), encoding="utf-8")
        before = [best.options]
    if given.towns:
        compared({**PLAYED, **({"found": before[0]} if before else {})}, given.towns, given.days, given.maps)


if __name__ == "__main__":
    main()
