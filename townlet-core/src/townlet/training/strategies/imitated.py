"""What a run imitates: the recording that is named, or recordings of the teacher made now and kept in its folder."""

from __future__ import annotations

from pathlib import Path

from townlet.api import DemonstrationBatch, DemonstrationSource
from townlet.training.run.run import Run

__all__ = ["imitated", "stage_demonstrations", "teacher_sample"]


def imitated(run: Run) -> DemonstrationSource:
    """The dataset that the run's config names, or recordings of the teacher made now.

    Raises:
        DatasetError: if the dataset is refused.
        BackendError: if the teacher cannot run.
    """
    folder = run.services.replay.resolve()
    if folder is None:
        folder = run.services.rollout.demonstrate(run.folder.demonstrations / "teacher", doing=run.doing)
    return run.services.replay.demonstrations([folder], run.spec)


def stage_demonstrations(run: Run, index: int) -> DemonstrationSource:
    """Those of the bc stages up to ``index``; what is not there yet is recorded now."""
    named = run.services.replay.resolve()
    folders: list[Path] = []
    for number, stage in enumerate(run.config.training.anneal.stages[: index + 1]):
        if stage.mode != "bc":
            continue
        folder = run.folder.demonstrations / f"stage-{number:03d}"
        if stage.teacher_ratio == 1.0 and named is not None:
            folder = named
        else:
            learner = run.learner.policy if number else None  # before its first cloning it has nothing to show
            run.services.rollout.demonstrate(
                folder, learner=learner, teacher_ratio=stage.teacher_ratio, generation=number, doing=run.doing
            )
        folders.append(folder)
    return run.services.replay.demonstrations(list(dict.fromkeys(folders)), run.spec)


def teacher_sample(source: DemonstrationSource, size: int, seed: int) -> DemonstrationBatch:
    """A random batch of demonstrated transitions, a function of ``seed``."""
    return next(source.batches("train", size, seed=seed))
