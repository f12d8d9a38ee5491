"""What a checkpoint's evaluations amount to: passes in a row on towns of their own, and how many it takes.

Whoever looks often enough passes once by luck. A candidate at the edge of its margins passes one evaluation with a
chance of at most 2.5 % (the interval of 95 % is two-sided), so among ``n`` evaluations there are ``r`` passes in a row
with a chance of at most ``n * 0.025 ** r``. That stays within the 2.5 % of a single look where ``n * 0.025 ** (r - 1)``
is at most 1: two passes in a row are enough for 40 evaluations, three for 1,600; one is enough for the first only.
(A bound by addition, as Bonferroni's.)
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from townlet.registry.records import EvaluationRecord

__all__ = ["Evidence", "evidence", "passes_required", "towns_seen"]

_LUCK = 0.025
"""Chance of passing an evaluation at the edge of the margin."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What evaluations amount to.

    Attributes:
        passes: in a row since the last failure or hold, each on towns that none before it played.
        judged: evaluations that were held against the gate, passed or not, ever.
    """

    passes: int
    judged: int


def evidence(evaluations: Iterable[EvaluationRecord], *, held: int | None = None) -> Evidence:
    """Of one checkpoint.

    Args:
        evaluations: newest first.
        held: the last one before it was held back; what came before counts no more.
    """
    judged = [one for one in evaluations if one.passed is not None][::-1]
    seen: set[str] = set()
    passes = 0
    for one in judged:
        marks = _marks(one)
        if not one.passed or (held is not None and one.id <= held):
            passes = 0
        else:
            passes += seen.isdisjoint(marks)
        seen |= marks
    return Evidence(passes, len(judged))


def passes_required(required: int, judged: int) -> int:
    """How many passes in a row it takes after so many evaluations: ``required``, more where luck has had many tries."""
    while judged * _LUCK ** (required - 1) > 1.0:
        required += 1
    return required


def towns_seen(evaluations: Iterable[EvaluationRecord]) -> frozenset[int]:
    """Seeds of the towns on which a checkpoint was held against the gate."""
    judged = [one.settings.get("seeds") for one in evaluations if one.passed is not None]
    return frozenset(seed for seeds in judged if isinstance(seeds, list) for seed in seeds if type(seed) is int)


def _marks(one: EvaluationRecord) -> set[str]:
    """What makes an evaluation a piece of evidence of its own: the seeds, else the settings, else that it is one."""
    seeds: Any = one.settings.get("seeds")
    if isinstance(seeds, list) and seeds:
        return {f"seed {seed}" for seed in seeds}
    return {json.dumps(dict(one.settings), sort_keys=True) if one.settings else f"evaluation {one.id}"}
