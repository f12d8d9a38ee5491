r"""The curves and rows of finished runs of ``goals.yaml``, in the form that ``others.py`` writes.

    python benchmarks/learning/runs.py --run runs/goals1 --run runs/goals2 --run runs/goals3 --processor-seconds 1139 \
        --out benchmarks/learning/results/goals.json

Each checkpoint that was kept is watched on the same towns as the others are, and the last one judged like them. A run
knows the clock's seconds, of little use where it shared the machine: ``--processor-seconds`` says what one of them
took of a processor (``time`` tells), and each update counts as an equal part of it. A command that was stopped goes on:
what the file says already is not played again.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from judging import JUDGED, RULES, WATCHED, Rules, played, row_of, write

from townlet.config import TownletConfig, load_config
from townlet.envs.engine import TownEngine
from townlet.training.metrics.log import read_metrics

HERE = Path(__file__).resolve().parent


def curve(
    run: Path, config: TownletConfig, given: argparse.Namespace, points: list[dict[str, float]]
) -> Iterator[None]:
    """Add to the points what each checkpoint earns whose update ``--every`` divides, after how much."""
    lines = {int(line["step"] or 0): line for line in read_metrics(run / "metrics.jsonl") if line["phase"] == "ppo"}
    rollout = config.training.ppo.rollout
    ticks = rollout.worlds * rollout.ticks * TownEngine(config, [0]).agents
    for folder in sorted((run / "checkpoints").glob("s000-u*")):
        update = int(folder.name.partition("-u")[2])
        if update % given.every or any(point["update"] == update for point in points):
            continue
        point = {
            "update": update,
            "seconds": round(given.processor_seconds * update / max(lines), 1),
            "samples": update * ticks,
            "decisions": int(lines[update]["samples"] or 0) if update else 0,
            "reward": float(np.mean(played(config, f"pytorch:{folder}", WATCHED)["reward"])),
        }
        print(run.name, point, file=sys.stderr, flush=True)
        points.append(point)
        points.sort(key=lambda point: point["update"])
        yield


def main() -> None:
    """Read the command line, watch and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, action="append", required=True, help="a finished run, may be repeated")
    parser.add_argument("--processor-seconds", type=float, required=True, help="what a run took, see above")
    parser.add_argument("--config", type=Path, default=HERE / "goals.yaml", help="the towns and how they are taught")
    parser.add_argument("--every", type=int, default=100, help="updates between two points")
    parser.add_argument("--out", type=Path, required=True, help="file for curves and rows, JSON")
    given = parser.parse_args()
    torch.set_num_threads(1)
    config = load_config(given.config)
    rules = Rules.kept(RULES)
    found = json.loads(given.out.read_text()) if given.out.exists() else {"rows": []}
    rows = {row["name"]: row for row in found["rows"]}
    for run in given.run:
        name = f"goals.yaml, seed {json.loads((run / 'config.json').read_text())['seed']}"
        row = rows.setdefault(name, {"name": name, "points": []})
        if "reward" not in row:
            row |= row_of(played(config, f"pytorch:{run / 'checkpoints' / 'last'}", JUDGED), rules)
            write(given.out, {"processor_seconds": given.processor_seconds, "rows": list(rows.values())})
        for _ in curve(run, config, given, row["points"]):
            row |= {name: row["points"][-1][name] for name in ("seconds", "samples", "decisions")}
            write(given.out, {"processor_seconds": given.processor_seconds, "rows": list(rows.values())})
        print(name, row["reward"], row["minus_default"]["reward"], flush=True)


if __name__ == "__main__":
    main()
