"""What the minds knew, wanted and got: masks, probabilities, values, rewards by parts, and what they saw.

Taken from the recording; where that does not keep the logits, a mind can be asked again (:mod:`.asking`).
Axes: ``T`` frames but the last, ``A`` agents, ``K`` actions, ``P`` parts of the reward, ``F`` features.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from townlet.api import Feature, ObservationSpec
from townlet.data import TrajectoryBlock
from townlet.viewer.columns import pack, quantised

__all__ = ["Scores", "ThoughtNotes", "chances", "value_words"]

_REWARD_STEP = 1e-5
_UNKNOWN = -32768
_VALUE_LEVELS = 32_000
_MOST_EXACT = 256


@dataclass(frozen=True, slots=True)
class Scores:
    """What a mind thinks of one tick: probabilities float64 ``[A, K]``, values float32 ``[A]``; None where unknown."""

    probabilities: NDArray[np.float64] | None
    values: NDArray[np.float32] | None


def chances(logits: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Probabilities over what is possible, float64 ``[A, K]``; zeros in rows whose mind tells no logits."""
    told = np.isfinite(np.where(mask, logits, 0)).all(axis=-1, keepdims=True)
    scores = np.where(mask & told, logits.astype(np.float64), -np.inf)
    scores -= np.where(told, scores.max(axis=-1, keepdims=True), 0.0)
    weights: NDArray[np.float64] = np.exp(scores)
    weights /= np.maximum(weights.sum(axis=-1, keepdims=True), 1e-300)
    return weights


class ThoughtNotes:
    """Collects one row a frame.

    Args:
        spec: what the observations mean.
        reward_parts: names of the parts, ``P``.
    """

    def __init__(self, spec: ObservationSpec, reward_parts: tuple[str, ...]) -> None:
        self._spec, self._parts = spec, reward_parts
        self._rows: dict[str, list[NDArray[Any]]] = {}

    def note(self, tick: int, block: TrajectoryBlock, t: int, rows: slice, scores: Scores | None) -> None:
        """Take tick ``tick``: index ``t`` of ``block``, the town's ``rows``, and the scores of a mind asked again."""
        self._add("tick", np.array([tick], np.int32))
        self._add("mask", np.packbits(block.action_mask[t, rows], axis=-1, bitorder="little").reshape(-1))
        self._add("reward", quantised(block.rewards[t, rows], _REWARD_STEP, np.int32))
        self._add("parts", quantised(block.reward_parts[t, rows], _REWARD_STEP, np.int32).reshape(-1))
        self._add("features", np.array(block.features[t, rows]))
        values = block.values[t, rows] if scores is None or scores.values is None else scores.values
        self._add("value", np.array(values, np.float32))
        chosen = np.exp(block.log_probs[t, rows].astype(np.float64))
        self._add("chosen", np.where(np.isfinite(chosen), np.rint(chosen * 254), 255).astype(np.uint8))
        if scores is None and block.keeps_logits:
            scores = Scores(chances(block.logits[t, rows], block.action_mask[t, rows]), None)
        if scores is not None and scores.probabilities is not None:
            self._add("probabilities", quantised(scores.probabilities, 1 / 255, np.uint8).reshape(-1))

    def packed(self) -> dict[str, bytes]:
        """The parts ``choices`` and ``seen``; nothing where nothing was noted."""
        if not self._rows:
            return {}
        columns = {name: np.array(rows) for name, rows in self._rows.items() if name != "features"}
        values = columns.pop("value")
        known = np.isfinite(values)
        about: dict[str, object] = {"parts": list(self._parts), "rewardStep": _REWARD_STEP}
        if known.any():
            step = max(float(np.abs(values[known]).max()), 1e-6) / _VALUE_LEVELS
            columns["value"] = np.where(known, quantised(np.where(known, values, 0), step, np.int16), _UNKNOWN).astype(
                np.int16
            )
            about["valueStep"] = step
        if (columns["chosen"] == 255).all():
            del columns["chosen"]
        if "probabilities" in columns and not columns["probabilities"].any():
            del columns["probabilities"]
        return {"choices": pack(columns, about), "seen": self._seen()}

    def _add(self, name: str, row: NDArray[Any]) -> None:
        self._rows.setdefault(name, []).append(row)

    def _seen(self) -> bytes:
        """Features as one byte each: exact where one takes at most 256 values, else in 255 steps of its range."""
        features = np.array(self._rows["features"])  # T A F
        frames, agents, count = features.shape
        codes = np.empty((frames, agents, count), np.uint8)
        told: list[dict[str, object]] = []
        for f, feature in enumerate(self._spec.features):
            column = features[:, :, f]
            distinct = np.unique(column)
            if len(distinct) > _MOST_EXACT:
                low, high = float(distinct[0]), float(distinct[-1])
                codes[:, :, f] = np.rint((column - low) / (high - low) * (_MOST_EXACT - 1))
                distinct = np.linspace(low, high, _MOST_EXACT)
            else:
                codes[:, :, f] = np.searchsorted(distinct, column)
            told.append(
                {
                    "name": feature.name,
                    "about": feature.description,
                    "values": [float(f"{value:.6g}") for value in distinct],
                    "words": [value_words(feature, float(value)) for value in distinct],
                }
            )
        return pack(
            {"tick": np.array(self._rows["tick"]), "codes": codes.reshape(frames, agents * count)}, {"features": told}
        )


def value_words(feature: Feature, value: float) -> str:
    """A value as the town's number with its unit, or as what its code stands for."""
    for code in feature.codes:
        if code.value == value:
            return code.meaning
    if feature.transform.kind in ("sine", "cosine"):
        return f"{value:.3f}"
    number = float(feature.decode(value))
    if not np.isfinite(number):
        return "nowhere" if feature.unit else f"{value:.3f}"
    text = f"{number:.2f}".rstrip("0").rstrip(".")
    return f"{text} {feature.unit}".rstrip()
