"""``townlet releases``: the release, the candidates, every decision."""

from __future__ import annotations

from pathlib import Path

import click

from townlet.cli.options import config_flags, debug_option, json_option, read_config, runs_option
from townlet.cli.output import counted, emit, emit_json
from townlet.cli.tables import emit_table
from townlet.visible import visible

__all__ = ["command"]


@click.command("releases")
@config_flags
@runs_option("is listed")
@json_option
@debug_option
def command(config_path: Path | None, overrides: tuple[str, ...], runs: Path, as_json: bool) -> None:
    """Show which checkpoint is the release, which are candidates, and every decision with its reason.

    \b
    Example:  townlet releases

    JSON keys: release (a decision, or null), candidates (each: checkpoint, path, passes, required), decisions (each:
    id, at, action, checkpoint, path, previous, passes, reason, by, metrics), newest first.
    """
    from townlet.registry import PromotionManager, Registry

    required = read_config(config_path, overrides).config.evaluation.required_passes
    with Registry(runs, create=False) as registry:
        manager = PromotionManager(registry, required)
        release, decisions = manager.release(), manager.history()
        waiting = [(s, str(registry.real_path(registry.checkpoint(s.checkpoint).path))) for s in manager.candidates()]
    if as_json:
        emit_json(
            {
                "release": None if release is None else release.to_json(),
                "candidates": [
                    {"checkpoint": s.checkpoint, "path": path, "passes": s.passes, "required": s.required}
                    for s, path in waiting
                ],
                "decisions": [decision.to_json() for decision in decisions],
            }
        )
        return
    emit("no release yet" if release is None else f"release: {visible(release.path)} ({release.checkpoint[:12]})")
    for status, path in waiting:
        emit(f"candidate: {visible(path)}, {status.passes} of {counted(status.required, 'pass', 'passes')}")
    if decisions:
        emit()
        emit_table(
            ("at (UTC)", "decision", "checkpoint", "passes", "by", "reason"),
            [
                (d.at[:19].replace("T", " "), d.action, d.checkpoint[:12], str(d.passes), d.by, d.reason)
                for d in decisions
            ],
        )
