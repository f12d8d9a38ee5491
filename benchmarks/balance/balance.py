"""Whether the town is worth having a mind for: the balance targets, with 95 % bootstrap intervals over seeds.

    python benchmarks/balance/balance.py               # 32 seeds x 5 days of riverside, a table
    python benchmarks/balance/balance.py --check       # exit code 1 if a target is missed
    python benchmarks/balance/balance.py --write       # writes the table into docs/explanation/world.md
    python benchmarks/balance/balance.py --days 30 --seeds 8 --json

Random people choose evenly among what the mask allows; the stub waits; scripted is the default mind with its default
options, classic the same mind with the thresholds set by hand before (`preset: classic`). "Lives ended" counts
collapses, evictions and neglect per slot over the whole run.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from townlet.config import TownletConfig, load_config
from townlet.envs.engine import TownEngine
from townlet.evaluation import evaluate
from townlet.evaluation.statistics import Estimate, estimate

PAGE = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "world.md"
BEGIN, END = "<!-- balance table: begin -->", "<!-- balance table: end -->"

FIGURES = {
    "self_sufficiency": "agent-days with every need above 0.3 throughout",
    "attendance": "shifts attended",
    "starvations": "starvations an agent-day",
    "exits": "lives ended a slot",
    "reward": "reward an agent-day",
}
MINDS = {"random": [], "stub": [], "classic": ["policy.options.preset=classic"], "scripted": []}
TARGETS = {
    ("random", "self_sufficiency"): ("<", 0.05),
    ("random", "exits"): (">", 0.5),
    ("stub", "self_sufficiency"): ("<=", 0.0),
    ("classic", "self_sufficiency"): (">=", 0.80),
    ("classic", "attendance"): (">=", 0.85),
    ("classic", "starvations"): ("<", 0.05),
    ("scripted", "self_sufficiency"): (">=", 0.99),
    ("scripted", "attendance"): (">=", 0.85),
    ("scripted", "starvations"): ("<", 0.05),
    ("scripted", "reward"): (">=", 0.80),
}


def random_people(config: TownletConfig, seeds: range, days: int) -> dict[str, list[float]]:
    """Key figures of each town in which everybody chooses evenly among what is possible."""
    engine = TownEngine(config, list(seeds))
    random = np.random.default_rng(0)
    observations = engine.observe()
    for _ in range(days * config.town.time.day_ticks):
        actions = (random.random(observations.action_mask.shape) * observations.action_mask).argmax(axis=1)
        observations = engine.step(actions.astype(np.int64)).observations
    worlds = engine.kpis().per_world()
    engine.close()
    return {name: [world[name] for world in worlds] for name in FIGURES}


def measure(seeds: int, days: int) -> dict[str, dict[str, Estimate]]:
    """Estimates by mind and figure."""
    samples = {"random": random_people(load_config(), range(seeds), days)}
    for mind, overrides in list(MINDS.items())[1:]:
        policy = "stub" if mind == "stub" else "scripted"
        result = evaluate(load_config(None, overrides), policy, seeds=tuple(range(seeds)), days=float(days))
        samples[mind] = {name: list(result.per_seed[name]) for name in FIGURES}
    for figures in samples.values():
        figures["exits"] = [value * days for value in figures["exits"]]
    return {
        mind: {name: estimate(np.array(values, np.float64)) for name, values in figures.items()}
        for mind, figures in samples.items()
    }


def met(sign: str, target: float, found: Estimate) -> bool:
    """Whether the mean is on the right side of the target."""
    return {
        "<": found.mean < target,
        "<=": found.mean <= target,
        ">": found.mean > target,
        ">=": found.mean >= target,
    }[sign]


def table(results: dict[str, dict[str, Estimate]], seeds: int, days: int) -> str:
    """The results as a Markdown table."""
    lines = [f"{seeds} seeds x {days} days of `riverside`: mean [95 % interval], target.", ""]
    lines += [f"| | {' | '.join(MINDS)} |", "|---" * (1 + len(MINDS)) + "|"]
    for name, meaning in FIGURES.items():
        cells = []
        for mind in MINDS:
            found = results[mind][name]
            cell = f"{found.mean:.3f} [{found.low:.3f}, {found.high:.3f}]"
            if (mind, name) in TARGETS:
                sign, target = TARGETS[mind, name]
                cell += f" {sign} {target:g}" + ("" if met(sign, target, found) else " **missed**")
            cells.append(cell)
        lines.append(f"| {meaning} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> int:
    """Returns an exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=32)
    parser.add_argument("--days", type=int, default=5)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    results = measure(arguments.seeds, arguments.days)
    text = table(results, arguments.seeds, arguments.days)
    if arguments.json:
        print(json.dumps({m: {n: e.model_dump() for n, e in f.items()} for m, f in results.items()}, indent=2))
    else:
        print(text)
    if arguments.write:
        page = PAGE.read_text(encoding="utf-8")
        head, rest = page.split(BEGIN)
        PAGE.write_text(f"{head}{BEGIN}\n\n{text}\n\n{END}{rest.split(END)[1]}", encoding="utf-8")
    missed = [key for key, (sign, target) in TARGETS.items() if not met(sign, target, results[key[0]][key[1]])]
    return 1 if arguments.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
