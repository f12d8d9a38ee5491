"""Behaviour cloning: supervised learning of what a teacher did (Pomerleau 1991), judged on held-out lives."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import torch
from torch import Tensor

from townlet.api import BCMetrics, BCSettings, DemonstrationSource, ObservationSpec, Report, TrainingReport
from townlet.api.demonstrations import Split
from townlet.errors import DatasetError, TrainingError
from townlet_backend_pytorch.bc_evaluation import CloneJudgement, judge_clone
from townlet_backend_pytorch.devices import autocast
from townlet_backend_pytorch.experience import Examples, prepare_demonstrations
from townlet_backend_pytorch.losses import masked_log_softmax, smoothed_cross_entropy
from townlet_backend_pytorch.network import ConflictAwarePolicyNetwork
from townlet_backend_pytorch.recurrent import sequences_of, taught_logits

__all__ = ["action_weights", "clone_behaviour", "learning_rate_at"]

_LAST_RATE = 0.1  # share of the first learning rate that the last step uses, as its setting says


def learning_rate_at(step: int, steps: int, settings: BCSettings) -> float:
    """Cosine from the setting at step 0 to a tenth of it at the last of ``steps``."""
    progress = step / max(steps - 1, 1)
    return settings.learning_rate * (_LAST_RATE + (1 - _LAST_RATE) * 0.5 * (1 + math.cos(math.pi * min(progress, 1))))


def action_weights(counts: np.ndarray[tuple[int], np.dtype[np.int64]], class_balance: float) -> Tensor:
    """Weight of each action in the loss, float32 ``[K]``: inverse frequency to a power, averaging 1 over the data.

    An action that was never taken has weight 0.
    """
    frequency = counts / counts.sum()
    weights = np.where(counts > 0, np.maximum(frequency, 1e-12) ** -class_balance, 0.0)
    weights /= (weights * frequency).sum()
    return torch.from_numpy(weights.astype(np.float32))


def clone_behaviour(
    network: ConflictAwarePolicyNetwork,
    spec: ObservationSpec,
    demonstrations: DemonstrationSource,
    settings: BCSettings,
    report: Report,
    *,
    bfloat16: bool,
    memory_ticks: int = 32,
) -> BCMetrics:
    """Train ``network`` in place and leave the weights that had the least held-out loss.

    The critic is not trained. Stopped by KeyboardInterrupt it leaves the best weights so far, if there are any.

    Raises:
        DatasetError: if the demonstrations are of another spec than ``spec``, or a part is empty.
        TrainingError: if a loss is not finite; the caller puts the weights back.
    """
    _refuse_unfit(spec, demonstrations)
    device = network.policy_head.weight.device
    critic = {id(p) for p in network.critic_parameters()}
    parameters = [p for p in network.parameters() if id(p) not in critic]
    optimizer = torch.optim.AdamW(parameters, lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=True)
    weights = action_weights(demonstrations.action_counts("train"), settings.class_balance).to(device)
    size = demonstrations.size("train")
    steps = settings.epochs * -(-size // settings.batch_size)
    began = time.perf_counter()
    best: CloneJudgement | None = None
    best_weights: dict[str, Tensor] = {}
    train_loss, step, epoch, without = 0.0, 0, 0, 0
    try:
        while epoch < settings.epochs and without < settings.patience:
            if epoch and settings.max_seconds is not None and time.perf_counter() - began > settings.max_seconds:
                break
            total = torch.zeros((), dtype=torch.float64, device=device)
            batches = _examples(network, demonstrations, settings, epoch, memory_ticks)
            for loss in _epoch(batches, settings, optimizer, (step, steps), weights, bfloat16):
                total += loss
                step += 1
            epoch += 1
            train_loss = float(total) / size
            held_out = judge_clone(network, demonstrations, "validation", device, memory_ticks=memory_ticks)
            if not math.isfinite(train_loss) or not math.isfinite(held_out.loss):
                raise _not_finite(epoch, train_loss, held_out.loss)
            if best is None or held_out.loss < best.loss:
                best, without = held_out, 0
                best_weights = {name: tensor.clone() for name, tensor in network.state_dict().items()}
            else:
                without += 1
            report(_line(epoch, settings, size * epoch, time.perf_counter() - began, train_loss, held_out))
    except KeyboardInterrupt:
        if best_weights:
            network.load_state_dict(best_weights)
        raise
    if best is None:
        raise TrainingError("behaviour cloning ran no epoch")
    network.load_state_dict(best_weights)
    return best.metrics(
        spec,
        epochs=epoch,
        samples=size * epoch,
        seconds=time.perf_counter() - began,
        train_loss=train_loss,
        stopped_early=epoch < settings.epochs and without >= settings.patience,
    )


Shown = Callable[[], tuple[Tensor, Tensor, Tensor]]
"""Scores ``[B, K]``, mask ``[B, K]`` and actions ``[B]`` of one batch; computed when called."""


def _examples(
    network: ConflictAwarePolicyNetwork,
    demonstrations: DemonstrationSource,
    settings: BCSettings,
    epoch: int,
    memory_ticks: int,
) -> Iterator[Shown]:
    """The batches of one pass: single ticks, or pieces of lives for a network with memory."""
    device = network.policy_head.weight.device
    seed = settings.seed * 1_000_003 + epoch
    if network.memory is not None:
        for piece in sequences_of(demonstrations, "train", memory_ticks, settings.batch_size, seed):
            yield partial(taught_logits, network, piece, device)
        return
    for batch in demonstrations.batches("train", settings.batch_size, seed=seed):
        yield partial(_shown, network, prepare_demonstrations(batch, device))


def _shown(network: ConflictAwarePolicyNetwork, examples: Examples) -> tuple[Tensor, Tensor, Tensor]:
    logits = network.actor(network.trunk(examples.codes, examples.features))  # the critic has nothing to learn
    return logits, examples.mask, examples.actions


def _epoch(
    batches: Iterator[Shown],
    settings: BCSettings,
    optimizer: torch.optim.AdamW,
    progress: tuple[int, int],
    weights: Tensor,
    bfloat16: bool,
) -> Iterator[Tensor]:
    """One pass; yields each step's summed loss (float64 scalar on the device)."""
    step, steps = progress
    device = weights.device
    trained = [p for group in optimizer.param_groups for p in group["params"]]
    for show in batches:
        with autocast(device, bfloat16):
            logits, mask, actions = show()
        log_probs = masked_log_softmax(logits, mask)
        losses = smoothed_cross_entropy(log_probs, actions, mask, settings.label_smoothing)
        loss = (losses * weights[actions]).mean()
        for group in optimizer.param_groups:
            group["lr"] = learning_rate_at(step, steps, settings)
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(trained, settings.max_grad_norm)
        optimizer.step()
        step += 1
        yield losses.detach().double().sum()


def _refuse_unfit(spec: ObservationSpec, demonstrations: DemonstrationSource) -> None:
    difference = spec.first_difference(demonstrations.spec)
    if difference is not None:
        raise DatasetError(
            "the demonstrations are of other observations",
            details=(f"{difference} (here: the learner; there: the demonstrations)",),
        )
    parts: tuple[tuple[Split, str], ...] = (
        ("train", "to learn from"),
        ("validation", "held out to judge by"),
    )
    for part, purpose in parts:
        if demonstrations.size(part) == 0:
            raise DatasetError(
                f"the demonstrations hold nothing {purpose}",
                details=(f"the part {part!r} is empty", "record more lives or split them otherwise"),
            )


def _line(
    epoch: int, settings: BCSettings, samples: int, seconds: float, train_loss: float, held_out: CloneJudgement
) -> TrainingReport:
    return TrainingReport(
        phase="bc",
        step=epoch,
        total=settings.epochs,
        samples=samples,
        seconds=seconds,
        metrics={
            "train_loss": train_loss,
            "loss": held_out.loss,
            "accuracy": held_out.accuracy,
            "majority_accuracy": held_out.majority_accuracy,
            "calibration_error": held_out.calibration_error,
            "samples_per_second": samples / seconds if seconds > 0 else 0.0,
        },
    )


def _not_finite(epoch: int, train_loss: float, loss: float) -> TrainingError:
    return TrainingError(
        "the loss of behaviour cloning is not finite",
        where=f"epoch {epoch}",
        details=(
            f"training loss {train_loss:g}, held-out loss {loss:g}",
            "the weights are as they were before",
            "a smaller learning_rate, or precision float32, may help",
        ),
    )
