"""How long until a learner earns what the scripted mind earns: Townlet's training beside Stable-Baselines3's PPO.

    python benchmarks/learning/race.py --run runs/anneal --out runs/race.json

``--run`` is a run of ``learn.py anneal`` that kept its checkpoints. Each of them is judged; the first that earns as
much as the scripted mind gives the time. Stable-Baselines3 then trains with its own defaults (network, step size,
discount) on ``TownVectorEnv`` of the same town until it earns as much, or for ``--factor`` times as long. Judging is
not counted. One thread each; seconds are of processor time, so that neighbours on the machine do not count (of ours
the clock's are known, times the share of them that the run had a processor).
Needs ``pip install stable-baselines3``.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import torch
import vectors

from townlet.config import load_config
from townlet.evaluation import evaluate
from townlet.training.metrics.log import read_metrics

TOWNS = range(1_000_100, 1_000_108)
DAYS = 5
CONFIG = load_config(None, ["name=riverside", "policy.options.preset=classic"])

Point = dict[str, float]


def judged(policy: str) -> float:
    """Reward an agent-day of a policy that acts greedily in towns that nobody learned in."""
    return evaluate(CONFIG, policy, seeds=list(TOWNS), days=DAYS).kpis["reward"].mean


def ours(run: Path, goal: float) -> list[Point]:
    """The checkpoints of a run up to the first that reaches ``goal``: seconds since it began, and reward."""
    learned = json.loads((run / "learned.json").read_text())
    share = learned["processor_seconds"] / learned["wall_seconds"]
    seconds: dict[tuple[int, int], Point] = {}
    for line in read_metrics(run / "metrics.jsonl"):
        stage, update = int(line["stage"] or 0), int(line["step"] or 0)
        key = (stage, update) if line["phase"] == "ppo" else (stage + 1, 0)
        seconds[key] = {"seconds": share * float(line["seconds"] or 0), "samples": float(line["samples"] or 0)}
    points: list[Point] = []
    for folder in sorted((run / "checkpoints").glob("s*-u*")):
        stage, update = (int(part[1:]) for part in folder.name.split("-"))
        if (stage, update) not in seconds:
            continue
        reward = judged(f"pytorch:{folder}")
        points.append({**seconds[stage, update], "reward": reward})
        print(f"townlet {folder.name}: {points[-1]['seconds']:.0f} s, reward {reward:.3f}", file=sys.stderr, flush=True)
        if reward >= goal:
            break
    return points


def vector(worlds: int) -> Any:
    """The town as Stable-Baselines3 wants it."""
    return vectors.vector(CONFIG, worlds)


def theirs(goal: float, limit: float, every: float, worlds: int) -> list[Point]:
    """Stable-Baselines3's PPO with its defaults, judged every ``every`` seconds until the goal or the limit."""
    from stable_baselines3 import PPO
    from stable_baselines3.common.callbacks import BaseCallback

    points: list[Point] = []

    class Judge(BaseCallback):
        spent, clock, began, began_clock, over = 0.0, 0.0, 0.0, 0.0, False

        def _on_training_start(self) -> None:
            self.began, self.began_clock = time.process_time(), time.perf_counter()

        def _on_step(self) -> bool:
            return not self.over

        def _on_rollout_start(self) -> None:
            if self.spent + time.process_time() - self.began >= every * len(points):
                self.judge()
            self.over = points[-1]["reward"] >= goal or points[-1]["seconds"] >= limit

        def judge(self) -> None:
            self.spent += time.process_time() - self.began
            self.clock += time.perf_counter() - self.began_clock

            def scores(seen: Any) -> Any:
                with torch.no_grad():
                    return self.model.policy.get_distribution(torch.from_numpy(seen)).distribution.logits.numpy()

            reward = vectors.lived(CONFIG, scores, TOWNS, DAYS).summary()["reward"]
            samples = float(self.num_timesteps)
            points.append({"seconds": self.spent, "clock": self.clock, "samples": samples, "reward": reward})
            print(f"sb3: {self.spent:.0f} s, {samples:.0f} samples, reward {reward:.3f}", file=sys.stderr, flush=True)
            self.began, self.began_clock = time.process_time(), time.perf_counter()

    model = PPO("MlpPolicy", vector(worlds), seed=0, device="cpu")
    model.learn(10**9, callback=Judge())
    return points


def main() -> None:
    """Read the command line, race, and say who was there when."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="a run of learn.py anneal with its checkpoints")
    parser.add_argument("--out", type=Path, required=True, help="file for the points, JSON")
    parser.add_argument("--factor", type=float, default=3.0, help="patience with Stable-Baselines3, times our time")
    parser.add_argument("--every", type=float, default=60.0, help="seconds between two judgements")
    parser.add_argument("--worlds", type=int, default=8, help="towns of Stable-Baselines3, of eight agents each")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    goal = judged("scripted")
    print(f"the scripted mind earns {goal:.3f} an agent-day", flush=True)
    points = {"townlet": ours(arguments.run, goal)}
    time_of_ours = points["townlet"][-1]["seconds"]
    points["stable-baselines3"] = theirs(goal, arguments.factor * time_of_ours, arguments.every, arguments.worlds)
    for name, curve in points.items():
        last = curve[-1]
        verdict = "there after" if last["reward"] >= goal else "not there after"
        print(f"{name}: {verdict} {last['seconds']:.0f} s (reward {last['reward']:.3f})")
    arguments.out.write_text(json.dumps({"goal": goal, **points}, indent=1) + "\n")


if __name__ == "__main__":
    main()
