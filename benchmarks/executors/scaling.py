"""Works out the tables of docs/explanation/scaling.md from the numbers at its beginning.

    python benchmarks/executors/scaling.py            # writes them into the page

A table that is worked out lies between two comments that name it. Where the numbers come from, the page says itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs/explanation/scaling.md"
WORKERS = (10, 100, 1000)
SAMPLES = 65_536
"""Samples of an update."""
EVALUATED = 32
"""Towns of an evaluation."""
PIECE = 8
"""Towns of a piece."""

_ROW = re.compile(r"^\| .*\(`(\w+)`\) \| ([\d.,]+)", re.MULTILINE)
_TABLE = re.compile(r"(<!-- worked out: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)

Numbers = dict[str, float]


def numbers(page: str) -> Numbers:
    """The first number of each row that gives it a name."""
    return {name: float(value.replace(",", "")) for name, value in _ROW.findall(page)}


def short(value: float) -> str:
    """Two digits that count, and commas."""
    digits = 1 - math.floor(math.log10(value))
    rounded = round(value, digits)
    return f"{rounded:,.{max(0, digits)}f}"


def call(n: Numbers) -> float:
    """Seconds that a call takes of the driver."""
    return n["c"] / 1e3


def evaluating(n: Numbers) -> list[str]:
    """Towns a minute."""
    rows = ["| workers | towns a minute, scripted | of the driver's time |", "|---|---|---|"]
    for workers in WORKERS:
        played, read = workers * 60 * EVALUATED / n["e"], 60 * PIECE / call(n)
        share = f"{100 * min(1.0, played / read):.0f} %"
        rows.append(f"| {workers:,} | {short(min(played, read))} | {share} |")
    return rows


def recording(n: Numbers) -> list[str]:
    """Gigabytes a second, and times what the network carries."""
    rows = ["| workers | scripted mind | a network as mind |", "|---|---|---|"]
    for workers in WORKERS:
        cells = []
        for speed in (n["r"], n["g"]):
            found = workers * speed * n["b"] / 1e9
            times = found / n["n"]
            cells.append(f"{short(found)} GB/s: {'fits' if times <= 1 else f'{short(times)} times too much'}")
        rows.append(f"| {workers:,} | {cells[0]} | {cells[1]} |")
    return rows


def seconds(n: Numbers, workers: int, learner: float) -> list[float]:
    """Gathering, rows home, weights and calls, learning."""
    byte = max(1 / (n["n"] * 1e9), n["m"] / 1e3 / (1 << 20))
    return [
        SAMPLES / (workers * n["g"]),
        SAMPLES * n["p"] * byte,
        workers * (call(n) + n["w"] * 1e6 * byte),
        SAMPLES / learner,
    ]


def learning(n: Numbers, learner: float) -> list[str]:
    """An update of PPO, term by term."""
    rows = ["| workers | gathering | rows home | weights, calls | learning | an update | speed-up |", "|" + "---|" * 7]
    alone = sum(seconds(n, 1, learner))
    for workers in (1, *WORKERS):
        parts = seconds(n, workers, learner)
        cells = [f"{part:.2f} s" for part in (*parts, sum(parts))]
        rows.append(f"| {workers:,} | {' | '.join(cells)} | {alone / sum(parts):.1f} |")
    return rows


def best(n: Numbers, share: int) -> float:
    """Workers with which an update is quickest, if so many share a machine and weights are sent once to each."""
    each = seconds(n, 1, n["lg"])[2] - call(n)
    return math.sqrt(seconds(n, 1, n["lg"])[0] / (call(n) + each / share))


TABLES: dict[str, Callable[[Numbers], list[str]]] = {
    "evaluating": evaluating,
    "recording": recording,
    "cores": lambda n: learning(n, n["lc"]),
    "gpu": lambda n: learning(n, n["lg"]),
    "best": lambda n: [
        "| workers a machine | workers with which an update is quickest |",
        "|---|---|",
        *(f"| {share} | {short(best(n, share))} |" for share in (1, 16)),
    ],
}


def worked_out(page: str) -> str:
    """The page with its tables worked out anew."""
    found = numbers(page)
    return _TABLE.sub(lambda m: m[1] + "\n" + "\n".join(TABLES[m[2]](found)) + "\n\n" + m[3], page)


if __name__ == "__main__":
    PAGE.write_text(worked_out(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
