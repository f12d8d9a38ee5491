r"""Minds that are taught in steps, each from the one before, and judged once at their end.

    python benchmarks/learning/steps.py --seed 1 --out runs/steps1

First the tuned rules are cloned in the action space ``goals``, and PPO goes on from the clone: a mind of goals. Then
one of primitive actions imitates it, which acts in the town itself. How many days a mind loses differs from checkpoint
to checkpoint, so the last ones of each step play towns of their own, and the best of them goes on. A command that was
stopped goes on: a step that is there is not taught again, and one that was begun is resumed.

Each step's mind acts greedily in the 64 judged towns, beside the default rules in primitive actions. What each step
took, choosing included, lies in steps.json in the run's folder; what came of it, in ``results/steps.json``, of which
page.py makes rows.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import torch
from judging import JUDGED, RULES, Rules, played, row_of, tried, write

from townlet.api import TrainingReport
from townlet.checkpoints import read_checkpoint
from townlet.config import TownletConfig, load_config
from townlet.training import TrainingHarness
from townlet.training.metrics.log import read_metrics

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "steps.json"
CHOICE = range(3_500_000, 3_500_096)
"""Towns on which a checkpoint is chosen, so that the judged ones are seen once."""
A_DAY = 10.0
"""What an agent-day that is not lost counts beside the reward of a day."""


class Step(NamedTuple):
    """One training.

    Attributes:
        name: of the step.
        called: the mind that comes of it, in the table.
        config: its file.
        newest: how many checkpoints are chosen from.
        plays_with: settings to play with.
    """

    name: str
    called: str
    config: str
    newest: int
    plays_with: tuple[str, ...] = ()


STEPS = (
    # Asked more often than it was taught to be, it turns round sooner, and it still holds to what it wants.
    Step("taught", "from the tuned rules, in goals", "teacher.yaml", 6, ("town.ask_every=1",)),
    Step("imitated", "in primitive actions, by way of goals", "imitate.yaml", 3),
)


def show(report: TrainingReport) -> None:
    """A line now and then on stderr."""
    if report.step % 20 == 0 or report.step == report.total:
        shown = {name: round(report.metrics[name], 5) for name in ("reward_mean", "accuracy") if name in report.metrics}
        print(f"{report.phase} {report.step}/{report.total} {shown}", file=sys.stderr, flush=True)


def teach(step: Step, before: Path | None, seed: int, out: Path) -> dict[str, Any]:
    """One step, whole or the rest of it; what it took, and how many decisions were learned from."""
    settings = [f"seed={seed}"]
    if before is not None:
        settings.append(f"training.demonstrations.teacher=pytorch:{before}")
    began, processor = time.perf_counter(), time.process_time()
    resume = (out / "run.json").exists()
    config = load_config(HERE / step.config, settings)
    TrainingHarness(config, "anneal", out=out, resume=resume, watchers=[show]).train()
    took = {"seconds": time.perf_counter() - began, "processor_seconds": time.process_time() - processor}
    print(f"{step.name}: {', '.join(f'{name} {value:.0f}' for name, value in took.items())}", flush=True)
    learned = [line["samples"] or 0 for line in read_metrics(out / "metrics.jsonl") if line["phase"] == "ppo"]
    counts = {"resumed": resume, "decisions": int(max(learned, default=0))}
    return {"step": step.name, **counts, **{name: round(value, 1) for name, value in took.items()}}


def settings_of(step: Step, folder: Path) -> TownletConfig:
    """What the step's mind plays with."""
    return load_config(folder / "config.json", list(step.plays_with))


def choose(step: Step, folder: Path) -> dict[str, Any]:
    """The best of the step's newest checkpoints, and what each reached in the towns for choosing."""
    processor = time.process_time()
    folders = sorted((folder / "checkpoints").glob("s*"))
    distinct = {read_checkpoint(each).manifest.fingerprint: each for each in folders}  # a stage's end comes twice
    found = tried(settings_of(step, folder), list(distinct.values())[-step.newest :], CHOICE)
    best = max(found, key=lambda each: found[each]["reward"] + A_DAY * found[each]["self_sufficiency"])
    of = {checkpoint.name: figures for checkpoint, figures in found.items()}
    return {"checkpoint": best.name, "of": of, "processor_seconds": round(time.process_time() - processor, 1)}


def publish(name: str, steps: list[dict[str, Any]], row: dict[str, Any]) -> None:
    """Put the row into the results, in the place of one of the same name."""
    kept = json.loads(RESULTS.read_text())["rows"] if RESULTS.exists() else []
    spent = {
        "seconds": round(sum(step["processor_seconds"] + step["chosen"]["processor_seconds"] for step in steps), 1),
        "decisions": sum(step["decisions"] for step in steps),
    }
    if any(step["resumed"] for step in steps):  # only the rest of it was timed
        spent = {}
    rows = {each["name"]: each for each in kept} | {name: {"name": name, **spent, **row}}
    write(RESULTS, {"rows": [rows[each] for each in sorted(rows)]})


def main() -> None:
    """Read the command line, teach and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, help="of every step")
    parser.add_argument("--out", type=Path, required=True, help="folder for the runs of all steps")
    given = parser.parse_args()
    out: Path = given.out
    torch.set_num_threads(1)
    told = out / "steps.json"
    done: list[dict[str, Any]] = json.loads(told.read_text())["steps"] if told.exists() else []
    before: Path | None = None
    for number, step in enumerate(STEPS):
        if number == len(done):
            done.append(teach(step, before, given.seed, out / step.name))
            write(told, {"seed": given.seed, "steps": done})
        if "chosen" not in done[number]:
            done[number]["chosen"] = choose(step, out / step.name)
            write(told, {"seed": given.seed, "steps": done})
        before = out / step.name / "checkpoints" / done[number]["chosen"]["checkpoint"]
    for number, step in enumerate(STEPS):  # when all of them are there: the judged towns are seen once
        if "judged" not in done[number]:
            mind = f"pytorch:{out / step.name / 'checkpoints' / done[number]['chosen']['checkpoint']}"
            figures = played(settings_of(step, out / step.name), mind, JUDGED)
            done[number]["judged"] = row_of(figures, Rules.kept(RULES))
            write(told, {"seed": given.seed, "steps": done})
            publish(f"{step.called}, seed {given.seed}", done[: number + 1], done[number]["judged"])
        print(step.called, json.dumps(done[number]["judged"], indent=1), flush=True)


if __name__ == "__main__":
    main()
