r"""What other trainers learn from nothing in the towns of ``goals.yaml``, in the same processor time.

    python benchmarks/learning/others.py --seconds 950 --work runs/others \
        --out benchmarks/learning/results/others.json

Stable-Baselines3's PPO and sb3-contrib's MaskablePPO with their defaults, and a loop like CleanRL's with the settings
of its ``ppo.py`` (more rows, since a town has eight). They know steps only: of fifteen ticks some fourteen are such
that nobody is asked and whatever is given is ignored, and they learn from all of them. MaskablePPO sees from its masks
that there was nothing to choose.

Whoever has had least of the processor goes next, so that all of them have had the same at any moment; one thread. A
command that was stopped goes on where it was, from ``--work``. Each is judged now and then on towns for watching, and
at the end on the judged ones, paired with the default scripted mind; neither is counted.
Needs ``pip install stable-baselines3 sb3-contrib``.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from cleanrl import PlainLoop
from judging import DAYS, JUDGED, RULES, WATCHED, Rules, row_of, write
from vectors import keep_towns, lived, put_back_towns, vector

from townlet.config import TownletConfig, load_config

HERE = Path(__file__).resolve().parent


class Learner(Protocol):
    """A trainer that goes on by one rollout and the update from it when told."""

    @property
    def samples(self) -> int:
        """Steps of all rows so far."""

    @property
    def decisions(self) -> int:
        """Those of them at which an agent was asked."""

    def keep(self, folder: Path) -> None:
        """Write all of it into a folder."""

    def put_back(self, folder: Path) -> None:
        """Go on where :meth:`keep` was."""

    def iterate(self, share: float) -> None:
        """One rollout and one update, when ``share`` of the time is over."""

    def scores(self, seen: Any) -> Any:
        """Of the actions ``[N, K]``, from flat observations ``[N, F]``."""


class Baselines:
    """Stable-Baselines3's PPO or one made like it, with its defaults.

    Args:
        kind: the class.
        config: the towns.
        worlds: how many of them.
        seed: of the network and of what is drawn.
    """

    def __init__(self, kind: Any, config: TownletConfig, worlds: int, seed: int) -> None:
        self.town = vector(config, worlds)
        self.model = kind("MlpPolicy", self.town, seed=seed, device="cpu")

    @property
    def samples(self) -> int:
        return int(self.model.num_timesteps)

    @property
    def decisions(self) -> int:
        return int(self.town.decisions)

    def keep(self, folder: Path) -> None:
        keep_towns(self.town.town, folder)
        self.model.save(folder / "model.zip")
        (folder / "decisions.json").write_text(str(self.decisions))

    def put_back(self, folder: Path) -> None:
        put_back_towns(self.town.town, folder)
        self.model = type(self.model).load(folder / "model.zip", env=self.town, device="cpu")
        self.town.decisions = json.loads((folder / "decisions.json").read_text())

    def iterate(self, share: float) -> None:
        del share  # its step size stays as it is
        self.model.learn(self.model.n_steps * self.town.num_envs, reset_num_timesteps=False)

    def scores(self, seen: Any) -> Any:
        with torch.no_grad():
            return self.model.policy.get_distribution(torch.from_numpy(seen)).distribution.logits.numpy()


def made(name: str, config: TownletConfig, worlds: int, seed: int) -> Learner:
    """The trainer of that name."""
    if name == "cleanrl-style":
        return PlainLoop(config, worlds, seed)
    if name == "sb3":
        from stable_baselines3 import PPO

        return Baselines(PPO, config, worlds, seed)
    from sb3_contrib import MaskablePPO

    return Baselines(MaskablePPO, config, worlds, seed)


NAMES = ("sb3", "maskable", "cleanrl-style")


class Entrant:
    """A learner with its own clock and its own random numbers, whoever else learns in this process."""

    def __init__(self, name: str, make: Callable[[], Learner], folder: Path) -> None:
        self.name, self.folder, self.seconds = name, folder / name, 0.0
        self.points: list[dict[str, float]] = []
        self.learner = make()
        self.drawn: tuple[Any, Any] = (torch.get_rng_state(), np.random.get_state())
        if (self.folder / "entrant.pt").exists():
            self.learner.put_back(self.folder)
            state = torch.load(self.folder / "entrant.pt", weights_only=True)
            self.seconds, self.points, (drawn, (kind, keys, *rest)) = state
            self.drawn = drawn, (kind, keys.numpy(), *rest)

    def keep(self) -> None:
        """Write all of it, so that another process can go on."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.learner.keep(self.folder)
        drawn, (kind, keys, *rest) = self.drawn
        state = (self.seconds, self.points, (drawn, (kind, torch.from_numpy(keys), *rest)))
        torch.save(state, self.folder / "entrant.pt")  # tensors and numbers alone, so that no code is read back

    def iterate(self, budget: float) -> None:
        """One rollout and update, on the clock."""
        torch.set_rng_state(self.drawn[0])
        np.random.set_state(self.drawn[1])
        began = time.process_time()
        self.learner.iterate(min(1.0, self.seconds / budget))
        self.seconds += time.process_time() - began
        self.drawn = torch.get_rng_state(), np.random.get_state()

    def told(self) -> dict[str, float]:
        """What it has had so far."""
        counts = {"samples": self.learner.samples, "decisions": self.learner.decisions}
        return {"seconds": round(self.seconds, 1), **counts}

    def watch(self, config: TownletConfig) -> None:
        """Note what it earns by now."""
        rows = lived(config, self.learner.scores, WATCHED, DAYS).per_world()
        self.points.append({**self.told(), "reward": float(np.mean([row["reward"] for row in rows]))})
        print(self.name, self.points[-1], file=sys.stderr, flush=True)

    def result(self, config: TownletConfig, rules: Rules) -> dict[str, Any]:
        """Its curve and its row."""
        if self.points[-1]["seconds"] < round(self.seconds, 1):
            self.watch(config)
        rows = lived(config, self.learner.scores, JUDGED, DAYS).per_world()
        figures = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        return {"name": self.name, **self.told(), "points": self.points, **row_of(figures, rules)}


def race(entrants: list[Entrant], config: TownletConfig, budget: float, every: float, until: float) -> None:
    """Let them learn, whoever is behind first, to the budget or the time ``until`` of the monotonic clock."""
    for each in entrants:
        if not each.points:
            each.watch(config)
    while time.monotonic() < until:
        behind = min(entrants, key=lambda each: each.seconds)
        if behind.seconds >= budget:
            break
        behind.iterate(budget)
        if behind.seconds >= every * len(behind.points):
            behind.watch(config)
            behind.keep()
    for each in entrants:
        each.keep()


def main() -> None:
    """Read the command line, let them learn, judge them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="file for curves and rows, JSON")
    parser.add_argument("--work", type=Path, required=True, help="folder where all of them are kept")
    parser.add_argument("--config", type=Path, default=HERE / "goals.yaml", help="the towns")
    parser.add_argument("--only", choices=NAMES, action="append", help="trainer, may be repeated (default: all)")
    parser.add_argument("--seconds", type=float, default=950.0, help="processor time of each")
    parser.add_argument("--every", type=float, default=120.0, help="seconds between two looks at what they earn")
    parser.add_argument(
        "--patience", type=float, default=1e9, help="minutes by the clock after which it stops, to be gone on with"
    )
    parser.add_argument("--worlds", type=int, default=2, help="towns of each, of eight agents")
    parser.add_argument("--seed", type=int, default=0, help="of networks and of what is drawn")
    given = parser.parse_args()
    torch.set_num_threads(1)
    until = time.monotonic() + 60 * given.patience
    config = load_config(given.config)
    entrants = [
        Entrant(name, lambda name=name: made(name, config, given.worlds, given.seed), given.work)
        for name in given.only or NAMES
    ]
    race(entrants, config, given.seconds, given.every, until)
    if any(each.seconds < given.seconds for each in entrants):
        print("not there yet: the same command goes on", *(f"{each.name} {each.seconds:.0f} s" for each in entrants))
        return
    rules = Rules.kept(RULES)
    rows = [each.result(config, rules) for each in entrants]
    about = {"worlds": given.worlds, "seed": given.seed, "budget": given.seconds, "space": config.town.actions}
    write(given.out, {**about, "rows": rows})
    for row in rows:
        print(f"{row['name']}: {row['seconds']:.0f} s, {row['samples']:,} steps, reward {row['reward']['mean']:.3f}")


if __name__ == "__main__":
    main()
