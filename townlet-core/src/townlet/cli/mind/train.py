"""``townlet train``: clone a teacher, learn from reward, or anneal from one to the other."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from townlet.cli.completing import backends
from townlet.cli.options import executor_options, read_config, runs_option, shared_options
from townlet.cli.output import console, warn, warn_and_keep
from townlet.cli.ranges import WholeRange
from townlet.errors import UsageError

if TYPE_CHECKING:
    from townlet.api import Report
    from townlet.cli.mind.train_bar import TrainingBar
    from townlet.config import TownletConfig
    from townlet.training import Run
    from townlet.training.results import TrainingResult
    from townlet.viewer.live import LiveTraining

__all__ = ["command"]

_INTERRUPTED = 130
_MODES = ("bc", "ppo", "anneal", "replay", "rollout", "mixed")


@click.command("train")
@shared_options
@click.option("--mode", type=click.Choice(_MODES), default=None, help="Training mode (default: anneal).")
@click.option(
    "--backend",
    default=None,
    metavar="NAME",
    shell_complete=backends,
    help="Backend that learns; overrides training.backend.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    metavar="DIR",
    help="Folder of the run (default: the first free RUNS/MODE-NUMBER).",
)
@click.option(
    "--resume",
    type=click.Path(path_type=Path),
    default=None,
    metavar="DIR",
    help="Resume the run in this folder from its last checkpoint, with its config and mode.",
)
@click.option(
    "--dataset",
    type=click.Path(path_type=Path),
    default=None,
    metavar="DIR",
    help="Recorded dataset to imitate or replay (default: record the scripted teacher first).",
)
@click.option(
    "--initial", type=click.Path(path_type=Path), default=None, metavar="DIR", help="Checkpoint to start from."
)
@executor_options
@runs_option("lists the run, wherever its folder is")
@click.option("--quiet", is_flag=True, help="Show no progress.")
@click.option("--browser", is_flag=True, help="Show the curves and the town of the moment in the browser.")
@click.option(
    "--port",
    type=WholeRange(min=0, max=65_535),
    default=0,
    help="Port of the server that --browser starts (default: any free port).",
)
@click.pass_context
def command(  # noqa: PLR0913 (an option of the command is a parameter of this function: that is click's way)
    context: click.Context,
    config_path: Path | None,
    overrides: tuple[str, ...],
    seed: int | None,
    as_json: bool,
    mode: str | None,
    backend: str | None,
    out: Path | None,
    resume: Path | None,
    dataset: Path | None,
    initial: Path | None,
    executor: str | None,
    workers: int | None,
    runs: Path,
    quiet: bool,
    browser: bool,
    port: int,
) -> None:
    """Train a network to live in the town.

    bc clones the teacher; ppo learns from reward, on fresh rollouts (rollout), on a recorded dataset (replay) or
    with a cloning term beside (mixed), as training.ppo.data says; anneal goes from cloning to reward along
    training.anneal.stages, with a gate after each stage.

    The run's folder holds metrics.jsonl, checkpoints and result.json. Ctrl-C once finishes the update and saves it;
    twice stops at once, with the last checkpoint whole. Afterwards what came of it is evaluated beside the teacher
    on towns it never saw, unless training.evaluate is off.

    --browser prints an address on this machine, of a page that shows each curve as it grows and the first of the
    towns that PPO learns in. Nothing waits for it, and the result is the same with and without it.

    \b
    Example:  townlet train town.yaml --mode anneal --out runs/first
    Example:  townlet train town.yaml --browser
    Example:  townlet train --resume runs/first

    JSON keys: run, mode, config_id, learner (requested, active, distribution, version, ...), result (see
    docs/reference/training_results.md), warnings.
    """
    given = [name for name, value in (("CONFIG", config_path), ("--set", overrides), ("--seed", seed)) if value]
    given += [name for name, value in (("--mode", mode), ("--backend", backend), ("--out", out)) if value]
    given += [name for name, value in (("--dataset", dataset), ("--initial", initial)) if value]
    if resume is not None and given:
        raise UsageError(
            "a resumed run keeps its own config and mode",
            details=(f"leave out {', '.join(given)}, or start a new run without --resume",),
        )
    if port and not browser:
        raise UsageError("--port needs --browser")
    if browser:
        from townlet.viewer.live import require_web

        require_web()  # before anything is compiled
    from townlet.cli.mind.train_bar import TrainingBar
    from townlet.cli.workers import asked_execution, asked_executor
    from townlet.play.anchoring import anchored
    from townlet.training import BegunRun, Run, TrainingServices
    from townlet.training.learner.choice import learner_name

    opened: Callable[..., Run]
    if resume is not None:
        begun = BegunRun.read(resume)
        config = begun.config
        opened = partial(Run.resume, begun)
    else:
        more = _training_overrides(backend, dataset, initial)
        config = anchored(read_config(config_path, (*overrides, *more), seed=seed))
        opened = partial(Run.begin, config, mode or "anneal", out=out)
    execution = asked_execution(config.execution, executor, workers)
    with ExitStack() as stack:
        threads = config.training.ppo.rollout.threads
        elsewhere = stack.enter_context(
            asked_executor(execution, threads=1 if threads == "auto" else threads, say=warn)
        )
        page = _in_the_browser(config, elsewhere=elsewhere is not None, resume=resume, port=port) if browser else None
        audience = None if page is None else page.audience
        services = TrainingServices.from_config(config, runs=runs, executor=elsewhere, audience=audience)
        bar = TrainingBar(learner_name(config), quiet=quiet or as_json)
        result = _train(partial(opened, services=services), bar, page, as_json=as_json)
    if result.status == "interrupted":
        context.exit(_INTERRUPTED)


def _in_the_browser(config: TownletConfig, *, elsewhere: bool, resume: Path | None, port: int) -> LiveTraining:
    """The page of the run."""
    from townlet.cli.compiling import say_that_it_compiles
    from townlet.viewer.live import LiveTraining

    say_that_it_compiles()
    before = None if resume is None else resume / "metrics.jsonl"
    return LiveTraining(config, elsewhere=elsewhere, before=before, port=port)


def _train(opened: Callable[..., Run], bar: TrainingBar, page: LiveTraining | None, *, as_json: bool) -> TrainingResult:
    """Train with a bar and, if there is one, a page; tell the observers, report."""
    from townlet.cli.compiling import say_that_it_compiles
    from townlet.cli.mind.train_report import report
    from townlet.plugins import Observers
    from townlet.training import train

    observers = Observers.load()
    warnings: list[str] = []
    told = warn_and_keep(warnings)
    with ExitStack() as stack:
        watchers: list[Report] = [observers.training_report]
        if page is not None:
            watchers.append(stack.enter_context(page).report)
            console().print(f"open this address to watch:  {page.address}", markup=False, soft_wrap=True)
        watchers.append(stack.enter_context(bar).show)
        say_that_it_compiles()
        with opened(watchers=watchers, doing=bar.doing) as run:
            device = f" on {run.learner.device}" if run.learner.device else ""
            bar.say(f"writing to {run.folder.path}: {run.mode} training of {run.provenance.active}{device}")
            result = train(run, warn=told)
    for failure in observers.failures:
        told(str(failure))
    report(run, result, warnings, as_json=as_json)
    return result


def _training_overrides(backend: str | None, dataset: Path | None, initial: Path | None) -> list[str]:
    chosen = (
        ("training.backend", backend),
        ("training.demonstrations.dataset", dataset),
        ("training.ppo.initial", initial),
    )
    return [f"{key}={value}" for key, value in chosen if value is not None]
