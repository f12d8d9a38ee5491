"""Map encoders and widths compared on recorded demonstrations: what they learn, and what they cost.

    townlet rollout --ticks 6000 --out demonstrations ...
    python benchmarks/training/networks.py demonstrations

Each network clones the same teacher for the same number of epochs from the same seed; loss and accuracy are on
held-out lives, and so is the accuracy over the ticks on which the teacher does not wait. Speeds are of one core, in
processor time (neighbours do not count), measured in turns: learning in samples a second at batch 2,048, held-out
evaluation included, and deciding in microseconds for 64 rows.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path

import numpy as np
import torch

from townlet.api import BCSettings, DemonstrationBatch, ObservationBatch
from townlet.api.demonstrations import Split
from townlet.data import demonstrations, open_dataset
from townlet_backend_pytorch.bc_trainer import BCTrainer, BCTrajectoryDataset, load_bc_samples
from townlet_backend_pytorch.options import BCTrainingConfig, PyTorchOptions

CANDIDATES: dict[str, dict[str, object]] = {
    "flat": {},
    "flat, no map": {"map_width": 1},
    "flat 512": {"hidden": (512, 512), "map_width": 256},
    "codes": {"map_encoder": "codes"},
    "patch": {"map_encoder": "patch"},
    "embedding": {"map_encoder": "embedding"},
    "conv": {"map_encoder": "conv", "map_width": 256},
}


def some(source: BCTrajectoryDataset, rows: int) -> BCTrajectoryDataset:
    """The first ``rows`` transitions of the training part and a fifth as many held out."""

    def part(name: Split, count: int) -> DemonstrationBatch:
        return next(source.batches(name, count))

    return BCTrajectoryDataset(source.spec, part("train", rows), part("validation", rows // 5))


def options_of(changes: dict[str, object], precision: str) -> PyTorchOptions:
    return PyTorchOptions.model_validate({"device": "cpu", "threads": 1, "precision": precision, **changes})


def moving_accuracy(trainer: BCTrainer, source: BCTrajectoryDataset) -> float:
    """Accuracy where the teacher does not wait."""
    hits = total = 0
    for batch in source.batches("validation", 8192):
        decision = trainer.policy.decide(batch.observations, trainer.policy.initial_state(len(batch.actions), 0))
        moves = batch.actions != 0
        hits += int((decision.actions[moves] == batch.actions[moves]).sum())
        total += int(moves.sum())
    return hits / max(total, 1)


def decide_seconds(trainer: BCTrainer, seen: ObservationBatch) -> float:
    state = trainer.policy.initial_state(seen.rows, 0)
    times = []
    for _ in range(30):
        began = time.process_time()
        trainer.policy.decide(seen, state, explore=True)
        times.append(time.process_time() - began)
    return statistics.median(times)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--only", nargs="*", default=list(CANDIDATES))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    source = some(load_bc_samples(demonstrations(open_dataset(arguments.dataset))), arguments.rows)
    small = some(source, 8_192)
    seen = next(source.batches("validation", 64)).observations
    speeds: dict[tuple[str, str], list[float]] = {}
    timed = {
        (name, precision): BCTrainer(
            source.spec,
            BCTrainingConfig(BCSettings(epochs=1, batch_size=2048), options_of(CANDIDATES[name], precision)),
        )
        for name in arguments.only
        for precision in ("float32", "bfloat16")
    }
    for turn in range(4):
        for key, trainer in timed.items():
            began = time.process_time()
            metrics = trainer.fit(small)
            if turn:
                speeds.setdefault(key, []).append(metrics.samples / (time.process_time() - began))
    for name in arguments.only:
        settings = BCSettings(epochs=arguments.epochs, batch_size=1024, patience=arguments.epochs)
        trainer = BCTrainer(source.spec, BCTrainingConfig(settings, options_of(CANDIDATES[name], "auto")))
        metrics = trainer.fit(source)
        line = {
            "network": name,
            "weights": int(sum(np.prod(p.shape) for p in trainer.learner.network.parameters())),
            "samples_per_second": {p: round(statistics.median(speeds[name, p])) for p in ("float32", "bfloat16")},
            "decide_64_rows_us": round(1e6 * decide_seconds(trainer, seen)),
            "held_out_loss": round(metrics.loss, 4),
            "accuracy": round(metrics.accuracy, 4),
            "accuracy_moving": round(moving_accuracy(trainer, source), 4),
            "majority": round(metrics.majority_accuracy, 4),
        }
        print(json.dumps(line), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
