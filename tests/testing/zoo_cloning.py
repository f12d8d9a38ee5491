"""Behaviour cloning as the zoo's learners do it: pieces of lives, of one tick where there is no memory."""

from __future__ import annotations

import math
import time

import numpy as np
from townlet_conformance_zoo_adam import Trainer, adam, clipped
from townlet_conformance_zoo_minds import inputs, log_softmax

from townlet.api import BCMetrics, DemonstrationSequences, TrainingReport

PIECE = 8


def pieces(mind, demonstrations, part, size, seed=None):
    """Batches of demonstrations as pieces of lives."""
    if mind.width:
        yield from demonstrations.sequences(part, PIECE, size, seed=seed)
        return
    for batch in demonstrations.batches(part, size, seed=seed):
        seen, ones = batch.observations, np.ones((1, len(batch.actions)), np.bool_)
        arrays = (seen.map, seen.features, seen.action_mask, batch.actions)
        yield DemonstrationSequences(*(array[None] for array in arrays), ones, ones)


def said(mind, weights, piece):
    """What the heads look at ``[L, B, E]``, and logarithms of all probabilities ``[L, B, K]``."""
    seen = inputs(piece.features, piece.map)
    joined, _ = mind.encode(weights, seen, piece.starts, np.zeros((seen.shape[1], mind.width)))
    return seen, joined, log_softmax(joined @ weights["policy"], piece.action_mask)


def clone(mind, demonstrations, settings, report, *, keeps_the_best):
    """Weights after cloning, and how it went."""
    began, weights, trainer = time.perf_counter(), mind.weights, Trainer()
    share = balance(demonstrations.action_counts("train"), settings)
    steps = settings.epochs * max(1, math.ceil(demonstrations.size("train") / settings.batch_size))
    best, kept, waited, done, samples, loss, stopped = math.inf, weights, 0, 0, 0, 0.0, False
    for epoch in range(1, settings.epochs + 1):
        losses = []
        for piece in pieces(mind, demonstrations, "train", settings.batch_size, settings.seed + epoch):
            seen, joined, log_p = said(mind, weights, piece)
            weight = share[piece.actions] * piece.counts
            count = max(piece.counts.sum(), 1)
            possible = piece.action_mask / piece.action_mask.sum(axis=2, keepdims=True)
            target = np.eye(log_p.shape[2])[piece.actions] * (1 - settings.label_smoothing)
            target = target + settings.label_smoothing * possible
            errors = weight[:, :, None] * (np.exp(log_p) - target) / count
            gradients = {"policy": np.einsum("abe,abk->ek", joined, errors)}
            memory = np.zeros((seen.shape[1], mind.width))
            gradients |= mind.backward(weights, seen, piece.starts, memory, errors @ weights["policy"].T)
            gradients, _ = clipped(gradients, settings.max_grad_norm)
            rate = settings.learning_rate * (0.55 + 0.45 * math.cos(math.pi * min(1.0, done / max(steps - 1, 1))))
            weights, trainer = adam(weights, trainer, gradients, rate, 1e-8, settings.weight_decay)
            losses.append(-(weight * np.take_along_axis(log_p, piece.actions[:, :, None], 2)[:, :, 0]).sum() / count)
            samples, done = samples + int(piece.counts.sum()), done + 1
        held_out, accuracy = judged(mind, weights, demonstrations)
        best, kept, waited = (held_out, weights, 0) if held_out < best else (best, kept, waited + 1)
        loss, seconds = float(np.mean(losses)), time.perf_counter() - began
        found = {"train_loss": loss, "loss": held_out, "accuracy": accuracy}
        report(TrainingReport(phase="bc", step=epoch, total=settings.epochs, metrics=found))
        stopped = waited >= settings.patience
        if stopped or (settings.max_seconds is not None and seconds > settings.max_seconds):
            break
    kept = kept if keeps_the_best else weights
    held_out, accuracy = judged(mind, kept, demonstrations)
    return kept, BCMetrics(
        epochs=epoch,
        samples=samples,
        seconds=time.perf_counter() - began,
        loss=held_out,
        accuracy=accuracy,
        train_loss=loss,
        stopped_early=stopped,
    )


def balance(counts, settings):
    """Weights of the actions: frequency to the power of minus the balance, 1 on average; 0 for what never was."""
    raw = np.where(counts > 0, np.maximum(counts, 1).astype(np.float64) ** -settings.class_balance, 0.0)
    return raw * counts.sum() / max((raw * counts).sum(), 1e-12)


def judged(mind, weights, demonstrations):
    """Mean cross-entropy and accuracy on the held-out part."""
    wrong = right = count = 0.0
    for piece in pieces(mind, demonstrations, "validation", 4096):
        _, _, log_p = said(mind, weights, piece)
        counts = piece.counts
        wrong -= np.take_along_axis(log_p, piece.actions[:, :, None], 2)[:, :, 0][counts].sum()
        right += (log_p.argmax(axis=2) == piece.actions)[counts].sum()
        count += counts.sum()
    return float(wrong / max(count, 1)), float(right / max(count, 1))
