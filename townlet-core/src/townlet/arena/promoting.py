"""Promotion with all that a config demands of a release: passed evaluations, scenarios, and strangers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from townlet.arena.gate import StrangersGate, judge_among_strangers
from townlet.arena.interface import Interface
from townlet.arena.meeting import Progress
from townlet.arena.suites import load_suite
from townlet.checkpoints import read_checkpoint
from townlet.config import ConfigDocument, Override, load_document
from townlet.errors import RegistryError
from townlet.evaluation.judging import Judge
from townlet.executors import Executor, Watch
from townlet.play import Casting, MindSpec
from townlet.play.anchoring import anchored
from townlet.registry import PromotionManager, PromotionRecord, Registry
from townlet.registry.demands import run_config

__all__ = ["Demands", "promote_checkpoint"]


Shown = tuple[Progress | None, Watch | None]
"""Who is told how far the play is: in this process, and on the workers of an executor."""


def _unseen() -> AbstractContextManager[Shown]:
    return nullcontext((None, None))


class Demands:
    """What a config demands of a release beside passed evaluations; a promotion asks it about the checkpoint.

    Args:
        document: the config: ``evaluation.required_scenarios`` and ``evaluation.strangers.suite``.
        runs: the runs folder, which keeps what is found.
        judge: plays the scenarios; strangers are met on its executor, too.
        watched: a context in which the progress among strangers is shown.
        show: is told what was found among strangers, passed or not.

    Attributes:
        met: what was found among strangers; None where nothing was played.
    """

    def __init__(
        self,
        document: ConfigDocument,
        *,
        runs: Path,
        judge: Judge,
        watched: Callable[[], AbstractContextManager[Shown]] = _unseen,
        show: Callable[[StrangersGate], None] | None = None,
    ) -> None:
        self._document, self._runs, self._judge = document, runs, judge
        self._watched, self._show = watched, show
        self.met: StrangersGate | None = None

    def __call__(self, checkpoint: Path) -> None:
        """Play what is demanded.

        Raises:
            RegistryError: an expectation is missed, or it is not shown to be no worse among strangers.
            BackendError, CheckpointError, UsageError: as :func:`~townlet.arena.gate.judge_among_strangers`.
        """
        if self._document.config.evaluation.required_scenarios:
            self._judge.require_scenarios(checkpoint)
        if self._document.config.evaluation.strangers.suite is not None:
            self.met = self._among_strangers(checkpoint)

    def _among_strangers(self, checkpoint: Path) -> StrangersGate:
        config = anchored(self._document)
        wanted = config.evaluation.strangers
        suite = load_suite(str(wanted.suite)).lived_by(Interface.of(config))
        opened = read_checkpoint(checkpoint)
        casting = Casting.of(self._document, runs=self._runs)
        candidate = casting.mind(f"{opened.manifest.backend}:{opened.path}")
        with self._watched() as (progress, watch):
            gate = judge_among_strangers(
                candidate,
                self._against(casting),
                suite,
                wanted,
                executor=self._judge.executor,
                watch=watch,
                progress=progress,
            )
        with Registry(self._runs) as registry:
            settings = {"suite": gate.suite, "suite_digest": gate.suite_digest, "against": gate.against}
            name = f"{opened.manifest.backend}:{registry.stored_path(opened.path)}"
            registry.add_evaluation(name, metrics=gate.metrics, settings=settings, checkpoint=opened)
        if self._show is not None:
            self._show(gate)
        if not gate.passed:
            other = f"{gate.against} among the strangers of suite {suite.name}"
            raise RegistryError(
                f"this checkpoint is not shown to be as good as {other}",
                where=str(checkpoint),
                details=(*gate.objections(), "nothing was promoted; --force promotes it anyway"),
            )
        return gate

    def _against(self, casting: Casting) -> MindSpec:
        """The release; the teacher where there is none yet."""
        with Registry(self._runs) as registry:
            released = PromotionManager(registry).release() is not None
        teacher = self._document.config.training.demonstrations.teacher
        return casting.mind("release") if released else casting.teacher(teacher)


def promote_checkpoint(
    checkpoint: str | Path,
    *,
    config: Path | None = None,
    overrides: Sequence[str] = (),
    runs: str | Path = "runs",
    reason: str = "",
    by: str | None = None,
    force: bool = False,
    executor: Executor | None = None,
) -> PromotionRecord:
    """Make a checkpoint the release, with everything checked that ``townlet promote`` checks.

    Args:
        checkpoint: its folder.
        config: says what is demanded; the config of the checkpoint's own run by default.
        overrides: changes of it, such as ``evaluation.required_passes=3``.
        runs: the runs folder.
        reason: in words.
        by: whose decision it is; the person at the keyboard by default.
        force: promote it whatever it lacks, with the reason; nothing is played then.
        executor: where towns are played; in this process by default. The decision is the same.

    Raises:
        RegistryError: it is not a candidate, or fails what is demanded, or is the release already.
        ConfigError, BackendError, CheckpointError, UsageError: as reading the config and playing would.
    """
    path = run_config(Path(checkpoint)) if config is None else config
    document = load_document(path, list(overrides))

    def reread(further: list[Override]) -> ConfigDocument:
        return load_document(path, [*overrides, *further])

    judge = Judge(document=document, reread=reread, runs=Path(runs), keep=True, executor=executor)
    demands = Demands(document, runs=Path(runs), judge=judge)
    with Registry(Path(runs)) as registry:
        manager = PromotionManager(registry, document.config.evaluation.required_passes, demands=demands)
        return manager.promote(checkpoint, reason=reason, by=by, force=force)
