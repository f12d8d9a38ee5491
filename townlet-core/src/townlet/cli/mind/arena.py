"""``townlet arena``: minds among strangers, and among each other."""

from __future__ import annotations

from pathlib import Path

import click

from townlet.cli.options import (
    config_flags,
    debug_option,
    executor_options,
    json_option,
    read_config,
    runs_option,
    untrained_option,
)
from townlet.cli.ranges import WholeRange
from townlet.errors import UsageError

__all__ = ["command"]


@click.command("arena")
@click.argument("policies", nargs=-1, metavar="A [B ...]")
@config_flags
@json_option
@debug_option
@untrained_option
@executor_options
@click.option(
    "--suite",
    default="public",
    show_default=True,
    metavar="NAME",
    help="public, held-out, or the YAML file of a suite of your own.",
)
@click.option(
    "--scenario", "scenarios", multiple=True, metavar="NAME", help="Play this scenario only. May be repeated."
)
@click.option(
    "--background",
    multiple=True,
    metavar="MIND",
    help="Mind that plays the others instead of those of the suite, such as a checkpoint; several get equal shares. "
    "There are no scores then.",
)
@click.option("--no-matrix", is_flag=True, help="Leave out every mind with every other.")
@click.option(
    "--report", type=click.Path(path_type=Path), default=None, metavar="FILE", help="Also write an HTML page."
)
@click.option(
    "--watch",
    "watched_towns",
    type=click.Choice(["few", "all", "none"]),
    default="few",
    show_default=True,
    help="Towns that the page of --report links to: the worst and the best of each mind, those of every scenario, or "
    "none. Their pages are written beside it.",
)
@click.option(
    "--town",
    type=WholeRange(0, 2**62 - 1),
    default=None,
    metavar="SEED",
    help="Play only this town of one scenario, and write a page to watch it to --report.",
)
@click.option("--lint", "only_lint", is_flag=True, help="Check the suite and play nothing.")
@runs_option("names the release")
def command(  # noqa: PLR0913 (an option of the command is a parameter of this function: that is click's way)
    policies: tuple[str, ...],
    config_path: Path | None,
    overrides: tuple[str, ...],
    as_json: bool,
    untrained: bool,
    executor: str | None,
    workers: int | None,
    suite: str,
    scenarios: tuple[str, ...],
    background: tuple[str, ...],
    no_matrix: bool,
    report: Path | None,
    watched_towns: str,
    town: int | None,
    only_lint: bool,
    runs: Path,
) -> None:
    """Let minds live among strangers, and say how they and the strangers fare.

    A mind is named as elsewhere (scripted, pytorch:CHECKPOINT, release); random and the archetypes of the suite and of
    public are minds, too. Each plays every scenario of the suite in the same places of the same towns; then every mind
    plays with every other, in shares of one in eight, half, and all but one in eight.

    What everybody there decides and sees (town.actions, town.ask_every, observation) is what the config says.

    \b
    Example:  townlet arena scripted classic random --report arena.html
    Example:  townlet arena scripted --suite held-out --scenario causeway
    Example:  townlet arena scripted --scenario islands --town 700000104 --report town.html

    JSON keys: those of ArenaResult (docs/reference/results.md); with --town, file and bytes.
    """
    from townlet.arena import lint, load_suite, meet
    from townlet.arena.interface import Interface
    from townlet.arena.naming import mind_under_test
    from townlet.arena.watching import film_town
    from townlet.cli.mind.arena_show import (
        ArenaShown,
        minds_given,
        show_arena,
        show_lint,
        show_page,
        show_town,
        watched,
    )
    from townlet.cli.output import warn
    from townlet.cli.workers import asked_execution, asked_executor
    from townlet.play import Admission, Casting

    chosen = load_suite(suite)
    if only_lint:
        show_lint(chosen, lint(chosen), as_json=as_json)
        return
    if not policies:
        raise UsageError("the arena needs a mind or more", details=("townlet arena scripted classic random",))
    if report is not None and report.is_dir():
        raise UsageError("the page must be a file, found a folder", where=f"--report {report}")
    if town is not None and (len(policies) != 1 or len(scenarios) != 1 or report is None):
        raise UsageError(
            "--town plays one mind in one scenario and writes a page",
            details=("townlet arena scripted --scenario islands --town 700000104 --report town.html",),
        )
    document = read_config(config_path, overrides)
    chosen = chosen.lived_by(Interface.of(document.config))
    casting = Casting.of(document, runs=runs)
    minds = [mind_under_test(name, chosen, casting) for name in policies]
    if background:
        chosen = chosen.among([mind_under_test(name, chosen, casting) for name in background])
    admission = Admission(untrained=untrained)
    if town is not None and report is not None:
        show_town(film_town(minds[0], chosen, scenarios[0], town, report, admission=admission).path, as_json=as_json)
        return
    execution = asked_execution(document.config.execution, executor, workers)
    with (
        asked_executor(execution, threads=document.config.evaluation.threads, say=warn) as opened,
        watched(alone=opened is None, quiet=as_json) as (progress, watch),
    ):
        result = meet(
            minds,
            chosen,
            scenarios=scenarios,
            matrix=not no_matrix,
            admission=admission,
            executor=opened,
            watch=watch,
            progress=progress,
        )
    show_arena(result, as_json=as_json)
    if report is not None:
        given = minds_given(config_path, overrides, runs, background, untrained=untrained)
        shown = ArenaShown(report, suite, watched_towns, given, admission)
        show_page(result, minds, chosen, shown, quiet=as_json)
