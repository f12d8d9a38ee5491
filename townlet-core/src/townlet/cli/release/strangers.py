"""A checkpoint held against the release among strangers before it is promoted."""

from __future__ import annotations

from pathlib import Path

from townlet.arena import load_suite
from townlet.arena.gate import STRANGERS_COLUMNS, StrangersGate, judge_among_strangers, strangers_cells
from townlet.checkpoints import read_checkpoint
from townlet.cli.mind.arena_show import watched
from townlet.cli.output import counted, emit
from townlet.cli.tables import emit_table
from townlet.config import ConfigDocument
from townlet.errors import RegistryError
from townlet.play import Casting, MindSpec
from townlet.play.anchoring import anchored
from townlet.registry import PromotionManager, Registry
from townlet.visible import visible

__all__ = ["require_strangers"]


def require_strangers(document: ConfigDocument, checkpoint: Path, runs: Path, *, quiet: bool) -> StrangersGate:
    """Play the suite that the config requires, keep what was found in the registry, and refuse who did worse.

    Raises:
        RegistryError: it is not shown to be no worse; with the figures.
        BackendError, CheckpointError, UsageError: as :func:`~townlet.arena.gate.judge_among_strangers`.
    """
    config = anchored(document)
    wanted = config.evaluation.strangers
    suite = load_suite(str(wanted.suite))
    opened = read_checkpoint(checkpoint)
    casting = Casting.of(document, runs=runs)
    name = f"{opened.manifest.backend}:{opened.path}"
    candidate = casting.mind(name)
    with watched(alone=True, quiet=quiet) as (progress, _):
        gate = judge_among_strangers(candidate, _against(document, casting, runs), suite, wanted, progress=progress)
    with Registry(runs) as registry:
        settings = {"suite": gate.suite, "suite_digest": gate.suite_digest, "against": gate.against}
        registry.add_evaluation(
            f"{opened.manifest.backend}:{registry.stored_path(opened.path)}",
            metrics=gate.metrics,
            settings=settings,
            checkpoint=opened,
        )
    if not quiet:
        emit(f"beside {visible(gate.against)} among strangers, suite {suite.name}, {counted(gate.towns, 'town')} each:")
        emit_table(STRANGERS_COLUMNS, strangers_cells(gate))
    if not gate.passed:
        raise RegistryError(
            f"this checkpoint is not shown to be as good as {gate.against} among the strangers of suite {suite.name}",
            where=str(checkpoint),
            details=(*gate.objections(), "nothing was promoted; --force promotes it anyway"),
        )
    return gate


def _against(document: ConfigDocument, casting: Casting, runs: Path) -> MindSpec:
    """The release; the teacher where there is none yet."""
    with Registry(runs) as registry:
        released = PromotionManager(registry).release() is not None
    return casting.mind("release" if released else document.config.training.demonstrations.teacher)
