"""What one training run holds while it goes: learner, folder, progress, and where its reports go."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from townlet.api import DemonstrationSource, Report, TrainingReport
from townlet.checkpoints import read_checkpoint
from townlet.config.root import TownletConfig
from townlet.config.training import DemonstrationsConfig
from townlet.errors import TrainingError
from townlet.plugins import ResolvedLearner
from townlet.training.checkpointing import load_progress, save_checkpoint, towns_folder
from townlet.training.experience import Experience
from townlet.training.gates import Verdict
from townlet.training.guarded import GuardedLearner
from townlet.training.honours import refuse_unhonoured, unhonoured
from townlet.training.learners import PURPOSES, learner_backend, learner_manifest, open_learner, require_learner
from townlet.training.metrics_log import MetricsLog
from townlet.training.progress import PPOState, Progress
from townlet.training.results import AnnealStageResult, BCTrainingResult
from townlet.training.runfolder import RunFolder

if TYPE_CHECKING:
    from townlet.training.services import TrainingServices

__all__ = ["AnnealContext", "PPOState", "TrainingContext", "entered"]


@contextmanager
def entered(
    context: TrainingContext | None, config: TownletConfig, services: TrainingServices, mode: str
) -> Iterator[TrainingContext]:
    """The context given, which stays open; or a new run, closed at the end."""
    if context is not None:
        yield context
        return
    own = TrainingContext.begin(config, services, mode)
    try:
        yield own
    finally:
        own.close()


@dataclass(frozen=True, slots=True)
class AnnealContext:
    """What the stages of an anneal run hand on.

    Attributes:
        results: the stages done.
    """

    results: tuple[AnnealStageResult, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The worst of the stages."""
        verdicts = {result.verdict for result in self.results}
        return "FAIL" if "FAIL" in verdicts else "HOLD" if "HOLD" in verdicts else "PASS"

    def baseline(self, cloned: Mapping[str, float]) -> dict[str, float]:
        """What a ppo stage is compared with: the ppo stage before it, or the cloned policy at its own beginning.

        Args:
            cloned: numbers of the stage's own first updates. Their loss is left out: the critic was new.
        """
        if self.results and self.results[-1].mode == "ppo":
            return self.results[-1].current
        return {name: value for name, value in cloned.items() if name != "loss"}


class TrainingContext:
    """One run under way: who learns, where it is kept, how far it is. Made by :meth:`begin`; strategies share it.

    Attributes:
        config: the run's config.
        services: rollouts, datasets, promotion.
        folder: where it is kept.
        learner: who learns.
        spec: what it sees.
        provenance: which backend that is.
        progress: where the run stands.
        checkpoint: the last checkpoint written, or None.
        cycle: the training cycle under way; set by the strategies.
    """

    def __init__(
        self,
        config: TownletConfig,
        services: TrainingServices,
        folder: RunFolder,
        learner: GuardedLearner,
        *,
        progress: Progress,
        watcher: Report | None = None,
    ) -> None:
        self.config = config
        self.services = services
        self.folder = folder
        self.learner = learner
        self.provenance = learner.provenance
        self.spec = services.rollout.spec
        self.progress = progress
        self.checkpoint = learner.kept = folder.latest()
        self.cycle = 0
        self.log = MetricsLog(folder.metrics, lines=progress.lines)
        self._watcher = watcher
        self._started = time.perf_counter()

    @classmethod
    def begin(
        cls,
        config: TownletConfig,
        services: TrainingServices,
        mode: str,
        *,
        out: Path | None = None,
        resume: bool = False,
        watcher: Report | None = None,
    ) -> Self:
        """A new run, or one to go on with from its last checkpoint.

        Args:
            config: the town and how it is taught.
            services: made from the same config.
            mode: ``bc``, ``ppo``, ``anneal``, ``rollout``, ``replay`` or ``mixed``; kept with the run.
            out: its folder; the next ``<mode>-<number>`` in the runs folder by default.
            resume: go on with the run in ``out``.
            watcher: is told of each line of metrics.

        Raises:
            BackendError: if the learner cannot be made.
            CheckpointError, ConfigError, UsageError: if there is nothing that could be gone on with, or another
                process is training it.
        """
        require_learner(config, PURPOSES[mode])
        spec = services.rollout.spec
        initial = config.training.ppo.initial
        with ExitStack() as held:  # the run, until it is the context's to give up
            folder: RunFolder | None = None
            if resume and out is not None:
                folder = RunFolder.resume(out, config, mode)
                held.callback(folder.release)
                latest = folder.latest()
                if latest is not None:
                    progress = load_progress(latest, spec)
                    learner = _guarded(open_learner(config, spec), config, services, mode)
                    learner.at, learner.kept = "resuming", latest
                    learner.load(latest)
                    context = cls(config, services, folder, learner, progress=progress, watcher=watcher)
                    held.pop_all()
                    return context
            maker = learner_backend(config)
            start = read_checkpoint(Path(initial), spec, backend=maker).path if initial is not None else None
            # Before the folder: what cannot learn leaves none.
            learner = _guarded(open_learner(config, spec, start), config, services, mode)
            if folder is None:
                free = nullcontext(out) if out is not None else services.numbered_folder(mode)
                folder = RunFolder.create(held.enter_context(free), config, mode)
                held.callback(folder.release)
            progress = Progress(cloned=initial is not None)
            context = cls(config, services, folder, learner, progress=progress, watcher=watcher)
            held.pop_all()
        try:
            context.save(context.progress, {})
        except BaseException:
            context.close()
            raise
        return context

    @property
    def seconds(self) -> float:
        """Wall time since this call began, seconds."""
        return time.perf_counter() - self._started

    @property
    def backend(self) -> str:
        """Name of the backend that learns, and can load what it saved."""
        return self.provenance.active

    @property
    def ppo(self) -> PPOState:
        """The phase of PPO under way. Raises TrainingError outside one."""
        if self.progress.ppo is None:
            raise TrainingError("no phase of PPO is under way")
        return self.progress.ppo

    @property
    def fingerprint(self) -> str:
        """Digest of the learner's weights."""
        return self.learner.fingerprint

    def demonstrations(self, dataset: DemonstrationsConfig | None = None) -> DemonstrationSource:
        """What is imitated: the dataset that is named, or recordings of the teacher made now."""
        folder = self.services.replay.resolve(dataset)
        if folder is None:
            folder = self.services.rollout.demonstrate(self.folder.demonstrations / "teacher")
        return self.services.replay.demonstrations([folder], self.spec)

    def stage_demonstrations(self, index: int, dataset: DemonstrationsConfig | None = None) -> DemonstrationSource:
        """The demonstrations of the bc stages up to ``index``; those that are not there yet are recorded now."""
        named = self.services.replay.resolve(dataset)
        folders: list[Path] = []
        for number, stage in enumerate(self.config.training.anneal.stages[: index + 1]):
            if stage.mode != "bc":
                continue
            folder = self.folder.demonstrations / f"stage-{number:03d}"
            if stage.teacher_ratio == 1.0 and named is not None:
                folder = named
            else:
                learner = self.learner.policy if number else None  # before its first cloning it has nothing to show
                self.services.rollout.demonstrate(
                    folder, learner=learner, teacher_ratio=stage.teacher_ratio, generation=number
                )
            folders.append(folder)
        return self.services.replay.demonstrations(list(dict.fromkeys(folders)), self.spec)

    def report(self, report: TrainingReport) -> None:
        """Write one line of metrics and tell whoever watches."""
        line: dict[str, float | int | str | None] = {
            "schema": 1,
            "phase": report.phase,
            "stage": self.progress.stage,
            "cycle": self.cycle,
            "step": report.step,
            "total": report.total,
            "samples": report.samples,
            "seconds": round(report.seconds, 3),
        }
        self.log.append({**line, **report.metrics})
        if self._watcher is not None:
            self._watcher(replace(report, folder=str(self.folder.path)))

    def save(self, progress: Progress, metrics: Mapping[str, float], experience: Experience | None = None) -> Path:
        """Write the checkpoint before the work that ``progress`` names as next; whole or not at all."""
        self.log.sync()
        progress = progress.model_copy(update={"lines": self.log.lines, "towns": experience is not None})
        update = progress.ppo.update if progress.ppo is not None else 0
        path = self.folder.checkpoint(progress.stage, update)
        if not path.exists():
            save_checkpoint(
                path,
                self.learner,
                self.spec,
                self.config,
                progress,
                backend=self.backend,
                distribution=self.provenance.distribution or "",
                version=self.provenance.version or "",
                metrics=metrics,
                experience=experience,
                parent=self.checkpoint,
            )
        self.progress, self.checkpoint = progress, path
        self.learner.kept = path
        self.folder.settle(path, self.config.training.checkpoints.keep)
        return path

    def save_cloned(self, result: BCTrainingResult) -> BCTrainingResult:
        """Write the checkpoint of a run that only clones, and name it in the result."""
        result = result.model_copy(update={"checkpoint": str(self.folder.checkpoint(1, 0))})
        accuracy = {"accuracy": result.metrics.accuracy} if result.metrics is not None else {}
        self.save(Progress(stage=1, cloned=True, bc=result), accuracy)
        return result

    def restore(self, path: Path | None = None) -> None:
        """Put the learner back to the weights of a checkpoint, by default the last one."""
        path = self.checkpoint if path is None else path
        if path is not None:
            self.learner.load(read_checkpoint(path, self.spec).path)

    def load_experience(self, experience: Experience) -> None:
        """Put the towns of the last checkpoint into ``experience``."""
        if self.checkpoint is not None:
            experience.load(towns_folder(self.checkpoint))

    def close(self) -> None:
        """Close the files and the learner's policy, and give the run up."""
        self.log.close()
        self.folder.release()
        self.learner.policy.close()


def _guarded(learner: ResolvedLearner, config: TownletConfig, services: TrainingServices, mode: str) -> GuardedLearner:
    """The learner, if it honours what is asked of it; what it leaves at a default is noted in its provenance."""
    told = learner.provenance
    missing = unhonoured(learner_manifest(config), learner.learner)
    note = refuse_unhonoured(config, mode, missing, backend=told.active, where=services.rollout.place)
    if note is not None:
        told = replace(told, warnings=(*told.warnings, note))
    return GuardedLearner(learner.learner, told)
