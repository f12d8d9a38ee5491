"""``townlet rollback``: go back to the release before."""

from __future__ import annotations

from pathlib import Path

import click

from townlet.cli.options import debug_option, json_option, runs_option
from townlet.cli.output import emit, emit_json
from townlet.visible import visible

__all__ = ["command"]


@click.command("rollback")
@click.option("--reason", default="", metavar="TEXT", help="Reason, recorded with the decision.")
@click.option("--by", default=None, metavar="NAME", help="Who decides (default: your user name).")
@runs_option("records the decision")
@json_option
@debug_option
def command(reason: str, by: str | None, runs: Path, as_json: bool) -> None:
    """Make the previous release the release again, after checking its digests.

    \b
    Example:  townlet rollback --reason "agents refuse to queue"

    JSON keys: id, at, action (rollback), checkpoint (digest), path, previous, passes, reason, by, metrics.
    """
    from townlet.registry import PromotionManager, Registry

    with Registry(runs, create=False) as registry:
        decision = PromotionManager(registry).rollback(reason=reason, by=by)
    if as_json:
        emit_json(decision.to_json())
        return
    emit(f"back to {visible(decision.path)} ({decision.checkpoint[:12]}), by {visible(decision.by)}")
