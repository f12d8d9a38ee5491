"""On which towns minds of ``goals`` are watched and judged, and a row of the table for one of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from townlet.config import load_config
from townlet.evaluation import difference, estimate, evaluate
from townlet.evaluation.names import higher_is_better

RULES = Path(__file__).resolve().parent / "results" / "rules.json"
WATCHED = range(3_000_000, 3_000_004)
"""Towns for the curves."""
JUDGED = range(4_000_000, 4_000_064)
DAYS = 5
SHOWN = ("reward", "self_sufficiency")

Figures = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Rules:
    """What the default scripted mind and the classic one reach in the judged towns, by the tick: key figures a town."""

    default: Figures
    classic: Figures

    @classmethod
    def kept(cls, file: Path) -> Self:
        """Those of a file, played and written into it if it is not there."""
        if not file.exists():
            kinds = {"default": [], "classic": ["policy.options.preset=classic"]}
            found: dict[str, Any] = {}
            for name, settings in kinds.items():
                figures = played(load_config(None, ["observation.variant=compact", *settings]), "scripted", JUDGED)
                found[name] = {each: values.round(6).tolist() for each, values in figures.items()}
            rules = cls._of(found)
            rows = {name: row_of(getattr(rules, name), rules) for name in kinds}
            towns = {"towns": len(JUDGED), "first": JUDGED[0], "days": DAYS, "watched": len(WATCHED)}
            write(file, {**towns, **rows, "by_town": found})
        return cls._of(json.loads(file.read_text())["by_town"])

    @classmethod
    def _of(cls, found: Any) -> Self:
        default, classic = ({name: np.array(of) for name, of in found[kind].items()} for kind in ("default", "classic"))
        return cls(default, classic)


def played(config: Any, policy: str, towns: range, days: float = DAYS) -> Figures:
    """Key figures of a policy that acts greedily, one a town."""
    found = evaluate(config, policy, seeds=list(towns), days=days).per_seed
    return {name: np.array(found[name]) for name in SHOWN}


def tried(config: Any, checkpoints: Iterable[Path], towns: range, days: float = DAYS) -> dict[Path, dict[str, float]]:
    """Mean key figures of each checkpoint in towns for choosing, told on stderr as they come."""
    found = {}
    for checkpoint in checkpoints:
        figures = played(config, f"pytorch:{checkpoint}", towns, days)
        found[checkpoint] = {name: round(float(values.mean()), 5) for name, values in figures.items()}
        print(checkpoint.name, found[checkpoint], file=sys.stderr, flush=True)
    return found


def row_of(figures: Figures, rules: Rules) -> dict[str, Any]:
    """Estimates with intervals, and the differences from the default rules, paired by town."""
    row: dict[str, Any] = {name: _numbers(estimate(figures[name])) for name in SHOWN}
    row["minus_default"] = {
        name: _numbers(difference(rules.default[name], figures[name], higher_is_better=higher_is_better(name)))
        for name in SHOWN
    }
    return row


def _numbers(interval: Any) -> dict[str, float]:
    return {name: round(float(getattr(interval, name)), 5) for name in ("mean", "low", "high")}


def write(file: Path, what: Mapping[str, Any]) -> None:
    """As JSON, with the day."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"measured": f"{datetime.now(UTC):%Y-%m-%d}", **what}, indent=1) + "\n")
