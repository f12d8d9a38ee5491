"""Behaviour cloning: epochs over a teacher's decisions, and the weights that did best on the held-out part."""

import math
import time

import jax.numpy as jnp
import numpy as np
from townlet.api import BCMetrics, BCSettings, DemonstrationBatch, DemonstrationSource, Report, TrainingReport
from townlet.errors import TrainingError

from townlet_backend_jax.network import Weights
from townlet_backend_jax.policy import filled
from townlet_backend_jax.steps import Batch, clone_step, judge, new_adam

_HELD_OUT = 4096


def taught(batch: DemonstrationBatch, rows: int) -> Batch:
    """Demonstrations as a batch of ``rows`` rows."""
    seen = batch.observations
    weight = np.ones(len(batch.actions), np.float32)
    arrays = (seen.map, seen.features, seen.action_mask, batch.actions.astype(np.int32), weight)
    return Batch(*(filled(array, rows) for array in arrays))


def clone(
    weights: Weights, demonstrations: DemonstrationSource, settings: BCSettings, report: Report
) -> tuple[Weights, BCMetrics]:
    """Weights after cloning, and how it went. Raises TrainingError if the loss is not finite."""
    started, adam, samples, loss, epoch = time.perf_counter(), new_adam(weights), 0, 0.0, 0
    counts = demonstrations.action_counts("train")
    balance = jnp.asarray(action_weights(counts, settings.class_balance))
    total = settings.epochs * max(1, math.ceil(demonstrations.size("train") / settings.batch_size))
    told = {name: getattr(settings, name) for name in ("label_smoothing", "weight_decay", "max_grad_norm")}
    best, kept, waited, step, stopped = math.inf, weights, 0, 0, False
    for epoch in range(1, settings.epochs + 1):
        losses = []
        for shown in demonstrations.batches("train", settings.batch_size, seed=settings.seed + epoch):
            rate = settings.learning_rate * (0.55 + 0.45 * math.cos(math.pi * min(1.0, step / max(total - 1, 1))))
            numbers = {
                name: jnp.float32(v) for name, v in {**told, "learning_rate": rate, "adam_epsilon": 1e-8}.items()
            }
            weights, adam, wrong = clone_step(weights, adam, taught(shown, settings.batch_size), balance, numbers)
            losses.append(wrong)
            samples, step = samples + len(shown.actions), step + 1
        loss = float(np.mean([float(wrong) for wrong in losses])) if losses else 0.0
        held_out, accuracy = judged(weights, demonstrations)
        if not (math.isfinite(loss) and math.isfinite(held_out)):
            raise TrainingError("the loss of cloning is not finite", where=f"epoch {epoch}")
        best, kept, waited = (held_out, weights, 0) if held_out < best else (best, kept, waited + 1)
        seconds = time.perf_counter() - started
        metrics = {"train_loss": loss, "loss": held_out, "accuracy": accuracy}
        report(
            TrainingReport(
                phase="bc", step=epoch, total=settings.epochs, samples=samples, seconds=seconds, metrics=metrics
            )
        )
        stopped = waited >= settings.patience
        if stopped or (settings.max_seconds is not None and seconds > settings.max_seconds):
            break
    held_out, accuracy = judged(kept, demonstrations)
    return kept, BCMetrics(
        epochs=epoch,
        samples=samples,
        seconds=time.perf_counter() - started,
        train_loss=loss,
        loss=held_out,
        accuracy=accuracy,
        stopped_early=stopped,
    )


def action_weights(counts: np.ndarray, balance: float) -> np.ndarray:
    """float32 ``[K]``: frequency to the power of ``-balance``, on average 1; 0 for what never was."""
    there = counts > 0
    raw = np.where(there, np.maximum(counts, 1).astype(np.float64) ** -balance, 0.0)
    return (raw * counts.sum() / max(float((raw * counts).sum()), 1e-12)).astype(np.float32)


def judged(weights: Weights, demonstrations: DemonstrationSource) -> tuple[float, float]:
    """Mean cross-entropy and accuracy on the held-out part."""
    wrong, right, count = 0.0, 0, 0
    for shown in demonstrations.batches("validation", _HELD_OUT):
        rows = len(shown.actions)
        losses, hits = judge(weights, taught(shown, _HELD_OUT))
        wrong += float(np.asarray(losses, np.float64)[:rows].sum())
        right, count = right + int(np.asarray(hits)[:rows].sum()), count + rows
    return wrong / max(count, 1), right / max(count, 1)
