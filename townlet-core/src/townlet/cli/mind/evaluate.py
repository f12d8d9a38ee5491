"""``townlet evaluate``: what a policy does over many towns, with intervals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from townlet.cli.completing import policies, scenarios
from townlet.cli.options import cast_option, executor_options, runs_option, shared_options, untrained_option
from townlet.cli.ranges import DAYS, WholeRange

__all__ = ["command"]

MISSED = 1
"""Exit code of a scorecard with an expectation that was missed."""


@click.command("evaluate", epilog="Example:  townlet evaluate --policy scripted --seeds 32 --days 5")
@shared_options
@click.option(
    "--policy",
    shell_complete=policies,
    default=None,
    metavar="SPEC",
    help="scripted | BACKEND:CHECKPOINT | release | mixture:A,B,RATIO (default: policy.backend of the config).",
)
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
@click.option(
    "--scenario",
    default=None,
    metavar="NAME",
    shell_complete=scenarios,
    help="Scenario to play, or 'all' for a scorecard; exit code 1 where an expectation is missed.",
)
@click.option("--full", is_flag=True, help="Show every figure, not only the headline ones.")
@runs_option("stores the result and names the release")
@click.option("--no-registry", is_flag=True, help="Do not store the result in the registry.")
def command(  # noqa: PLR0913 (an option of the command is a parameter of this function: that is click's way)
    config_path: Path | None,
    overrides: tuple[str, ...],
    seed: int | None,
    as_json: bool,
    policy: str | None,
    roles: tuple[str, ...],
    seeds: int | None,
    days: float | None,
    scenario: str | None,
    full: bool,
    runs: Path,
    no_registry: bool,
    untrained: bool,
    executor: str | None,
    workers: int | None,
) -> int:
    """Play one town for each seed with a policy, and estimate its key figures.

    The seeds start at evaluation.first_seed and are the same for every policy. Actions are the policy's best guess
    unless evaluation.explore is set. A policy that cannot run is an error; an evaluation never falls back.

    JSON keys: those of EvaluationResult (docs/reference/results.md), or a scorecard's with --scenario all.
    """
    from townlet.cli.mind.evaluate_show import show_evaluation, show_scorecard
    from townlet.cli.mind.judging import judge, on_executor
    from townlet.play import Admission

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
    cast = wanted.cast(policy, roles)
    with on_executor(wanted, executor, workers, quiet=as_json) as wanted:
        if scenario is None:
            show_evaluation(wanted.evaluate(cast), full=full, as_json=as_json)
            return 0
        card = wanted.scenarios(cast, scenario)
    show_scorecard(card, full=full, as_json=as_json)
    return 0 if card.passed == len(card.scores) else MISSED
