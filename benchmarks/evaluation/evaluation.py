"""How long evaluating takes: one policy on 32 towns for 5 days, comparing two, and a trial of a study.

    python benchmarks/evaluation/evaluation.py            # a table
    python benchmarks/evaluation/evaluation.py --check    # exit code 1 above the budget
    python benchmarks/evaluation/evaluation.py --json

Budget: 10 seconds of one core for one policy, twice that for a comparison; a trial of ``townlet tune`` on 24 towns
takes no longer than evaluating the same settings there, give or take a tenth. Counted is processor time, which
neighbours on the machine disturb less than wall time; both are shown. Compilation is done before.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from townlet.config import load_config
from townlet.evaluation import compare, evaluate, evaluation_seeds
from townlet.tuning import plan_of
from townlet.tuning.trials import play_trial

BUDGET = 10.0
TRIAL_BUDGET = 1.1
SEEDS, DAYS = 32, 5.0


def measure(policies: tuple[str, ...]) -> dict[str, float]:
    """Wall and processor seconds of evaluating the policies and comparing them, if they are several."""
    config = load_config()
    seeds = evaluation_seeds(config, SEEDS)
    wall, busy = time.perf_counter(), time.process_time()
    results = [evaluate(config, policy, seeds=seeds, days=DAYS) for policy in policies]
    if len(results) > 1:
        compare(results)
    return {"wall": time.perf_counter() - wall, "processor": time.process_time() - busy}


def trial_over_evaluation(turns: int = 5) -> float:
    """Processor time of a trial over that of ``evaluate`` on the same towns: the best of some turns each."""
    plan = plan_of(load_config())
    towns = plan.towns.tuned_on
    best = {"trial": float("inf"), "evaluate": float("inf")}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(turns):
            begun = time.process_time()
            play_trial(plan.job(plan.space.start(), 0, towns, Path(folder)))
            best["trial"] = min(best["trial"], time.process_time() - begun)
            begun = time.process_time()
            evaluate(plan.config, "scripted", seeds=towns.seeds(), days=plan.towns.days)
            best["evaluate"] = min(best["evaluate"], time.process_time() - begun)
    return best["trial"] / best["evaluate"]


def main() -> int:
    """Returns an exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    evaluate(load_config(), "scripted", seeds=(1,), days=0.02)  # compiles
    one, two = measure(("scripted",)), measure(("scripted", "stub"))
    trial = trial_over_evaluation()
    if arguments.json:
        print(json.dumps({"one": one, "two": two, "budget": BUDGET, "trial_over_evaluation": trial}, indent=2))
    else:
        print(f"{SEEDS} towns x {DAYS:g} days, seconds     processor    wall   budget")
        print(f"evaluate scripted             {one['processor']:10.1f}  {one['wall']:6.1f}   {BUDGET:6.1f}")
        print(f"compare scripted and stub     {two['processor']:10.1f}  {two['wall']:6.1f}   {2 * BUDGET:6.1f}")
        print(f"trial over evaluate, 24 towns {trial:10.2f}          {TRIAL_BUDGET:6.1f}")
    over = one["processor"] > BUDGET or two["processor"] > 2 * BUDGET or trial > TRIAL_BUDGET
    return 1 if over and arguments.check else 0


if __name__ == "__main__":
    sys.exit(main())
