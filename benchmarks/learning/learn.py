"""Does it learn? Tiny towns, a clone of the scripted mind, and a mind that surpasses it.

python benchmarks/learning/learn.py tiny
python benchmarks/learning/learn.py clone --out runs/clone
python benchmarks/learning/learn.py anneal --out runs/anneal
python benchmarks/learning/learn.py nothing --out runs/nothing       # PPO from nothing, for the curve

Needs the pytorch backend. Each prints what was reached, with 95 % intervals over towns that nobody was trained on.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from townlet.api import TrainingReport
from townlet.config import TownletConfig, load_config
from townlet.envs.tiny import BanditTown, NavigationTown
from townlet.evaluation import compare, evaluate
from townlet.policy.training import AnnealSummary, TrainingHarness
from townlet.policy.training.metrics_log import read_metrics

HERE = Path(__file__).resolve().parent
UNSEEN = range(1_000_000, 1_000_032)
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


def show(report: TrainingReport) -> None:
    """One line now and then on stderr."""
    if report.step % 5 == 0 or report.step == report.total:
        numbers = {name: round(value, 5) for name, value in report.metrics.items() if name in WATCHED}
        print(f"{report.phase} {report.step}/{report.total} {numbers}", file=sys.stderr, flush=True)


WATCHED = ("loss", "accuracy", "reward_mean", "lives_ended", "entropy", "approx_kl", "reference_kl", "passed")


def tiny() -> None:
    """PPO in towns where failing has no excuse."""
    for town, updates, best in ((BanditTown, 20, "reward 1 a tick"), (NavigationTown, 40, "return 0.953")):
        with tempfile.TemporaryDirectory() as folder:
            config = load_config(None, [*SMALL, f"training.ppo.updates={updates}"])
            started = time.perf_counter()
            out = Path(folder) / "run"
            harness = TrainingHarness(config, "rollout", out=out, engines=lambda _, seeds, __, town=town: town(seeds))
            harness.train()
            lines = read_metrics(out / "metrics.jsonl")
            reward, returned = (sum(line[name] for line in lines[-3:]) / 3 for name in ("reward_mean", "return_mean"))
            seconds = time.perf_counter() - started
            print(f"{town.__name__}: {seconds:.0f} s, reward {reward:.3f} a tick, return {returned:.3f} (best: {best})")


def train(config: TownletConfig, mode: str, out: Path) -> AnnealSummary | object:
    """Train, or go on with what is there."""
    started, cpu = time.perf_counter(), time.process_time()
    resume = (out / "run.json").exists()
    result = TrainingHarness(config, mode, out=out, resume=resume, watchers=[show]).train()
    print(f"{time.perf_counter() - started:.0f} s of wall time, {time.process_time() - cpu:.0f} s of processor time")
    for stage in result.stages if isinstance(result, AnnealSummary) else ():
        accuracy = f", held-out accuracy {stage.bc.metrics.accuracy:.2%}" if stage.bc and stage.bc.metrics else ""
        print(f"stage {stage.stage} {stage.mode}: {stage.verdict}{accuracy} {list(stage.flags)}")
    return result


def judge(config: TownletConfig, policies: list[str], days: float) -> None:
    """Each policy beside the scripted mind with its defaults, greedily, on the unseen towns."""
    evaluations = [evaluate(config, policy, seeds=list(UNSEEN), days=days) for policy in ("scripted", *policies)]
    for evaluation in evaluations:
        reward, sufficient = evaluation.kpis["reward"], evaluation.kpis["self_sufficiency"]
        print(
            f"{evaluation.policy}: reward {reward.mean:.3f} [{reward.low:.3f}, {reward.high:.3f}] an agent-day, "
            f"self-sufficiency {sufficient.mean:.3f} [{sufficient.low:.3f}, {sufficient.high:.3f}]"
        )
    for pair in compare(evaluations).comparisons:
        for name in ("reward", "self_sufficiency", "attendance", "exits"):
            d = pair.differences[name]
            print(f"{pair.b} minus scripted, {name}: {d.mean:+.3f} [{d.low:+.3f}, {d.high:+.3f}] {d.verdict}")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("tiny", "clone", "anneal", "nothing", "judge"))
    parser.add_argument("--out", type=Path, default=None, help="folder of the run; gone on with if it is there")
    parser.add_argument("--days", type=float, default=3.0, help="length of each town that is judged")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override of the config")
    arguments = parser.parse_args()
    if arguments.what == "tiny":
        tiny()
        return
    if arguments.out is None:
        parser.error("--out is needed")
    file = HERE / ("clone.yaml" if arguments.what == "clone" else "anneal.yaml")
    config = load_config(file, arguments.set)
    if arguments.what != "judge":
        train(config, "rollout" if arguments.what == "nothing" else "anneal", arguments.out)
    judge(config, [f"pytorch:{arguments.out}"], arguments.days)


if __name__ == "__main__":
    main()
