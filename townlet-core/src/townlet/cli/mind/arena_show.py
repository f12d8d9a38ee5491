"""How ``arena`` shows how far it is and what was found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from townlet.arena import ArenaResult, Standing, Suite
from townlet.arena.meeting import Progress
from townlet.cli.compiling import say_that_it_compiles
from townlet.cli.output import counted, emit, emit_json, warn
from townlet.cli.progress import Bar
from townlet.cli.tables import emit_table
from townlet.cli.workers import workers_watched
from townlet.errors import UsageError
from townlet.evaluation import Estimate
from townlet.executors import Watch
from townlet.play import Admission, MindSpec
from townlet.visible import visible

__all__ = ["ArenaShown", "minds_given", "show_arena", "show_lint", "show_page", "show_town", "watched"]


@contextmanager
def watched(*, alone: bool, quiet: bool) -> Iterator[tuple[Progress | None, Watch | None]]:
    """Progress on stderr: what is being played where this process plays ``alone``, else what the workers do."""
    say_that_it_compiles()
    if not alone:
        with workers_watched("the arena", quiet=quiet) as watch:
            yield None, watch
        return
    with Bar("the arena", unit="towns", quiet=quiet) as bar:
        yield lambda done, total, what: bar.update(done, total, (what,)), None


def show_lint(suite: Suite, found: list[str], *, as_json: bool) -> None:
    """What is wrong with a suite; raises UsageError where something is."""
    if as_json:
        emit_json({"suite": suite.name, "digest": suite.digest, "found": found})
    elif not found:
        emit(f"suite {suite.name} is fine: {counted(len(suite.scenarios), 'scenario')}, digest {suite.digest[:12]}")
    if found:
        raise UsageError(f"suite {suite.name!r} is not what it says", details=tuple(found))


def show_arena(result: ArenaResult, *, as_json: bool) -> None:
    """Standings, the matrix, and the scenarios in which the first mind did worst; or the JSON document."""
    if as_json:
        emit_json(result.model_dump(mode="json"))
        return
    for line in result.warnings:
        warn(line)
    by = f", {result.lived_by()}" if result.interface else ""
    emit(f"suite {result.suite} ({result.suite_digest[:12]}): {counted(len(result.scenarios), 'scenario')}{by}\n")
    emit_table(
        ("mind", "score", "95 % interval", "return", "presence", "95 % interval"),
        [
            (
                total.mind,
                "-" if total.score is None else f"{total.score.mean:z.3f}",
                "-" if total.score is None else _interval(total.score),
                f"{total.focal_return.mean:z.3f}",
                f"{total.presence.mean:+z.3f}",
                _interval(total.presence, signed=True),
            )
            for total in result.totals
        ],
    )
    emit(
        "\nscore: 0 acts at random, 1 is the best mind known for the scenario\n"
        "presence: what the others gain or lose by it, per agent-day"
    )
    if result.matrix is not None:
        half = {(c.focal, c.background): c.focal_return.mean for c in result.matrix.cells if c.share == 0.5}
        emit("\nreturn of the row's mind among people of the column's, half and half")
        emit_table(
            ("", *(name for name in result.minds), "own kind minus others"),
            [
                (a, *(f"{half[a, b]:.3f}" for b in result.minds), f"{result.matrix.self_minus_cross[a].mean:+z.3f}")
                for a in result.minds
            ],
        )
    scored = all(scenario.anchor is not None for scenario in result.scenarios)  # else one column would hold both
    emit(f"\nscenario by scenario: {'score' if scored else 'return'}")
    emit_table(
        ("scenario", "differs in", "role", *result.minds),
        [
            (
                scenario.name,
                ", ".join(scenario.axes),
                scenario.role,
                *(f"{_measure(s, scored=scored).mean:z.3f}" for s in scenario.standings),
            )
            for scenario in result.scenarios
        ],
    )
    emit("\nall measures with their intervals:  --report FILE, or --json")


@dataclass(frozen=True, slots=True)
class ArenaShown:
    """What the page is made of beside the result.

    Attributes:
        report: where it goes.
        suite: the suite as it was named.
        towns: which towns get pages: few, all or none.
        given: options that say who the minds are.
        admission: which of them may act.
    """

    report: Path
    suite: str
    towns: str
    given: tuple[str, ...]
    admission: Admission


def minds_given(
    config: Path | None, overrides: Sequence[str], runs: Path, background: Sequence[str], *, untrained: bool
) -> tuple[str, ...]:
    """The options of this command that say who the minds are, to be given again."""
    words: list[str] = [] if config is None else ["--config", str(config)]
    for override in overrides:
        words += ["--set", override]
    for mind in background:
        words += ["--background", mind]
    if runs != Path("runs"):
        words += ["--runs", str(runs)]
    return (*words, *(["--untrained"] if untrained else []))


def show_page(result: ArenaResult, minds: Sequence[MindSpec], suite: Suite, shown: ArenaShown, *, quiet: bool) -> None:
    """Write the page, and beside it those of towns to watch."""
    from townlet.arena.page import arena_page
    from townlet.arena.watching import watch_command, watch_extremes

    addresses = {}
    if shown.towns != "none":
        with watched(alone=True, quiet=quiet) as (progress, _):
            pages = watch_extremes(
                result,
                minds,
                suite,
                shown.report,
                each_scenario=shown.towns == "all",
                admission=shown.admission,
                progress=progress,
            )
        addresses = {town: page.address(shown.report) for town, page in pages.items()}
    command = partial(watch_command, suite=shown.suite, more=shown.given)
    arena_page(result, addresses, command=command).write(shown.report)
    if not quiet:
        beside = f", and {counted(len(addresses), 'town')} to watch beside it" if addresses else ""
        emit(f"wrote {visible(str(shown.report))}{beside}")


def show_town(page: Path, *, as_json: bool) -> None:
    """Where the page of a town is, and its size."""
    size = page.stat().st_size
    if as_json:
        emit_json({"file": str(page), "bytes": size})
    else:
        emit(f"wrote {visible(str(page))} ({size / 1e6:.2f} MB)")


def _measure(standing: Standing, *, scored: bool) -> Estimate:
    score = standing.score if scored else None
    return standing.measures["focal_return"] if score is None else score


def _interval(found: Estimate, *, signed: bool = False) -> str:
    form = "+z.3f" if signed else "z.3f"
    return f"{found.low:{form}} to {found.high:{form}}"
