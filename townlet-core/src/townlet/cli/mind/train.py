"""``townlet train``: clone a teacher, learn from reward, or anneal from one to the other."""

from __future__ import annotations

from pathlib import Path

import click

from townlet.cli.options import read_config, runs_option, shared_options
from townlet.errors import UsageError

__all__ = ["command"]

_INTERRUPTED = 130
_MODES = ("bc", "ppo", "anneal", "replay", "rollout", "mixed")


@click.command("train")
@shared_options
@click.option("--mode", type=click.Choice(_MODES), default=None, help="Training mode (default: anneal).")
@click.option("--backend", default=None, metavar="NAME", help="Backend that learns; overrides training.backend.")
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
@runs_option("lists the run, wherever its folder is")
@click.option("--quiet", is_flag=True, help="Show no progress.")
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
    runs: Path,
    quiet: bool,
) -> None:
    """Train a network to live in the town.

    bc clones the teacher; ppo learns from reward, on fresh rollouts (rollout), on a recorded dataset (replay) or
    with a cloning term beside (mixed), as training.ppo.data says; anneal goes from cloning to reward along
    training.anneal.stages, with a gate after each stage.

    The run's folder holds metrics.jsonl, checkpoints and result.json. Ctrl-C once finishes the update and saves it;
    twice stops at once, with the last checkpoint whole. Afterwards what came of it is evaluated beside the teacher
    on towns it never saw, unless training.evaluate is off.

    \b
    Example:  townlet train town.yaml --mode anneal --out runs/first
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
    from townlet.cli.mind.train_report import report
    from townlet.cli.mind.train_work import TrainRequest, resumed_request, train
    from townlet.play.anchoring import anchored

    if resume is not None:
        request = resumed_request(resume, runs=runs, quiet=quiet or as_json)
    else:
        more = _training_overrides(backend, dataset, initial)
        document = read_config(config_path, (*overrides, *more), seed=seed)
        request = TrainRequest(anchored(document), mode or "anneal", out=out, runs=runs, quiet=quiet or as_json)
    outcome = train(request)
    report(outcome, as_json=as_json)
    if outcome.result.status == "interrupted":
        context.exit(_INTERRUPTED)


def _training_overrides(backend: str | None, dataset: Path | None, initial: Path | None) -> list[str]:
    chosen = (
        ("training.backend", backend),
        ("training.demonstrations.dataset", dataset),
        ("training.ppo.initial", initial),
    )
    return [f"{key}={value}" for key, value in chosen if value is not None]
