"""PPO samples a second: Townlet, Stable-Baselines3 and a CleanRL-style loop on identical work, in one run.

    python benchmarks/training/speed.py                      # our network
    python benchmarks/training/speed.py --encoder conv       # two convolutions
    python benchmarks/training/speed.py --check              # exit code 1 below the targets

Same town (free of cost, observations as large as the real one's), same network, same hyper-parameters: 64 rows, 128
ticks, 4 epochs of 4 minibatches. Trainers take turns, one iteration each, so that a noisy neighbour slows all of
them; the median of the paired ratios counts. The rewards at the end show that all of them learn alike.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics

import torch
from trainers import SAMPLES, Townlet, count_processor_time, make_trainers

from townlet_backend_pytorch.devices import resolve_bfloat16
from townlet_backend_pytorch.options import PyTorchOptions

TARGETS = {"townlet float32": 1.0, "townlet bfloat16": 1.6}
OWN_WORK = 0.05
"""Of the wall time, all but network and world."""
WARM_UP = 2


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", default="flat")
    parser.add_argument("--iterations", type=int, default=36)
    parser.add_argument("--threads", type=int, default=0, help="CPU threads of PyTorch; 0: its own number")
    parser.add_argument("--processor-time", action="store_true", help="one thread, neighbours do not count")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    if arguments.processor_time:
        count_processor_time()
    elif arguments.threads:
        torch.set_num_threads(arguments.threads)
    trainers = [
        make() for make in make_trainers(PyTorchOptions(map_encoder=arguments.encoder, device="cpu", critic="shared"))
    ]
    seconds: dict[str, list[float]] = {trainer.name: [] for trainer in trainers}
    rewards: dict[str, list[float]] = {trainer.name: [] for trainer in trainers}
    for iteration in range(WARM_UP + arguments.iterations):
        for trainer in trainers:
            spent, reward = trainer.iterate()
            rewards[trainer.name].append(reward)
            if iteration >= WARM_UP:
                seconds[trainer.name].append(spent)
    others = [name for name in seconds if name not in TARGETS]
    ratios = {
        name: statistics.median(
            min(seconds[other][i] for other in others) / seconds[name][i] for i in range(arguments.iterations)
        )
        for name in TARGETS
    }
    native = resolve_bfloat16("auto", "auto", torch.device("cpu"))
    result = {
        "encoder": arguments.encoder,
        "threads": torch.get_num_threads(),
        "seconds_are": "processor" if arguments.processor_time else "wall",
        "torch": torch.__version__,
        "machine": platform.machine(),
        "native_bfloat16": native,
        "samples_per_second": {name: SAMPLES / statistics.median(times) for name, times in seconds.items()},
        "ratio_to_the_faster_other": ratios,
        **{f"shares_of_{t.name.replace(' ', '_')}": _shares(t) for t in trainers if isinstance(t, Townlet)},
        "rewards": {name: [round(value, 3) for value in values] for name, values in rewards.items()},
        "last_rewards": {name: statistics.mean(values[-3:]) for name, values in rewards.items()},
    }
    if arguments.json:
        print(json.dumps(result, indent=2))
    else:
        _show(result)
    missed = [n for n, target in TARGETS.items() if ratios[n] < target and (native or n == "townlet float32")]
    heavy = [t.name for t in trainers if isinstance(t, Townlet) and _shares(t)["all but network and world"] > OWN_WORK]
    return 1 if arguments.check and (missed or heavy) else 0


def _shares(trainer: Townlet) -> dict[str, float]:
    """Where the wall time of an iteration goes: medians over those that were measured."""
    measured = trainer.shares[WARM_UP:]
    shares = {name: statistics.median(each[name] for each in measured) for name in measured[0]}
    own = statistics.median(1 - each["network"] - each["world"] for each in measured)
    return {**shares, "all but network and world": own}


def _show(result: dict[str, object]) -> None:
    for key, value in result.items():
        if isinstance(value, dict):
            print(key)
            for name, number in value.items():
                if isinstance(number, list):
                    print(f"  {name:<26} {' '.join(f'{value:.2f}' for value in number)}")
                else:
                    print(f"  {name:<26} {number:10.3f}" if number < 100 else f"  {name:<26} {number:10,.0f}")
        else:
            print(f"{key:<18} {value}")


if __name__ == "__main__":
    raise SystemExit(main())
