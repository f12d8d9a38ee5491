"""``townlet compare``: policies on the same towns, with a verdict in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from townlet.cli.completing import policies
from townlet.cli.options import (
    cast_option,
    config_flags,
    debug_option,
    executor_options,
    json_option,
    runs_option,
    seed_option,
    untrained_option,
)
from townlet.cli.ranges import DAYS, WholeRange
from townlet.errors import UsageError

__all__ = ["command"]


@click.command("compare", epilog="Example:  townlet compare scripted pytorch:runs/first/checkpoints/best --seeds 32")
@click.argument("policies", nargs=-1, metavar="A B [C ...]", shell_complete=policies)
@config_flags
@seed_option
@json_option
@debug_option
@cast_option
@untrained_option
@executor_options
@click.option(
    "--seeds",
    type=WholeRange(1, 100_000),
    default=None,
    metavar="N",
    help="Towns (default: evaluation.seeds).",
)
@click.option("--days", type=DAYS, default=None, metavar="D", help="Days per town (default: evaluation.days).")
@click.option("--full", is_flag=True, help="Show every figure, not only the headline ones.")
@click.option(
    "--report", type=click.Path(path_type=Path), default=None, metavar="FILE", help="Also write an HTML page."
)
@runs_option("stores the results and names the release")
@click.option("--no-registry", is_flag=True, help="Do not store the results in the registry.")
def command(  # noqa: PLR0913 (an option of the command is a parameter of this function: that is click's way)
    policies: tuple[str, ...],
    roles: tuple[str, ...],
    config_path: Path | None,
    overrides: tuple[str, ...],
    seed: int | None,
    as_json: bool,
    seeds: int | None,
    days: float | None,
    full: bool,
    report: Path | None,
    runs: Path,
    no_registry: bool,
    untrained: bool,
    executor: str | None,
    workers: int | None,
) -> None:
    """Evaluate policies on the same seeds and compare each of the others with the first.

    Differences are paired by seed. Over five towns and more a figure is called better or worse where the 95 % interval
    of its difference is clear of zero; otherwise there is no clear difference.

    JSON keys: those of ComparisonResult (docs/reference/results.md).
    """
    if len(policies) < 2:
        raise UsageError("a comparison needs at least two policies", details=("townlet compare scripted stub",))
    from townlet.cli.mind.evaluate_show import show_comparison
    from townlet.cli.mind.judging import judge, on_executor
    from townlet.evaluation import compare
    from townlet.evaluation.plots.style import need_matplotlib
    from townlet.play import Admission

    if report is not None:
        need_matplotlib()
        if report.is_dir():
            raise UsageError("the page must be a file, found a folder", where=f"--report {report}")
    wanted = judge(
        config_path,
        overrides,
        seed=seed,
        seeds=seeds,
        days=days,
        runs=runs,
        keep=not no_registry,
        quiet=as_json,
    )
    wanted = replace(wanted, admission=Admission(untrained=untrained))
    casts = wanted.casts(policies, roles)
    wanted.refuse_what_cannot_play(casts)
    with on_executor(wanted, executor, workers, quiet=as_json) as wanted:
        result = compare(wanted.evaluate_each(casts))
    show_comparison(result, full=full, as_json=as_json)
    if report is not None:
        from townlet.evaluation.comparison_page import comparison_page

        comparison_page(result).write(report)
