r"""Minds that are taught in steps, each from the weights of the one before, and judged once at the end.

    python benchmarks/learning/steps.py teacher --seed 1 --out runs/teacher1
    python benchmarks/learning/steps.py primitive --seed 1 --out runs/primitive1

``teacher``: the tuned rules are cloned in the action space ``goals``, and PPO goes on from the clone. ``primitive``:
goals from nothing, asked every 15 ticks, then every 4, then on each; what that mind does is then learned by one of
primitive actions, which acts in the town itself. A command that was stopped goes on: a step that is there is not taught
again, and one that was begun is resumed.

The last policy acts greedily in the 64 judged towns, beside the default rules in primitive actions. What each step
took lies in steps.json in the run's folder; what came of it, in ``results/steps.json``, of which page.py makes a row.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import torch
from judging import JUDGED, RULES, Rules, played, row_of, write

from townlet.api import TrainingReport
from townlet.config import load_config
from townlet.training import TrainingHarness
from townlet.training.metrics.log import read_metrics

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "steps.json"


class Step(NamedTuple):
    """One training: its name and config file, what differs from the file, and its mode."""

    name: str
    config: str
    settings: tuple[str, ...] = ()
    mode: str = "rollout"


ON_EACH_TICK = (
    "town.ask_every=1",
    "training.ppo.updates=150",
    "training.ppo.rollout.worlds=64",
    "training.ppo.settings.gae_lambda=0.99",
    "training.ppo.settings.epochs=3",
    "training.ppo.settings.precision=bfloat16",
    "training.ppo.learning_rate.end=0.00002",
    "training.ppo.entropy.start=0.0",
    "training.ppo.entropy.end=0.0",
)
"""What differs from finer.yaml where somebody is asked on each tick: four times as many decisions a rollout."""

RECIPES = {
    "teacher": (Step("taught", "teacher.yaml", mode="anneal"),),
    "primitive": (
        Step("coarse", "coarse.yaml"),
        Step("finer", "finer.yaml"),
        Step("each-tick", "finer.yaml", ON_EACH_TICK),
        Step("imitated", "imitate.yaml", mode="anneal"),
    ),
}


def show(report: TrainingReport) -> None:
    """A line now and then on stderr."""
    if report.step % 20 == 0 or report.step == report.total:
        shown = {name: round(report.metrics[name], 5) for name in ("reward_mean", "accuracy") if name in report.metrics}
        print(f"{report.phase} {report.step}/{report.total} {shown}", file=sys.stderr, flush=True)


NAMES = {"teacher": "from the tuned rules, in goals", "primitive": "in primitive actions, by way of goals"}


def teach(step: Step, before: Path | None, seed: int, out: Path) -> dict[str, Any]:
    """One step, whole or the rest of it; what it took, and how many decisions were learned from."""
    settings = [*step.settings, f"seed={seed}"]
    if before is not None:
        what = "training.demonstrations.teacher=pytorch:" if step.mode == "anneal" else "training.ppo.initial="
        settings.append(f"{what}{before / 'checkpoints' / 'last'}")
    began, processor = time.perf_counter(), time.process_time()
    resume = (out / "run.json").exists()
    config = load_config(HERE / step.config, settings)
    TrainingHarness(config, step.mode, out=out, resume=resume, watchers=[show]).train()
    took = {"seconds": time.perf_counter() - began, "processor_seconds": time.process_time() - processor}
    print(f"{step.name}: {', '.join(f'{name} {value:.0f}' for name, value in took.items())}", flush=True)
    learned = [line["samples"] or 0 for line in read_metrics(out / "metrics.jsonl") if line["phase"] == "ppo"]
    counts = {"resumed": resume, "decisions": int(max(learned, default=0))}
    return {"step": step.name, **counts, **{name: round(value, 1) for name, value in took.items()}}


def publish(recipe: str, seed: int, found: dict[str, Any], row: dict[str, Any]) -> None:
    """Put the row into the results, in the place of one of the same name."""
    name = f"{NAMES[recipe]}, seed {seed}"
    kept = json.loads(RESULTS.read_text())["rows"] if RESULTS.exists() else []
    spent = {
        "seconds": sum(step["processor_seconds"] for step in found["steps"]),
        "decisions": sum(step["decisions"] for step in found["steps"]),
    }
    rows = {each["name"]: each for each in kept} | {name: {"name": name, **spent, **row}}
    write(RESULTS, {"rows": [rows[each] for each in sorted(rows)]})


def main() -> None:
    """Read the command line, teach and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", choices=tuple(RECIPES))
    parser.add_argument("--seed", type=int, default=1, help="of every step")
    parser.add_argument("--out", type=Path, required=True, help="folder for the runs of all steps")
    given = parser.parse_args()
    out: Path = given.out
    torch.set_num_threads(1)
    told = out / "steps.json"
    found = json.loads(told.read_text()) if told.exists() else {"steps": []}
    done = {each["step"] for each in found["steps"]}
    before: Path | None = None
    for step in RECIPES[given.recipe]:
        if step.name not in done:
            found["steps"].append(teach(step, before, given.seed, out / step.name))
            write(told, {"recipe": given.recipe, "seed": given.seed, **found})
        before = out / step.name
    assert before is not None
    config = load_config(before / "config.json")
    row = row_of(played(config, f"pytorch:{before / 'checkpoints' / 'last'}", JUDGED), Rules.kept(RULES))
    write(told, {"recipe": given.recipe, "seed": given.seed, **found, "judged": row})
    publish(given.recipe, given.seed, found, row)
    print(json.dumps(row, indent=1))


if __name__ == "__main__":
    main()
