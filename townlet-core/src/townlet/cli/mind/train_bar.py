"""How far training is: a bar with losses, return and speed where there is a terminal, lines where there is none."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from townlet.api import TrainingReport
from townlet.cli.output import console

__all__ = ["TrainingBar", "summary_line"]

_LINE_EVERY = 5.0
_SHOWN: dict[str, tuple[tuple[str, str, str], ...]] = {
    "bc": (("loss", "loss", "{:.3f}"), ("accuracy", "accuracy", "{:.1%}")),
    "ppo": (
        ("reward_mean", "reward", "{:+.5f}"),
        ("return_mean", "return", "{:+.2f}"),
        ("policy_loss", "policy", "{:+.3f}"),
        ("value_loss", "value", "{:.3f}"),
        ("entropy", "entropy", "{:.2f}"),
        ("approx_kl", "KL", "{:.4f}"),
    ),
    "anneal": (("passed", "passed", "{:.0f}"), ("flags", "flags", "{:.0f}")),
}
"""Metric, heading, format, by phase."""


class TrainingBar:
    """Is shown each line of metrics.

    Args:
        quiet: show nothing.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._bar: Bar | None = None
        self._tasks: dict[tuple[str, int], TaskID] = {}
        self._stages = 0
        self._next = 0.0

    def __enter__(self) -> Self:
        if not self._quiet and console().is_terminal:
            self._bar = Bar(
                TextColumn("{task.description}"),
                BarColumn(bar_width=20),
                MofNCompleteColumn(),
                TextColumn("{task.fields[line]}"),
                TimeRemainingColumn(),
                console=console(),
            )
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, report: TrainingReport) -> None:
        """Show a report, now or with the next one."""
        if self._quiet:
            return
        if report.phase == "anneal":
            self._stages = report.step
        if self._bar is not None:
            self._update(self._bar, report)
        elif time.monotonic() >= self._next or report.step == report.total:
            self._next = time.monotonic() + _LINE_EVERY
            total = f"/{report.total}" if report.total else ""
            console().print(
                f"{report.phase} {report.step}{total}: {summary_line(report)}", markup=False, soft_wrap=True
            )

    def _update(self, bar: Bar, report: TrainingReport) -> None:
        key = (report.phase, 0 if report.phase == "anneal" else self._stages)
        if key not in self._tasks:
            self._tasks[key] = bar.add_task(report.phase, total=report.total or None, line="")
        bar.update(self._tasks[key], completed=report.step, total=report.total or None, line=summary_line(report))


def summary_line(report: TrainingReport) -> str:
    """The metrics that a person follows, in one line."""
    shown = [
        f"{heading} {form.format(report.metrics[name])}"
        for name, heading, form in _SHOWN.get(report.phase, ())
        if name in report.metrics
    ]
    speed = report.metrics.get("samples_per_second")
    if speed is not None:
        shown.append(f"{speed:,.0f} samples/s")
    return "  ".join(shown)
