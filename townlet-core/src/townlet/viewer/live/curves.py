"""The curves of a training run, as they grow: each metric of each phase over its steps, thinned to what can be seen."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from townlet.api import TrainingReport
from townlet.errors import TrainingError
from townlet.storage import open_regular, parse_json

__all__ = ["MOST_POINTS", "Curves"]

MOST_POINTS: Final = 300
"""Of a curve; beyond twice as many, every second one is dropped, but never the last."""
_HEAD = frozenset(("schema", "phase", "stage", "cycle", "step", "total", "samples", "seconds"))


class Curves:
    """Keeps the numbers of reports. A step is counted over all stages of a run."""

    def __init__(self) -> None:
        self._phases: dict[str, _Phase] = {}
        self._last: dict[str, Any] = {}

    def read(self, path: Path) -> None:
        """Begin with the lines of a ``metrics.jsonl``; lines that cannot be read are passed over."""
        try:
            with open_regular(path) as file:
                lines = file.read().decode("utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            return
        for line in lines:
            try:
                told = parse_json(line, where=str(path), what="a line of metrics", error=TrainingError)
            except TrainingError:
                continue
            if isinstance(told, dict) and isinstance(told.get("phase"), str):
                self._add(told["phase"], {name: value for name, value in told.items() if name not in _HEAD})

    def add(self, report: TrainingReport) -> None:
        """Take a report."""
        self._add(report.phase, report.metrics)
        self._last = {
            "phase": report.phase,
            "step": report.step,
            "total": report.total,
            "samples": report.samples,
            "seconds": round(report.seconds, 1),
        }

    def to_json(self) -> dict[str, Any]:
        """``last``: the newest report's own numbers; ``phases``: by name ``steps`` and ``metrics`` by name."""
        return {"last": self._last, "phases": {name: phase.to_json() for name, phase in self._phases.items()}}

    def _add(self, phase: str, metrics: Mapping[str, Any]) -> None:
        self._phases.setdefault(phase, _Phase()).add(metrics)


class _Phase:
    """Curves over the same steps."""

    def __init__(self) -> None:
        self._count = 0
        self._steps: list[int] = []
        self._metrics: dict[str, list[float | None]] = {}

    def add(self, metrics: Mapping[str, Any]) -> None:
        self._count += 1
        for name in metrics:
            self._metrics.setdefault(name, [None] * len(self._steps))
        for name, values in self._metrics.items():
            values.append(_number(metrics.get(name)))
        self._steps.append(self._count)
        if len(self._steps) > 2 * MOST_POINTS:
            self._steps = self._steps[::2]  # an odd number: the first and the last stay
            self._metrics = {name: values[::2] for name, values in self._metrics.items()}

    def to_json(self) -> dict[str, Any]:
        known = {name: values for name, values in self._metrics.items() if any(value is not None for value in values)}
        return {"steps": self._steps, "metrics": known}


def _number(value: object) -> float | None:
    """A finite number of six digits, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(f"{value:.6g}")
