"""A checkpoint held against its teacher before it is promoted."""

from __future__ import annotations

from pathlib import Path

from townlet.checkpoints import read_checkpoint
from townlet.cli.compiling import say_that_it_compiles
from townlet.cli.output import console
from townlet.config import TownletConfig
from townlet.evaluation.gate import GATE_COLUMNS, gate_cells
from townlet.training.services import PromotionServiceAdapter
from townlet.visible import visible

__all__ = ["judge_candidate"]


def judge_candidate(config: TownletConfig, checkpoint: Path, runs: Path, *, quiet: bool) -> None:
    """Play the evaluations that are still missing, and say on stderr how each figure did.

    Raises:
        BackendError, CheckpointError, RegistryError: as :meth:`PromotionServiceAdapter.judge`.
    """
    opened = read_checkpoint(checkpoint)
    say_that_it_compiles()
    found = PromotionServiceAdapter(config, runs).judge(opened.path, opened.manifest.backend)
    if quiet or found.gate is None:
        return
    from rich.table import Table

    table = Table(*GATE_COLUMNS, box=None)
    for cells in gate_cells(found.gate):
        table.add_row(*cells)
    console().print(table)
    for reason in found.gate.reasons:
        console().print(
            f"{'passed' if found.gate.passed else 'NOT passed'}: {visible(reason)}", markup=False, soft_wrap=True
        )
