"""Writes the generated pages about training: docs/reference/metrics.md and training_results.md."""

from __future__ import annotations

from pathlib import Path

from townlet.training.metrics.fields import reference
from townlet.training.results import results_reference

PAGES = {"metrics.md": reference, "training_results.md": results_reference}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (Path(__file__).parent / "reference" / name).write_text(page(), encoding="utf-8")
