"""``Run``: one run of training, new or gone on with. It owns the config, the folder and the learner."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from townlet.api import ObservationSpec, Report, TrainingReport
from townlet.checkpoints import read_checkpoint
from townlet.config.root import TownletConfig
from townlet.config.training import DemonstrationsConfig
from townlet.errors import TrainingError, UsageError
from townlet.play.reserve import refuse_reserved, refuse_taught_there
from townlet.plugins.provenance import Provenance
from townlet.suggestions import nearest
from townlet.training.experience.source import ExperienceSource
from townlet.training.learner.choice import PURPOSES, LearnerChoice, refuse_options_of_nobody, refuse_unclaimed
from townlet.training.learner.guarded import GuardedLearner
from townlet.training.learner.honours import left_out, refuse_unhonoured, unhonoured
from townlet.training.metrics.log import MetricsLog
from townlet.training.run.checkpoint import load_training_state, save_checkpoint, towns_folder
from townlet.training.run.folder import BegunRun, RunFolder
from townlet.training.run.state import PPOState, TrainingState
from townlet.training.services import ReplayDatasetService, TrainingServices

__all__ = ["Doing", "Run"]

Doing = Callable[[str, int, int], None]
"""Told what a run is at, how much of it is done, and of how much; 0 of 0 where that cannot be told."""


def _untold(what: str, done: int, total: int) -> None:
    """Nobody asks."""


class Run:
    """One run under way: what is taught to whom, where it is kept, how far it is. Strategies are functions of it.

    Made by :meth:`begin` or :meth:`resume`. A context that closes it; closed, its attributes can still be read.

    Attributes:
        config: the town and how it is taught.
        mode: ``bc``, ``ppo``, ``anneal``, ``rollout``, ``replay`` or ``mixed``.
        services: rollouts, datasets, promotion.
        folder: where it is kept.
        learner: who learns.
        state: where it stands; what the next checkpoint holds.
        checkpoint: the last checkpoint written, or None.
        cycle: the training cycle under way; set by the strategies.
    """

    def __init__(
        self,
        begun: BegunRun,
        folder: RunFolder,
        learner: GuardedLearner,
        state: TrainingState,
        *,
        services: TrainingServices,
        watchers: Sequence[Report] = (),
        doing: Doing = _untold,
    ) -> None:
        self.config = begun.config
        self.mode = begun.mode
        self.services = services
        self.folder = folder
        self.learner = learner
        self.state = state
        self.checkpoint = learner.kept = folder.latest()
        self.cycle = 0
        self._log = MetricsLog(folder.metrics, lines=state.lines)
        self._watchers = tuple(watchers)
        self._doing = doing
        self._started = time.perf_counter()

    @classmethod
    def begin(
        cls,
        config: TownletConfig,
        mode: str,
        *,
        out: Path | None = None,
        services: TrainingServices | None = None,
        watchers: Sequence[Report] = (),
        dataset: DemonstrationsConfig | None = None,
        doing: Doing = _untold,
    ) -> Self:
        """A new run. Its folder holds a first checkpoint when this returns, and nothing is left of one that fails.

        Args:
            config: the town and how it is taught.
            mode: how.
            out: the run's folder; the first free ``<mode>-<number>`` in the runs folder by default.
            services: made from the config by default, with the folder around ``out`` as runs folder.
            watchers: are told of each line of metrics; ``Observers.training_report`` is such a one.
            dataset: what is imitated or replayed, in place of what the config names; the run's config names it then.
            doing: is told what the run is at between them.

        Raises:
            TorchNotAvailableError: if the learner needs PyTorch and there is none; nothing else is looked at before.
            BackendError: if the learner cannot be made.
            CheckpointError, ConfigError, UsageError: if the mode, the folder or the checkpoint to start from is
                refused, the town is held out, or the learner does not honour what the config asks for.
        """
        choice = _chosen(config, mode)
        refuse_reserved(config)
        refuse_options_of_nobody(config)
        if services is None:
            services = TrainingServices.from_config(config, runs=None if out is None else out.parent)
        if dataset is not None:
            config, services = _showing(dataset, config, services)
        services.rollout.refuse_what_does_not_fit(mode)
        spec, initial = services.rollout.spec, config.training.ppo.initial
        start = None if initial is None else read_checkpoint(Path(initial), spec, backend=choice.backend).path
        if start is not None:
            refuse_taught_there(start, who="the checkpoint to start from", instead="start from another one")
        # Before the folder: what cannot learn leaves none.
        learner = _opened(choice, config, mode, spec, new=True, weights=start)
        with ExitStack() as held:
            held.callback(learner.close)
            free: AbstractContextManager[Path] = nullcontext(out) if out is not None else services.numbered_folder(mode)
            begun = BegunRun(held.enter_context(free), mode, config)
            folder = RunFolder.create(begun)
            held.callback(folder.release)
            state = TrainingState(cloned=initial is not None)
            run = cls(begun, folder, learner, state, services=services, watchers=watchers, doing=doing)
            held.pop_all()
        return run._saved_first()

    @classmethod
    def resume(
        cls,
        begun: BegunRun | Path,
        *,
        services: TrainingServices | None = None,
        watchers: Sequence[Report] = (),
        doing: Doing = _untold,
    ) -> Self:
        """Go on with a run exactly where its last checkpoint stands.

        Args:
            begun: what is in its folder, or the folder.
            services: made from its config by default, with the folder around its own as runs folder.
            watchers: are told of each line of metrics.
            doing: is told what the run is at between them.

        Raises:
            TorchNotAvailableError: if the learner needs PyTorch and there is none.
            BackendError: if the learner cannot be made.
            CheckpointError, UsageError: if there is nothing that could be gone on with, or another process is
                training it.
        """
        begun = BegunRun.read(begun) if isinstance(begun, Path) else begun
        config, mode = begun.config, begun.mode
        choice = _chosen(config, mode)
        refuse_reserved(config)
        if services is None:
            services = TrainingServices.from_config(config, runs=begun.path.parent)
        spec = services.rollout.spec
        with ExitStack() as held:
            folder = RunFolder.resume(begun)
            held.callback(folder.release)
            latest = folder.latest()
            initial = config.training.ppo.initial if latest is None else None
            start = None if initial is None else read_checkpoint(Path(initial), spec, backend=choice.backend).path
            state = TrainingState(cloned=initial is not None) if latest is None else load_training_state(latest, spec)
            # What was asked for was honoured when the run began, and it is the same config.
            learner = _opened(choice, config, mode, spec, new=False, weights=start)
            held.callback(learner.close)
            if latest is not None:
                learner.at, learner.kept = "resuming", latest
                learner.load(latest)
            run = cls(begun, folder, learner, state, services=services, watchers=watchers, doing=doing)
            held.pop_all()
        return run if latest is not None else run._saved_first()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- what it is

    @property
    def spec(self) -> ObservationSpec:
        """What its towns' observations mean."""
        return self.services.rollout.spec

    @property
    def provenance(self) -> Provenance:
        """Which backend learns, and what a person should know of it."""
        return self.learner.provenance

    @property
    def seconds(self) -> float:
        """Wall time since this call began, seconds."""
        return time.perf_counter() - self._started

    @property
    def ppo(self) -> PPOState:
        """The phase of PPO under way. Raises TrainingError outside one."""
        if self.state.ppo is None:
            raise TrainingError("no phase of PPO is under way")
        return self.state.ppo

    @property
    def fingerprint(self) -> str:
        """Digest of the learner's weights."""
        return self.learner.fingerprint

    # -- what strategies do with it

    def doing(self, what: str, done: int = 0, total: int = 0) -> None:
        """Tell whoever watches what the run is at; in the anneal schedule with the stage."""
        if self.mode == "anneal" and self.state.stage < (stages := len(self.config.training.anneal.stages)):
            what = f"stage {self.state.stage + 1}/{stages}: {what}"
        self._doing(what, done, total)

    def report(self, report: TrainingReport) -> None:
        """Write one line of metrics and tell whoever watches."""
        line: dict[str, float | int | str | None] = {
            "schema": 1,
            "phase": report.phase,
            "stage": self.state.stage,
            "cycle": self.cycle,
            "step": report.step,
            "total": report.total,
            "samples": report.samples,
            "seconds": round(report.seconds, 3),
        }
        self._log.append({**line, **report.metrics})
        told = replace(report, folder=str(self.folder.path))
        for watcher in self._watchers:
            watcher(told)

    def save(
        self, state: TrainingState, metrics: Mapping[str, float], experience: ExperienceSource | None = None
    ) -> None:
        """Write the checkpoint before the work that ``state`` names as next; whole or not at all."""
        self._log.sync()
        self.state = state.model_copy(update={"lines": self._log.lines, "towns": experience is not None})
        path = self.folder.checkpoint(state.stage, 0 if state.ppo is None else state.ppo.update)
        if not path.exists():
            save_checkpoint(
                path,
                self.learner,
                self.spec,
                self.config,
                self.state,
                metrics=metrics,
                experience=experience,
                parent=self.checkpoint,
            )
        self.checkpoint = self.learner.kept = path
        self.folder.settle(path, self.config.training.checkpoints.keep)

    def restore(self, path: Path | None = None) -> None:
        """Put the learner back to the weights of a checkpoint, by default the last one."""
        path = self.checkpoint if path is None else path
        if path is not None:
            self.learner.load(read_checkpoint(path, self.spec).path)

    def load_towns(self, experience: ExperienceSource) -> None:
        """Put the towns of the last checkpoint, where it holds any, into ``experience``."""
        if self.state.towns and self.checkpoint is not None:
            experience.load(towns_folder(self.checkpoint))

    def close(self) -> None:
        """Close the files and the learner's policy, and give the folder up. May be called twice."""
        self._log.close()
        self.folder.release()
        self.learner.close()

    def _saved_first(self) -> Self:
        """With a checkpoint before any work is done."""
        try:
            self.save(self.state, {})
        except BaseException:
            self.close()
            raise
        return self


def _showing(
    dataset: DemonstrationsConfig, config: TownletConfig, services: TrainingServices
) -> tuple[TownletConfig, TrainingServices]:
    """The config that names another dataset, and services that find it. Raises UsageError for anything else."""
    folder = services.replay.resolve(dataset)
    named = None if folder is None else str(folder.absolute())
    shown = config.training.demonstrations.model_copy(update={"dataset": named})
    config = config.model_copy(update={"training": config.training.model_copy(update={"demonstrations": shown})})
    return config, replace(services, replay=ReplayDatasetService(config))


def _chosen(config: TownletConfig, mode: str) -> LearnerChoice:
    if mode not in PURPOSES:
        near = nearest(mode, tuple(PURPOSES))
        hint = () if near is None else (f"did you mean {near!r}?",)
        raise UsageError(f"there is no training mode {mode!r}", details=(*hint, f"choose one of {', '.join(PURPOSES)}"))
    return LearnerChoice.of(config, mode)


def _opened(
    choice: LearnerChoice, config: TownletConfig, mode: str, spec: ObservationSpec, *, new: bool, weights: Path | None
) -> GuardedLearner:
    """The learner; a new run is refused where it does not honour what is asked, and what it leaves out is noted."""
    if choice.manifest is not None:
        refuse_unclaimed(choice.backend or choice.name, choice.manifest, mode)
    made = choice.open(spec, weights)
    told = made.provenance
    missing = unhonoured(choice.manifest, made.learner)
    if new:
        refuse_unhonoured(config, mode, missing, backend=told.active)
    note = left_out(mode, missing, backend=told.active)
    if note is not None:
        told = replace(told, warnings=(*told.warnings, note))
    return GuardedLearner(made.learner, told)
