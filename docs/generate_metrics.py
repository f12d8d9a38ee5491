"""Writes docs/reference/metrics.md from the table in townlet.policy.training.metrics."""

from __future__ import annotations

from pathlib import Path

from townlet.policy.training.metrics import reference

if __name__ == "__main__":
    (Path(__file__).parent / "reference" / "metrics.md").write_text(reference(), encoding="utf-8")
