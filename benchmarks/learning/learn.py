"""Does it learn? Tiny towns, a clone of the scripted mind, and a mind that surpasses it.

python benchmarks/learning/learn.py tiny
python benchmarks/learning/learn.py clone --out runs/clone
python benchmarks/learning/learn.py anneal --out runs/anneal
python benchmarks/learning/learn.py nothing --out runs/nothing       # PPO from nothing, for the curve
python benchmarks/learning/learn.py goals --out runs/goals           # PPO from nothing, in the action space `goals`

Needs the pytorch backend. Each prints what was reached, with 95 % intervals over towns that nobody was trained on, and
writes it into learned.json in the run's folder, which page.py makes a page of.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from judging import tried

from townlet.api import TrainingReport
from townlet.config import TownletConfig, load_config
from townlet.data import demonstrations, open_dataset
from townlet.envs.tiny import BanditTown, NavigationTown
from townlet.evaluation import Estimate, difference, evaluate
from townlet.evaluation.names import higher_is_better
from townlet.play import Admission, Casting
from townlet.training import AnnealSummary, TrainingHarness
from townlet.training.metrics.log import read_metrics

HERE = Path(__file__).resolve().parent
UNSEEN = range(1_000_000, 1_000_032)
CHOICE = range(3_000_000, 3_000_016)
"""Towns on which a checkpoint is chosen, so that the judged ones are seen once."""
SHOWN = ("reward", "self_sufficiency", "attendance", "exits")
SMALL = (
    "training.evaluate=false",
    "training.ppo.rollout.worlds=8",
    "training.ppo.rollout.ticks=64",
    "training.ppo.learning_rate.start=0.002",
    "training.ppo.learning_rate.end=0.0002",
    "training.ppo.settings.gamma=0.95",
    "training.options.hidden=[64, 64]",
    "training.options.map_width=32",
)
WATCHED = ("loss", "accuracy", "reward_mean", "lives_ended", "entropy", "approx_kl", "reference_kl", "passed")


def show(report: TrainingReport) -> None:
    """One line now and then on stderr."""
    if report.step % 5 == 0 or report.step == report.total:
        numbers = {name: round(value, 5) for name, value in report.metrics.items() if name in WATCHED}
        print(f"{report.phase} {report.step}/{report.total} {numbers}", file=sys.stderr, flush=True)


def tiny() -> dict[str, Any]:
    """PPO in towns where failing has no excuse."""
    towns = []
    for town, updates, measure, best in (
        (BanditTown, 20, "reward_mean", "reward 1 a tick"),
        (NavigationTown, 40, "return_mean", "return 0.953"),
    ):
        with tempfile.TemporaryDirectory() as folder:
            config = load_config(None, [*SMALL, f"training.ppo.updates={updates}"])
            started = time.perf_counter()
            out = Path(folder) / "run"
            harness = TrainingHarness(config, "rollout", out=out, engines=lambda _, seeds, __, town=town: town(seeds))
            harness.train()
            lines = read_metrics(out / "metrics.jsonl")
            reached = f"{sum(float(line[measure] or 0) for line in lines[-3:]) / 3:.3f}"
            seconds = time.perf_counter() - started
            print(f"{town.__name__}: {seconds:.0f} s, {measure} {reached} (best: {best})")
            towns.append({"town": town.__name__, "seconds": seconds, "reached": reached, "best": best})
    return {"what": "tiny", "towns": towns}


def train(config: TownletConfig, mode: str, out: Path) -> dict[str, Any]:
    """Train, or resume what is there. Returns what it took."""
    started, cpu = time.perf_counter(), time.process_time()
    resume = (out / "run.json").exists()
    result = TrainingHarness(config, mode, out=out, resume=resume, watchers=[show]).train()
    spent = {
        "wall_seconds": time.perf_counter() - started,
        "processor_seconds": time.process_time() - cpu,
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "resumed": resume,
    }
    print(", ".join(f"{name} {value:.0f}" for name, value in spent.items()))
    for stage in result.stages if isinstance(result, AnnealSummary) else ():
        accuracy = f", held-out accuracy {stage.bc.metrics.accuracy:.2%}" if stage.bc and stage.bc.metrics else ""
        print(f"stage {stage.stage} {stage.mode}: {stage.verdict}{accuracy} {list(stage.flags)}")
    return spent


def held_out_accuracy(config: TownletConfig, policy: str, out: Path) -> dict[str, float]:
    """How often the greedy policy does what the teacher did in those of the teacher's own lives that were held out."""
    from townlet_backend_pytorch.bc_trainer import evaluate_bc_policy

    dataset = open_dataset(out / "demonstrations" / "stage-000")
    source = demonstrations(dataset, config.training.demonstrations.validation, config.seed)
    learned = Admission().open(Casting.of(TownletConfig()).mind(policy), dataset.spec, seed=config.seed)
    found = dict(evaluate_bc_policy(learned.policy, source))
    print(f"{policy}: right on {found['accuracy']:.2%} of the teacher's held-out decisions", end=" ")
    print(f"(the commonest action: {found['majority_accuracy']:.2%})")
    return found


def judge(config: TownletConfig, rules: TownletConfig, policies: list[str], days: float) -> list[dict[str, Any]]:
    """Each policy beside the scripted mind, which lives by the config ``rules``, greedily, on the unseen towns."""
    played = [(rules, "scripted"), *((config, policy) for policy in policies)]
    evaluations = [evaluate(town, policy, seeds=list(UNSEEN), days=days) for town, policy in played]
    rows: list[dict[str, Any]] = []
    for evaluation in evaluations:
        row = {"policy": evaluation.policy, "days": days, "towns": len(UNSEEN)}
        rows.append({**row, **{name: _numbers(evaluation.kpis[name]) for name in SHOWN}})
        reward, sufficient = evaluation.kpis["reward"], evaluation.kpis["self_sufficiency"]
        print(
            f"{evaluation.policy}: reward {reward.mean:.3f} [{reward.low:.3f}, {reward.high:.3f}] an agent-day, "
            f"self-sufficiency {sufficient.mean:.3f} [{sufficient.low:.3f}, {sufficient.high:.3f}]"
        )
    first = evaluations[0].per_seed
    against = "classic" if rules.policy.options.get("preset") == "classic" else "scripted"
    rows[0]["policy"] = against
    for row, evaluation in zip(rows[1:], evaluations[1:], strict=True):
        differences = {}
        for name in SHOWN:
            told, better = (np.array(first[name]), np.array(evaluation.per_seed[name])), higher_is_better(name)
            d = difference(*told, higher_is_better=better)
            differences[name] = {"mean": d.mean, "low": d.low, "high": d.high, "verdict": d.verdict}
            found = f"{d.mean:+.3f} [{d.low:+.3f}, {d.high:+.3f}] {d.verdict}"
            print(f"{evaluation.policy} minus {against}, {name}: {found}")
        row["minus_scripted"] = differences
    return rows


def choose(config: TownletConfig, out: Path, days: float) -> list[dict[str, Any]]:
    """Each checkpoint of the last stage on the towns for choosing, the best first.

    Those that keep the config's limit on lost days come first, by reward; the others by the days that they lose.
    """
    limit = config.training.ppo.constraint.lost_days
    folders = sorted(path for path in (out / "checkpoints").iterdir() if path.is_dir() and not path.is_symlink())
    last = [path for path in folders if path.name.startswith(folders[-1].name.split("-")[0])]
    found = tried(config, last, CHOICE, days)
    rows: list[dict[str, Any]] = [{"policy": f"pytorch:{folder}", **figures} for folder, figures in found.items()]

    def rank(row: dict[str, Any]) -> tuple[bool, float]:
        kept = limit is None or 1.0 - row["self_sufficiency"] <= limit
        return kept, row["reward"] if kept else row["self_sufficiency"]

    return sorted(rows, key=rank, reverse=True)


def _numbers(interval: Estimate) -> dict[str, float]:
    return {"mean": interval.mean, "low": interval.low, "high": interval.high}


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("tiny", "clone", "anneal", "nothing", "goals", "judge"))
    parser.add_argument(
        "--out", type=Path, default=None, help="folder of the run, gone on with if it is there; tiny: a file"
    )
    parser.add_argument("--days", type=float, default=5.0, help="length of each town that is judged")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override of the config")
    arguments = parser.parse_args()
    if arguments.what == "tiny":
        found = tiny()
        if arguments.out is not None:
            arguments.out.write_text(json.dumps(found, indent=1) + "\n")
        return
    if arguments.out is None:
        parser.error("--out is needed")
    out: Path = arguments.out
    name = "anneal" if arguments.what == "judge" else arguments.what
    config = load_config(HERE / f"{name}.yaml", arguments.set)
    learned: dict[str, Any] = {"what": arguments.what}
    from_nothing = name in ("nothing", "goals")
    if arguments.what != "judge":
        learned |= train(config, "rollout" if from_nothing else "anneal", out)
    spans = name == "goals"
    if spans:
        learned["chosen"] = choose(config, out, arguments.days)
    policies = [learned["chosen"][0]["policy"] if spans else f"pytorch:{out}"]
    stages = config.training.anneal.stages
    cloned = sum(stage.mode == "bc" for stage in stages)
    if not from_nothing and cloned < len(stages):
        policies.insert(0, f"pytorch:{out}/checkpoints/s{cloned:03d}-u{0:08d}")  # the clone that PPO went on from
    if not from_nothing:
        learned["held_out"] = held_out_accuracy(config, policies[0], out)
    classic = load_config(None, ["name=riverside", "policy.options.preset=classic"])  # plain rewards
    rules = (
        load_config(None, ["name=riverside"]) if spans else classic
    )  # the rules act by the tick, where they are best
    learned["judged"] = judge(config if spans else classic, rules, policies, arguments.days)
    (out / "learned.json").write_text(json.dumps(learned, indent=1) + "\n")


if __name__ == "__main__":
    main()
