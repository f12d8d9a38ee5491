"""``townlet promote``: make a candidate the release, or hold it back."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from townlet.cli.options import config_flags, debug_option, executor_options, json_option, read_config, runs_option
from townlet.cli.output import as_typed, counted, emit, emit_json
from townlet.visible import visible

if TYPE_CHECKING:
    from townlet.arena.promoting import Demands
    from townlet.evaluation.judging import Judge

__all__ = ["command"]


@click.command("promote")
@click.argument("checkpoint", metavar="CHECKPOINT", type=click.Path(path_type=Path))
@config_flags
@click.option("--hold", is_flag=True, help="Hold it back instead; it must pass its evaluations again.")
@click.option("--reason", default="", metavar="TEXT", help="Reason, recorded with the decision.")
@click.option("--by", default=None, metavar="NAME", help="Who decides (default: your user name).")
@click.option("--evaluate", is_flag=True, help="First compare it with its teacher on towns that it has never seen.")
@click.option("--force", is_flag=True, help="Promote it although it has not passed; requires --reason.")
@executor_options
@runs_option("records the decision")
@json_option
@debug_option
def command(  # noqa: PLR0913 (an option of the command is a parameter of this function: that is click's way)
    checkpoint: Path,
    config_path: Path | None,
    overrides: tuple[str, ...],
    hold: bool,
    evaluate: bool,
    reason: str,
    by: str | None,
    force: bool,
    executor: str | None,
    workers: int | None,
    runs: Path,
    as_json: bool,
) -> None:
    """Make a checkpoint the release: the policy that `--backend release` runs.

    It must be a candidate: evaluation.required_passes evaluations in a row passed, on different seeds, without
    objections of its own training. It must do as expected in the scenarios that evaluation.required_scenarios names,
    and where evaluation.strangers.suite names a suite of the arena, be shown to do no worse among strangers than the
    release (or than the teacher, where nothing is released); both are played first. An evaluation is passed where the
    candidate is shown to be no worse than its teacher (training.demonstrations.teacher) by more than
    evaluation.margins. train plays these evaluations at its end, --evaluate plays further ones, each on towns that the
    checkpoint was not judged on before. All of them count, passed or not: two passes in a row are enough among 40
    evaluations, three among 1,600, and a single one only if it is the first. Every digest is checked. CHECKPOINT is a
    folder, a pointer such as checkpoints/best, or a run's folder; without --config its run's own config holds.

    \b
    Example:  townlet promote runs/first/checkpoints/best --reason "beats the scripted mind on 32 seeds"
    Example:  townlet promote runs/first --evaluate --set evaluation.seeds=32

    JSON keys: id, at, action (promote or hold), checkpoint (digest), path, previous, passes, reason, by, metrics,
    strangers (a StrangersGate, docs/reference/results.md; null where no suite is required).
    """
    from townlet.cli.mind.judging import judge, on_executor
    from townlet.cli.release.judging import judge_candidate
    from townlet.registry import PromotionManager, Registry
    from townlet.registry.demands import run_config

    if config_path is None:
        config_path = run_config(checkpoint)
    document = read_config(config_path, overrides)
    wanted = document.config.evaluation
    demanding = not force and bool(wanted.required_scenarios or wanted.strangers.suite)
    judging = judge(config_path, overrides, runs=runs, keep=True, quiet=as_json)
    with ExitStack() as stack:
        if not hold and (evaluate or demanding):
            judging = stack.enter_context(on_executor(judging, executor, workers, quiet=as_json))
        if evaluate and not hold:
            judge_candidate(document.config, checkpoint, runs, executor=judging.executor, quiet=as_json)
        demands = None if hold or force else _demands(judging, runs, quiet=as_json)
        with Registry(runs) as registry:
            manager = PromotionManager(registry, wanted.required_passes, demands=demands)
            if hold:
                decision = manager.hold(checkpoint, reason=reason, by=by)
            else:
                decision = manager.promote(checkpoint, reason=reason, by=by, force=force)
            judged = manager.status(decision.checkpoint).judged
            released = manager.release()
            stays = hold and released is not None and released.checkpoint == decision.checkpoint
    if as_json:
        met = None if demands is None else demands.met
        emit_json({**decision.to_json(), "strangers": None if met is None else met.model_dump(mode="json")})
        return
    word = "held back" if hold else "promoted"
    passes, evaluations = counted(decision.passes, "pass", "passes"), counted(judged, "evaluation")
    path, by = visible(decision.path), visible(decision.by)
    emit(f"{word} {path} ({decision.checkpoint[:12]}), {passes} in a row of {evaluations}, by {by}")
    if stays:
        emit("it stays the release until another one is promoted, or `townlet rollback` goes back to the one before")
    if not hold:
        own = run_config(checkpoint)
        line = "townlet run --backend release" if own is None else f"townlet run {as_typed(own)} --backend release"
        emit(f"run it with:  {line}" if runs == Path("runs") else f"run it with:  {line} --runs {as_typed(runs)}")


def _demands(judging: Judge, runs: Path, *, quiet: bool) -> Demands:
    """What the config demands beside passed evaluations, with progress on stderr and what was found on stdout."""
    from townlet.arena.promoting import Demands
    from townlet.cli.release.strangers import show_strangers, strangers_watched

    return Demands(
        judging.document,
        runs=runs,
        judge=judging,
        watched=strangers_watched(alone=judging.executor is None, quiet=quiet),
        show=None if quiet else show_strangers,
    )
