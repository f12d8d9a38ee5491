"""A checkpoint held against its teacher before it is promoted."""

from __future__ import annotations

from pathlib import Path

from townlet.checkpoints import read_checkpoint
from townlet.cli.compiling import say_that_it_compiles
from townlet.cli.gate import show_gate
from townlet.cli.mind.train_bar import TrainingBar
from townlet.config import TownletConfig
from townlet.executors import Executor
from townlet.training.services import PromotionServiceAdapter

__all__ = ["judge_candidate"]


def judge_candidate(
    config: TownletConfig, checkpoint: Path, runs: Path, *, executor: Executor | None = None, quiet: bool
) -> None:
    """Play the evaluations that are still missing, and show how each figure did.

    Raises:
        BackendError, CheckpointError, RegistryError: as :meth:`PromotionServiceAdapter.judge`.
    """
    opened = read_checkpoint(checkpoint)
    say_that_it_compiles()
    with TrainingBar("the evaluation", quiet=quiet) as bar:
        adapter = PromotionServiceAdapter(config, runs, executor)
        found = adapter.judge(opened.path, opened.manifest.backend, doing=bar.doing)
    if not quiet and found.gate is not None:
        show_gate(found.gate)
