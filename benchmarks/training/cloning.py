"""Behaviour cloning, samples a second: Townlet and the ``imitation`` library on one network, batch and data set.

    python benchmarks/training/cloning.py                    # batch 256 and 2,048
    python benchmarks/training/cloning.py --check            # exit code 1 below twice imitation's speed

Where ``imitation`` is not installed (``pip install imitation``) a loop stands in for its inner part: PyTorch's
``DataLoader`` over single transitions with its default collation, Adam, cross-entropy, entropy and the L2 norm that
``imitation`` computes each batch. The output says which of the two it was. Epochs take turns; the median of the
paired ratios counts. Held-out evaluation, which ``imitation`` does not do, is in Townlet's time.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import torch
from towns import CueTown

from townlet.api import BCSettings, DemonstrationBatch, ObservationBatch, ObservationSpec
from townlet_backend_pytorch.bc_trainer import BCTrainer, BCTrajectoryDataset
from townlet_backend_pytorch.network import ConflictAwarePolicyNetwork
from townlet_backend_pytorch.options import BCTrainingConfig, PyTorchOptions

TRAIN, HELD_OUT, TARGET, RATE = 16_384, 2_048, 2.0, 1e-3


def demonstrations(spec: ObservationSpec) -> BCTrajectoryDataset:
    """A teacher that takes the action under the largest of eight features, every one of them possible."""

    def part(rows: int, seed: int) -> DemonstrationBatch:
        seen = CueTown(rows=rows, seed=seed).reset() if rows <= 64 else _many(rows, seed)
        return DemonstrationBatch(seen, seen.features[:, : spec.action_count].argmax(1).astype(np.int64))

    def _many(rows: int, seed: int) -> ObservationBatch:
        town = CueTown(rows=64, seed=seed)
        seen = []
        for _ in range(-(-rows // 64)):
            seen.append(town.observe().copy())
            town.tick += 1
        rng = np.random.default_rng(seed)  # the town's ticks come round: fresh features keep rows apart
        return ObservationBatch(
            np.concatenate([o.map for o in seen]),
            rng.random((rows, spec.feature_count), np.float32),
            np.ones((rows, spec.action_count), np.bool_),
            np.ones(rows, np.bool_),
            np.zeros(rows, np.bool_),
        )

    return BCTrajectoryDataset(spec, part(TRAIN, 0), part(HELD_OUT, 1))


def townlet(source: BCTrajectoryDataset, batch: int, options: PyTorchOptions) -> Callable[[], None]:
    """One epoch of ours a call, its held-out evaluation included."""
    trainer = BCTrainer(source.spec, BCTrainingConfig(BCSettings(epochs=1, batch_size=batch), options))
    return lambda: (trainer.fit(source), None)[1]


def imitation_library(source: BCTrajectoryDataset, batch: int, options: PyTorchOptions) -> Callable[[], None] | None:
    """One epoch of ``imitation.algorithms.bc`` a call, or None where it cannot be imported."""
    try:
        from imitation.algorithms.bc import BC
        from imitation.data.types import DictObs, Transitions
        from imitation.util.logger import configure
        from stable_baselines3.common.policies import MultiInputActorCriticPolicy
        from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
    except ImportError as error:
        print(f"imitation cannot be imported ({error}): a DataLoader loop stands in", file=sys.stderr)
        return None
    spec = source.spec
    spaces = gymnasium.spaces
    seen = spaces.Dict(
        {
            "map": spaces.Box(0, 255, spec.map_shape, np.uint8),
            "features": spaces.Box(0, 1, (spec.feature_count,), np.float32),
        }
    )

    class Trunk(BaseFeaturesExtractor):
        def __init__(self, space: Any) -> None:
            super().__init__(space, options.hidden[-1])
            self.network = ConflictAwarePolicyNetwork(options.network(spec), 0)

        def forward(self, observations: Any) -> Any:
            return self.network.trunk(observations["map"], observations["features"])

    policy = MultiInputActorCriticPolicy(
        seen, spaces.Discrete(spec.action_count), lambda _: RATE, features_extractor_class=Trunk,
        normalize_images=False, activation_fn=torch.nn.ReLU, net_arch={"pi": [], "vf": [options.value_hidden]},
        ortho_init=False,
    )  # fmt: skip
    whole = next(source.batches("train", TRAIN))
    shown = DictObs({"map": whole.observations.map, "features": whole.observations.features})
    transitions = Transitions(
        obs=shown, acts=whole.actions, infos=np.array([{}] * TRAIN), next_obs=shown, dones=np.zeros(TRAIN, np.bool_)
    )
    trainer = BC(
        observation_space=seen, action_space=spaces.Discrete(spec.action_count), rng=np.random.default_rng(0),
        policy=policy, demonstrations=transitions, batch_size=batch, device="cpu",
        custom_logger=configure(None, []),
    )  # fmt: skip
    return lambda: trainer.train(n_epochs=1, log_interval=10**9, progress_bar=False)


def plain_loop(source: BCTrajectoryDataset, batch: int, options: PyTorchOptions) -> Callable[[], None]:
    """One epoch of a DataLoader loop a call."""
    whole = next(source.batches("train", TRAIN))
    network = ConflictAwarePolicyNetwork(options.network(source.spec), 0)
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE)
    rows = [
        (torch.from_numpy(m), torch.from_numpy(f), int(a))
        for m, f, a in zip(whole.observations.map, whole.observations.features, whole.actions, strict=True)
    ]
    loader = torch.utils.data.DataLoader(rows, batch, shuffle=True, drop_last=True)

    def epoch() -> None:
        for codes, features, actions in loader:
            logits, _ = network(codes, features)
            distribution = torch.distributions.Categorical(logits=logits)
            norm = sum(p.square().sum() for p in network.parameters()) / 2
            loss = -distribution.log_prob(actions).mean() - 1e-3 * distribution.entropy().mean() + 0.0 * norm
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return epoch


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", default="flat")
    parser.add_argument("--batches", type=int, nargs="+", default=[256, 2048])
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--processor-time", action="store_true", help="one thread, neighbours do not count")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    clock = time.process_time if arguments.processor_time else time.perf_counter
    if arguments.threads or arguments.processor_time:
        torch.set_num_threads(arguments.threads or 1)
    source = demonstrations(CueTown().spec)
    missed = False
    for batch in arguments.batches:
        options = {p: PyTorchOptions(map_encoder=arguments.encoder, precision=p, device="cpu")
                   for p in ("float32", "bfloat16")}  # fmt: skip
        other = imitation_library(source, batch, options["float32"])
        runs = {f"townlet {p}": townlet(source, batch, o) for p, o in options.items()}
        name = "imitation" if other else "DataLoader loop"
        runs[name] = other or plain_loop(source, batch, options["float32"])
        seconds: dict[str, list[float]] = {run: [] for run in runs}
        for turn in range(arguments.turns + 1):
            for run, epoch in runs.items():
                began = clock()
                epoch()
                if turn:
                    seconds[run].append(clock() - began)
        ratios = {
            run: statistics.median(a / b for a, b in zip(seconds[name], times, strict=True))
            for run, times in seconds.items()
        }
        missed |= ratios["townlet float32"] < TARGET
        speeds = {run: round(TRAIN / statistics.median(times)) for run, times in seconds.items()}
        line = {
            "encoder": arguments.encoder,
            "batch": batch,
            "threads": torch.get_num_threads(),
            "samples_per_second": speeds,
            "ratio": {run: round(ratio, 2) for run, ratio in ratios.items()},
        }
        if arguments.json:
            print(json.dumps(line))
        else:
            print(f"batch {batch:,}, {line['threads']} threads: samples a second (times {name})")
            for run, speed in speeds.items():
                print(f"  {run:<20} {speed:9,} {ratios[run]:6.2f}")
    return 1 if arguments.check and missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
