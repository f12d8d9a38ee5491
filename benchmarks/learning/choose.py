"""Chooses the checkpoint of a run of learn.py anneal, in towns that are for nothing else, and judges it.

    python benchmarks/learning/choose.py --run runs/anneal

An update now and then unlearns what to do in some rare state, and nothing that is measured while learning shows it: the
learner draws its actions then, and is judged by its best ones. So every second checkpoint of PPO lives through 64 towns
of its own (seeds 3,000,000 and up). Chosen is the one that earns most of those that lose at most one agent-day in a
thousand more than the scripted mind there; if none does, the most self-sufficient one. Writes ``chosen.json`` into the
folder of the run.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import torch
from learn import judge

from townlet.config import load_config
from townlet.evaluation import evaluate

TOWNS = range(3_000_000, 3_000_064)
TOLERATED = 0.001


def figures(policy: str, days: float) -> dict[str, float]:
    """Reward and self-sufficiency in the towns for choosing."""
    kpis = evaluate(load_config(None, ["name=riverside"]), policy, seeds=list(TOWNS), days=days).kpis
    return {name: kpis[name].mean for name in ("reward", "self_sufficiency")}


def choice(scripted: dict[str, float], found: dict[str, dict[str, float]]) -> str:
    """The name of the chosen one."""
    least = scripted["self_sufficiency"] - TOLERATED
    good = [name for name, of in found.items() if of["self_sufficiency"] >= least]
    if good:
        return max(good, key=lambda name: found[name]["reward"])
    return max(found, key=lambda name: found[name]["self_sufficiency"])


def main() -> None:
    """Read the command line, choose, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="a run of learn.py anneal with its checkpoints")
    parser.add_argument("--every", type=int, default=20, help="updates between two that are tried")
    parser.add_argument("--days", type=float, default=5.0, help="length of each town")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    started, cpu = time.perf_counter(), time.process_time()
    learned = sorted(f for f in (arguments.run / "checkpoints").glob("s*-u*") if not f.name.endswith("-u00000000"))
    last_stage = [f for f in learned if f.name.split("-")[0] == learned[-1].name.split("-")[0]]
    tried = [f for f in last_stage if int(f.name.split("-u")[1]) % arguments.every == 0]
    tried += [f for f in last_stage[-1:] if f not in tried]
    scripted = figures("scripted", arguments.days)
    print(f"scripted: {scripted}", flush=True)
    found: dict[str, dict[str, float]] = {}
    for folder in tried:
        found[folder.name] = figures(f"pytorch:{folder}", arguments.days)
        print(f"{folder.name}: {found[folder.name]}", flush=True)
    chosen = choice(scripted, found)
    spent = {"wall_seconds": time.perf_counter() - started, "processor_seconds": time.process_time() - cpu}
    print(f"chosen: {chosen}, after {spent['processor_seconds']:.0f} s", flush=True)
    policy = f"pytorch:{arguments.run / 'checkpoints' / chosen}"
    rows = judge(load_config(None, ["name=riverside"]), [policy], arguments.days)
    document: dict[str, Any] = {"chosen": chosen, "scripted": scripted, "tried": found, **spent, "judged": rows}
    (arguments.run / "chosen.json").write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
