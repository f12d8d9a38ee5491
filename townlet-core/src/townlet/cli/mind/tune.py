"""``townlet tune``: search for better settings of a mind over towns."""

from __future__ import annotations

from pathlib import Path

import click

from townlet.cli.completing import policies
from townlet.cli.options import executor_options, read_config, runs_option, shared_options
from townlet.cli.ranges import DAYS, FiniteRange, WholeRange
from townlet.errors import UsageError

__all__ = ["command"]

_COUNT = WholeRange(1, 100_000)


@click.command("tune")
@shared_options
@click.option(
    "--policy",
    shell_complete=policies,
    default=None,
    metavar="SPEC",
    help="BACKEND or BACKEND:CHECKPOINT whose options vary (default: policy.backend of the config).",
)
@click.option(
    "--vary",
    multiple=True,
    metavar="SETTING[=RANGE]",
    help="Setting to vary: an option of the policy or a key of training, with its range LOW:HIGH, "
    "LOW:HIGH:log or its choices A,B,C. May be repeated (default: tuning.search, or every option that has a range).",
)
@click.option(
    "--constraint",
    "constraints",
    multiple=True,
    metavar="BOUND",
    help="A bound such as 'self_sufficiency >= 0.99'. May be repeated (default: tuning.constraints).",
)
@click.option("--objective", default=None, metavar="FIGURE", help="Key figure to improve (default: tuning.objective).")
@click.option(
    "--trials",
    type=WholeRange(1, 1_000_000),
    default=None,
    metavar="N",
    help="Number of trials (default: tuning.trials).",
)
@click.option(
    "--minutes",
    type=FiniteRange(min=0, min_open=True),
    default=None,
    metavar="M",
    help="Start no new trial after M minutes.",
)
@click.option("--seeds", type=_COUNT, default=None, metavar="N", help="Towns per trial (default: tuning.seeds).")
@click.option("--days", type=DAYS, default=None, metavar="D", help="Days per town (default: tuning.days).")
@executor_options
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    metavar="DIR",
    help="The study's folder; the first free RUNS/tune-NUMBER by default.",
)
@click.option(
    "--resume",
    type=click.Path(path_type=Path),
    default=None,
    metavar="DIR",
    help="Resume the study in this folder. Only --trials, --minutes, --executor and --workers may be changed.",
)
@runs_option("lists the study")
@click.option("--quiet", is_flag=True, help="Show no progress.")
def command(  # noqa: PLR0913 (an option of the command is a parameter of this function: that is click's way)
    config_path: Path | None,
    overrides: tuple[str, ...],
    seed: int | None,
    as_json: bool,
    policy: str | None,
    vary: tuple[str, ...],
    constraints: tuple[str, ...],
    objective: str | None,
    trials: int | None,
    minutes: float | None,
    seeds: int | None,
    days: float | None,
    executor: str | None,
    workers: int | None,
    out: Path | None,
    resume: Path | None,
    runs: Path,
    quiet: bool,
) -> None:
    """Search for better settings of a mind, over many towns.

    Every trial plays the same towns with other settings. The best are played again on further towns, and the winner is
    judged, beside the settings as they were, on the towns that `townlet evaluate` uses, which no trial has seen. Where
    keys of training vary, each trial trains first.

    The study's folder holds trials.jsonl, result.json, best.yaml (a config that runs) and, with matplotlib, tuning.svg.
    Ctrl-C loses only the trials under way; continue with --resume.

    \b
    Example:  townlet tune --minutes 10 --workers 2
    Example:  townlet tune --vary patience --vary eat_below=0.3:0.8 --trials 40
    Example:  townlet tune --vary training.ppo.learning_rate.start=1e-5:1e-2:log --trials 12

    JSON keys: those of TuningResult (docs/reference/results.md), and folder.
    """
    given = {
        "CONFIG": config_path,
        "--set": overrides,
        "--seed": seed,
        "--policy": policy,
        "--vary": vary,
        "--constraint": constraints,
        "--objective": objective,
        "--seeds": seeds,
        "--days": days,
        "--out": out,
    }
    if resume is not None and (clash := [name for name, value in given.items() if value not in (None, ())]):
        raise UsageError(
            "a resumed study keeps its own config and search",
            details=(f"leave out {', '.join(clash)}, or start a new study without --resume",),
        )
    from townlet.cli.mind.tune_show import show_tuning
    from townlet.cli.mind.tune_study import overrides_of, watched_study
    from townlet.cli.workers import asked_execution
    from townlet.tuning.sampling import need_optuna
    from townlet.tuning.study import StudyFolder, free_study_folder

    need_optuna()
    changes = overrides_of(
        vary=vary,
        constraints=constraints,
        plain={
            "policy.backend": policy,
            "tuning.objective": objective,
            "tuning.trials": trials,
            "tuning.max_seconds": None if minutes is None else 60.0 * minutes,
            "tuning.seeds": seeds,
            "tuning.days": days,
        },
    )
    if resume is not None:
        config, folder = StudyFolder.config_of(resume), resume
        limits = {change.key.removeprefix("tuning."): change.value for change in changes}
        config = config.model_copy(update={"tuning": config.tuning.model_copy(update=limits)})
    else:
        config = read_config(config_path, overrides, seed=seed, more=changes).config
        folder = free_study_folder(runs) if out is None else out
    execution = asked_execution(config.execution, executor, workers)
    result = watched_study(
        config, folder, resume=resume is not None, execution=execution, runs=runs, quiet=quiet or as_json
    )
    show_tuning(result, folder, as_json=as_json)
