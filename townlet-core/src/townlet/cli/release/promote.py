"""``townlet promote``: make a candidate the release, or hold it back."""

from __future__ import annotations

from pathlib import Path

import click

from townlet.cli.options import config_flags, debug_option, json_option, read_config, runs_option
from townlet.cli.output import counted, emit, emit_json
from townlet.visible import visible

__all__ = ["command"]


@click.command("promote")
@click.argument("checkpoint", metavar="CHECKPOINT", type=click.Path(path_type=Path))
@config_flags
@click.option("--hold", is_flag=True, help="Hold it back instead; it must pass its evaluations again.")
@click.option("--reason", default="", metavar="TEXT", help="Reason, recorded with the decision.")
@click.option("--by", default=None, metavar="NAME", help="Who decides (default: your user name).")
@click.option("--evaluate", is_flag=True, help="First compare it with its teacher on towns that it has never seen.")
@click.option("--force", is_flag=True, help="Promote it although it has not passed; requires --reason.")
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
    runs: Path,
    as_json: bool,
) -> None:
    """Make a checkpoint the release: the policy that `--backend release` runs.

    It must be a candidate: evaluation.required_passes evaluations in a row passed, on different seeds, without
    objections of its own training. It must do as expected in the scenarios that evaluation.required_scenarios names,
    and where evaluation.strangers.suite names a suite of the arena, be shown to do no worse among strangers than the
    release (or than the teacher, where nothing is released); both are played first. An evaluation is passed where the
    candidate is shown to be no worse than its teacher (training.demonstrations.teacher) by more than
    evaluation.margins. train plays these evaluations at its end, --evaluate plays further ones. Every digest is
    checked. CHECKPOINT is a folder, a pointer such as checkpoints/best, or a run's folder; without --config its run's
    own config holds.

    \b
    Example:  townlet promote runs/first/checkpoints/best --reason "beats the scripted mind on 32 seeds"
    Example:  townlet promote runs/first --evaluate --set evaluation.seeds=32

    JSON keys: id, at, action (promote or hold), checkpoint (digest), path, previous, passes, reason, by, metrics,
    strangers (a StrangersGate, docs/reference/results.md; null where no suite is required).
    """
    from townlet.registry import PromotionManager, Registry

    if config_path is None:
        from townlet.training.run.folder import run_config

        config_path = run_config(checkpoint)
    document = read_config(config_path, overrides)
    required = document.config.evaluation.required_passes
    if document.config.evaluation.required_scenarios and not (hold or force):
        from townlet.cli.mind.judging import judge

        judge(config_path, overrides, runs=runs, keep=True, quiet=as_json).require_scenarios(checkpoint)
    if evaluate and not hold:
        from townlet.cli.release.judging import judge_candidate

        judge_candidate(document.config, checkpoint, runs, quiet=as_json)
    met = None
    if document.config.evaluation.strangers.suite is not None and not (hold or force):
        from townlet.cli.release.strangers import require_strangers

        met = require_strangers(document, checkpoint, runs, quiet=as_json)
    with Registry(runs) as registry:
        manager = PromotionManager(registry, required)
        if hold:
            decision = manager.hold(checkpoint, reason=reason, by=by)
        else:
            decision = manager.promote(checkpoint, reason=reason, by=by, force=force)
    if as_json:
        emit_json({**decision.to_json(), "strangers": None if met is None else met.model_dump(mode="json")})
        return
    word = "held back" if hold else "promoted"
    passes = counted(decision.passes, "pass", "passes")
    path, by = visible(decision.path), visible(decision.by)
    emit(f"{word} {path} ({decision.checkpoint[:12]}), {passes} in a row, by {by}")
    if not hold:
        emit("run it with:  townlet run --backend release")
