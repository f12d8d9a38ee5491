"""How far training is: what it is at, how much of it is done, its newest numbers; a line for each piece that ended."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from townlet.api import TrainingReport
from townlet.cli.output import console
from townlet.cli.progress import Bar, paints, wrapped
from townlet.visible import visible

__all__ = ["TrainingBar", "numbers"]

_SHOWN: dict[str, tuple[tuple[str, str, str], ...]] = {
    "bc": (("loss", "loss", "{:.3f}"), ("accuracy", "accuracy", "{:.1%}")),
    "ppo": (
        ("reward_mean", "reward", "{:+.5f}"),
        ("return_mean", "return", "{:+.2f}"),
        ("policy_loss", "policy loss", "{:+.3f}"),
        ("value_loss", "value loss", "{:.3f}"),
        ("entropy", "entropy", "{:.2f}"),
        ("approx_kl", "KL", "{:.4f}"),
    ),
    "anneal": (("passed", "passed", "{:.0f}"), ("flags", "flags", "{:.0f}")),
}
"""Metric, heading, format, by phase."""

_UNITS = {"cloning": "epochs", "learning": "updates", "recording": "ticks", "evaluating": "town-ticks"}
"""What is counted, by the first word of what a run is at."""


class TrainingBar:
    """Is told what a run is at, and shown each line of metrics.

    Args:
        who: learns, such as ``pytorch``.
        quiet: show nothing.
    """

    def __init__(self, who: str, *, quiet: bool) -> None:
        self._quiet = quiet
        self._what = ""
        self._last: TrainingReport | None = None
        self._bar = Bar(f"starting {who}", quiet=quiet, keep=False)

    def __enter__(self) -> Self:
        self._bar.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended()
        self._bar.__exit__(kind, error, trace)

    def say(self, line: str) -> None:
        """A line that stays."""
        if not self._quiet:
            console().print(visible(line), markup=False, soft_wrap=True)

    def doing(self, what: str, done: int, total: int) -> None:
        """What the run is at, how much of it is done, and of how much."""
        if what != self._what:
            self._ended()
            self._what = what
            unit = _UNITS.get(what.rpartition(": ")[2].partition(" ")[0], "")
            self._bar.begin(what, total, unit=unit, done=done)
        self._bar.update(done, total)

    def show(self, report: TrainingReport) -> None:
        """Show a report, now or with the next one."""
        if report.phase == "anneal":
            self._ended()
            self._what = ""
            self.say(f"stage {report.step}/{report.total}: {_outcome(report)}")
            return
        self._last = report
        if self._bar.due:
            self._bar.update(report.step, report.total or None, numbers(report), now=paints())

    def _ended(self) -> None:
        """Leave a line with the last numbers of what was under way."""
        if self._last is not None:
            step, total = self._last.step, self._last.total
            count = f"{step}/{total}" if total else str(step)
            items = (f"{self._what} {count}", *numbers(self._last))
            width = console().width if paints() else 1000
            for line in wrapped(items, width, indent=""):
                self.say(line)
        self._last = None


def _outcome(report: TrainingReport) -> str:
    flags = int(report.metrics.get("flags", 0))
    if report.metrics.get("passed"):
        return "passed its gate"
    rolled = ", rolled back" if report.metrics.get("rolled_back") else ""
    return f"did not pass its gate ({flags} {'objection' if flags == 1 else 'objections'}{rolled})"


def numbers(report: TrainingReport) -> list[str]:
    """The metrics that a person follows."""
    shown = [
        f"{heading} {form.format(report.metrics[name])}"
        for name, heading, form in _SHOWN.get(report.phase, ())
        if name in report.metrics
    ]
    speed = report.metrics.get("samples_per_second")
    lived = report.metrics.get("agent_ticks_per_second", speed)
    if speed is None or lived is None:
        return shown
    if lived == speed:
        return [*shown, f"{speed:,.0f} samples/s"]
    return [*shown, f"{speed:,.0f} decisions/s", f"{lived:,.0f} agent-ticks/s"]
