"""What ``evaluate``, ``compare`` and ``promote`` share: a judge that shows on stderr how far it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from townlet.cli.compiling import say_that_it_compiles
from townlet.cli.options import read_config
from townlet.cli.output import warn
from townlet.cli.progress import Bar
from townlet.cli.workers import asked_execution, asked_executor, workers_watched
from townlet.config import ConfigDocument, Override, load_document
from townlet.evaluation.evaluate import Progress
from townlet.evaluation.judging import Judge

__all__ = ["judge", "on_executor"]


def judge(
    path: Path | None,
    overrides: tuple[str, ...],
    *,
    seed: int | None = None,
    seeds: int | None = None,
    days: float | None = None,
    runs: Path,
    keep: bool,
    quiet: bool,
) -> Judge:
    """The judge that the options describe; ``quiet`` shows no progress."""
    fixed: list[str | Override] = [*overrides, *([] if seed is None else [Override("seed", seed, f"--seed {seed}")])]

    def reread(further: list[Override]) -> ConfigDocument:
        return load_document(path, [*fixed, *further])

    @contextmanager
    def watched(title: str) -> Iterator[Progress]:
        say_that_it_compiles()
        with Bar(title, unit="town-ticks", quiet=quiet) as bar:
            yield bar.update

    return Judge(
        document=read_config(path, overrides, seed=seed),
        reread=reread,
        seeds=seeds,
        days=days,
        runs=runs,
        keep=keep,
        watched=watched,
        warn=warn,
    )


@contextmanager
def on_executor(wanted: Judge, executor: str | None, workers: int | None, *, quiet: bool) -> Iterator[Judge]:
    """The judge with the executor that the config, ``--executor`` and ``--workers`` ask for; ended with the body."""
    config = wanted.document.config
    execution = asked_execution(config.execution, executor, workers)
    with asked_executor(execution, threads=config.evaluation.threads, say=warn) as opened:
        yield replace(wanted, executor=opened, workers_watched=partial(workers_watched, quiet=quiet))
