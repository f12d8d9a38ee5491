"""Training on a device: is it equal to the CPU's, is it the same twice, and how fast is it? Under ten minutes on a GPU.

    python -m pip install -e townlet-core -e townlet-backend-scripted -e townlet-backend-pytorch
    python benchmarks/training/device.py                     # cuda if there is one
    python benchmarks/training/device.py --device cpu        # the checks alone, with few towns
    python benchmarks/training/device.py --json > device.json

Checks first: actions drawn on the device against NumPy's, advantages against the CPU's, two runs against each other, a
resumed run against an unbroken one, replayed decisions (`graphs: true`) against launched ones bit by bit, and weights
after a compiled update (`compile: true`) against those of an ordinary one in units of the last place. Then `townlet
bench train` on riverside (primitive actions, hybrid observations, the default network, three full epochs) with 512 to
4,096 towns, and with 512 once more for each of these two options: it says which of them pays. Exit code 1 where a check
fails. Without a GPU the speeds that count are not measured, and it says so.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from townlet import api
from townlet.config import load_config
from townlet.config.root import TownletConfig
from townlet.training import BegunRun, Run, TrainingServices, train
from townlet.training.speed import TrainingSpeed, measure_training
from townlet_backend_pytorch.devices import resolve_device
from townlet_backend_pytorch.gae import rollout_advantages
from townlet_backend_pytorch.learner import TorchLearner
from townlet_backend_pytorch.sampling import row_uniforms, sample_actions

TARGETS = {512: 1.0e6, 1024: 2.5e6, 2048: 2.5e6, 4096: 2.5e6}
"""Agent-steps a second end to end on one H100 or H200 with 16 cores, by towns."""
ROWS, ACTIONS = 1_000_000, 8
CHOICES = ("graphs", "compile", "graphs and compile")
NEEDS_A_GPU = ("every speed on a GPU", "page-locked copies", "the memory that a GPU takes")
NEEDS_A_GPU += ("replayed decisions", "whether these or compiled updates pay")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--worlds", type=int, nargs="*", help="towns to measure with")
    parser.add_argument("--iterations", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    device = resolve_device(arguments.device)
    on_gpu = device.type == "cuda"
    began = time.perf_counter()
    name = torch.cuda.get_device_name(device) if on_gpu else "CPU"
    _say(f"{name}, {os.cpu_count()} cores, PyTorch {torch.__version__}")
    checks = {
        "sampling": check_sampling(device, 10),
        "advantages": check_advantages(device),
        "twice and resumed": check_runs(device),
        "compiled": check_compiled(device),
    }
    if on_gpu:
        checks["replayed"] = check_replayed(device)
    iterations, ticks = (arguments.iterations, 128) if on_gpu else (1, 32)
    sizes = arguments.worlds or (list(TARGETS) if on_gpu else [8])
    speeds = [measure(device, towns, iterations, ticks=ticks) for towns in sizes]
    if on_gpu:
        speeds += [measure(device, sizes[0], iterations, ticks=ticks, choice=word) for word in CHOICES]
        say_what_pays(speeds[0], speeds[len(sizes) :])
    missing = () if on_gpu else (*NEEDS_A_GPU,)
    for each in missing:
        _say(f"NOT MEASURED here: {each}")
    _say(f"{time.perf_counter() - began:.0f} s")
    if arguments.json:
        print(json.dumps({"device": name, "checks": checks, "speeds": speeds, "not_measured": missing}, indent=2))
    return 0 if all(check["passed"] for check in checks.values()) else 1


def check_sampling(device: torch.device, times: int) -> dict[str, object]:
    """Rows of equal scores: actions may differ only where a number lies on a boundary."""
    differ = elsewhere = 0
    mask = np.ones((ROWS, ACTIONS), np.bool_)
    logits = np.zeros((ROWS, ACTIONS), np.float32)
    there = [torch.from_numpy(array).to(device) for array in (logits, mask)]
    for seed in range(times):
        keys, counters = api.row_keys(ROWS, seed), np.full(ROWS, seed, np.uint64)
        uniforms = api.row_uniforms(keys, counters)
        drawn = row_uniforms(*(torch.from_numpy(each.view(np.int64)).to(device) for each in (keys, counters)))
        if not np.array_equal(drawn.cpu().numpy(), uniforms):
            elsewhere += ROWS
            continue
        found = sample_actions(*there, drawn)[0].cpu().numpy()
        wrong = np.flatnonzero(found != api.sample_actions(logits, mask, uniforms)[0])
        share = uniforms[wrong] * ACTIONS
        differ += len(wrong)
        elsewhere += int((np.abs(share - np.round(share)) > 1e-12).sum())
    _say(f"sampling: {differ} of {ROWS * times:,} rows differ, {elsewhere} of them away from a boundary")
    return {"rows": ROWS * times, "differ": differ, "away_from_a_boundary": elsewhere, "passed": elsewhere == 0}


def check_advantages(device: torch.device) -> dict[str, object]:
    """Advantages of a random rollout, against those of the CPU."""
    rng, shape = np.random.default_rng(0), (128, 512)
    numbers = {name: rng.normal(0, 1, shape).astype(np.float32) for name in ("rewards", "values", "bootstrap")}
    flags = {name: rng.random(shape) < 0.01 for name in ("terminated", "truncated", "episode_start")}
    rollout = api.RolloutBatch(
        map=np.zeros((*shape, 0, 0, 0), np.uint8),
        features=np.zeros((*shape, 1), np.float32),
        action_mask=np.ones((*shape, 1), np.bool_),
        active=rng.random(shape) < 0.97,
        actions=np.zeros(shape, np.int64),
        log_probs=np.zeros(shape, np.float32),
        **numbers,
        **flags,
    )
    here = rollout_advantages(rollout, 0.9995, 0.97, 0.995)
    there = rollout_advantages(rollout, 0.9995, 0.97, 0.995, device=device)
    gap = max(float((one - other.cpu()).abs().max()) for one, other in zip(here, there, strict=True))
    _say(f"advantages: at most {gap:.2g} apart")
    return {"largest_gap": gap, "passed": gap < 1e-3}


def check_runs(device: torch.device) -> dict[str, object]:
    """Weights after four updates: of two runs, and of one that was stopped after two and resumed."""
    words = [
        "town.map=hamlet",
        "training.ppo.updates=4",
        "training.ppo.rollout.ticks=64",
        "training.checkpoints.every=1",
    ]
    config = config_of(device, 8, words)
    found = []
    with tempfile.TemporaryDirectory(prefix="townlet-") as folder:
        services = TrainingServices.from_config(config, runs=Path(folder))
        for number in range(2):
            with Run.begin(config, "ppo", out=Path(folder) / str(number), services=services) as run:
                found.append(train(run).fingerprint)

        def stop(report: api.TrainingReport) -> None:
            if report.step == 3:
                raise _StoppedError

        try:
            with Run.begin(config, "ppo", out=Path(folder) / "cut", services=services, watchers=(stop,)) as run:
                train(run)
        except _StoppedError:
            with Run.resume(BegunRun.read(Path(folder) / "cut"), services=services) as run:
                found.append(train(run).fingerprint)
    same, resumed = found[0] == found[1], len(found) == 3 and found[2] == found[0]
    _say(f"two runs are {'the same' if same else 'DIFFERENT'}, a resumed one {'too' if resumed else 'is DIFFERENT'}")
    return {"same_twice": same, "same_resumed": resumed, "passed": same and resumed}


def weights_after(device: torch.device, choice: str) -> dict[str, np.ndarray]:
    """Of the two updates of a small run with these options."""
    words = ["town.map=hamlet", "training.ppo.updates=2", "training.ppo.rollout.ticks=64"]
    config = config_of(device, 8, words, choice)
    with tempfile.TemporaryDirectory(prefix="townlet-") as folder:
        services = TrainingServices.from_config(config, runs=Path(folder))
        with Run.begin(config, "ppo", out=Path(folder) / "run", services=services) as run:
            train(run)
            learner = run.learner.inner
            assert isinstance(learner, TorchLearner)
            return {name: tensor.cpu().numpy() for name, tensor in learner.network.state_dict().items()}


def check_replayed(device: torch.device) -> dict[str, object]:
    """Weights after two updates with replayed decisions: those without, bit by bit."""
    plain, replayed = (weights_after(device, choice) for choice in ("", "graphs"))
    same = all(np.array_equal(array, replayed[name]) for name, array in plain.items())
    _say(f"replayed decisions teach {'the same' if same else 'something DIFFERENT'}")
    return {"same": same, "passed": same}


def check_compiled(device: torch.device) -> dict[str, object]:
    """Weights after two compiled updates, beside those of ordinary ones; another order of additions is allowed."""
    plain, other = (weights_after(device, choice) for choice in ("", "compile"))
    moved = {name: np.abs(array - other[name]).max() for name, array in plain.items() if array.dtype == np.float32}
    places = {name: _places(array, other[name]) for name, array in plain.items() if array.dtype == np.float32}
    gap, half = float(max(moved.values())), float(np.median(np.concatenate([*places.values()])))
    _say(f"compiled updates: weights at most {gap:.2g} apart, half of them within {half:g} units of the last place")
    return {"largest_gap": gap, "median_units_of_the_last_place": half, "passed": gap < 1e-2}


def _places(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How many float32 numbers lie between two, for each pair."""
    ordered = [
        np.where(i < 0, -(i & 0x7FFFFFFF), i) for i in (a.ravel().view(np.int32).astype(np.int64) for a in (one, other))
    ]
    return np.abs(ordered[0] - ordered[1])


class _StoppedError(Exception):
    """The lights go out."""


def measure(device: torch.device, towns: int, iterations: int, *, ticks: int, choice: str = "") -> dict[str, object]:
    """``townlet bench train`` with so many towns."""
    config = config_of(device, towns, [f"training.ppo.rollout.ticks={ticks}"], choice)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    told = measure_training(config, iterations=iterations)
    speed = told.agent_steps / told.seconds
    room = torch.cuda.max_memory_allocated(device) / 2**30 if device.type == "cuda" else 0.0
    target = TARGETS.get(towns)
    against = "" if target is None or device.type != "cuda" else f", {speed / target:.2f} of the target"
    taken = f", {room:.1f} GiB of the device" if room else ""
    _say(f"{towns:,} towns{choice and ', ' + choice}: {speed:,.0f} agent-steps/s{against}{taken}; {_pieces(told)}")
    return {
        "towns": towns,
        "choice": choice,
        "agent_steps_per_second": round(speed),
        "target": target,
        "bound_seconds": told.bound,
        "seconds": told.seconds,
        "device_gib": round(room, 2),
        "pieces": {piece.name: round(piece.seconds, 4) for piece in told.pieces},
        "bounds": {piece.name: piece.bound for piece in told.pieces if piece.bound is not None},
    }


def say_what_pays(plain: dict[str, object], chosen: list[dict[str, object]]) -> None:
    """Each choice's speed beside that without any."""
    for each in chosen:
        ratio = float(str(each["agent_steps_per_second"])) / float(str(plain["agent_steps_per_second"]))
        word = "pays" if ratio > 1.02 else "does not pay" if ratio < 0.98 else "makes no difference"
        _say(f"{each['choice']}: {ratio:.2f} times the speed: {word} here")


def config_of(device: torch.device, towns: int, more: list[str], choice: str = "") -> TownletConfig:
    """Riverside, or what ``more`` says, taught by the resident learner on the device; ``choice`` is of CHOICES."""
    chosen = "".join(f", {word}: true" for word in choice.split(" and ") if word)
    options = f"training.options={{device: '{device}', resident: true{chosen}}}"
    shared = ["training.backend=pytorch", "training.evaluate=false", f"training.ppo.rollout.worlds={towns}"]
    return load_config(None, [options, *shared, *more])


def _pieces(told: TrainingSpeed) -> str:
    return ", ".join(f"{piece.name} {piece.seconds / told.seconds:.0%}" for piece in told.pieces)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
