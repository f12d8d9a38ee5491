"""A learner whose faults are named: whatever it raises or returns wrongly says whose it is, and where one stands."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

import townlet
from townlet.api import (
    BCMetrics,
    BCSettings,
    ComputesOn,
    DemonstrationSource,
    LearnerProtocol,
    ObservationSpec,
    PolicyBackendProtocol,
    PPOMetrics,
    PPOSettings,
    ReferenceLearner,
    RemembersRollouts,
    Report,
    RolloutArrays,
    RolloutBatch,
    RolloutMemory,
    SendsWeights,
    TrainingReport,
    WarmsUp,
)
from townlet.errors import BackendContractError, BackendError, BackendRunError, TownletError
from townlet.minds.blame import blamed_learner
from townlet.plugins.guard import describe, full_disk
from townlet.plugins.provenance import Provenance
from townlet.rollout import ArrayMemory
from townlet.rollout.memory import refuse_what_does_not_fit
from townlet.training.metrics.fields import METRICS

__all__ = ["GuardedLearner"]

Model = TypeVar("Model", bound=BaseModel)

_CORE = str(Path(townlet.__file__).parent)
_TAKEN = frozenset(field.name for field in METRICS)


class GuardedLearner:
    """Implements ``LearnerProtocol`` around a backend's learner.

    What a learner raises on purpose (TrainingError for a loss that is not finite, CheckpointError for a checkpoint
    that does not fit, and the rest of Townlet's tree but ContractError) comes through as it is.

    Args:
        learner: the backend's.
        provenance: which backend that is.

    Attributes:
        at: where training stands, such as ``"update 3 of 20, stage 0"``.
        kept: the last good checkpoint, or None.
    """

    def __init__(self, learner: LearnerProtocol, provenance: Provenance) -> None:
        self.inner = learner
        self.provenance = provenance
        self.at = "before the first update"
        self.kept: Path | None = None
        self._warm = False

    @property
    def policy(self) -> PolicyBackendProtocol:
        """The learner's policy."""
        with self._named("handed out its policy"):
            return self.inner.policy

    @property
    def device(self) -> str:
        """Where it computes; empty if it does not say."""
        with self._named("told its device"):
            return str(self.inner.device) if isinstance(self.inner, ComputesOn) else ""

    @property
    def fingerprint(self) -> str:
        """Digest of the weights."""
        policy = self.policy
        with self._named("told its fingerprint"):
            found: object = policy.fingerprint()
        if not isinstance(found, str) or not found:
            self._refuse(f"has a fingerprint that is not text: {found!r:.60}")
        return found

    @property
    def holds_references(self) -> bool:
        """Whether it can be held near a reference policy."""
        return isinstance(self.inner, ReferenceLearner)

    def clone_behaviour(self, demonstrations: DemonstrationSource, settings: BCSettings, report: Report) -> BCMetrics:
        """The learner's; its metrics checked. What ``report`` raises is not the learner's fault, and comes through."""
        outside: list[BaseException] = []

        def heard(line: TrainingReport) -> None:
            try:
                report(line)
            except BaseException as error:
                outside.append(error)
                raise

        with self._named("cloned a teacher", outside):
            found: object = self.inner.clone_behaviour(demonstrations, settings, heard)
        return self._checked(found, BCMetrics, "clone_behaviour")

    def update(self, rollout: RolloutBatch, settings: PPOSettings) -> PPOMetrics:
        """The learner's; its metrics checked."""
        with self._named("learned from a rollout"):
            found: object = self.inner.update(rollout, settings)
        metrics = self._checked(found, PPOMetrics, "update")
        taken = sorted(_TAKEN & set(metrics.extra))
        if taken:
            self._refuse(f"gives {taken[0]!r} as a number of its own (extra), which is core's name for another")
        return metrics

    def save(self, directory: Path) -> None:
        """The learner's; regular files must have come of it."""
        before = set(directory.rglob("*"))
        with self._named("saved itself"):
            self.inner.save(directory)
        found = sorted(set(directory.rglob("*")) - before)
        links = [path for path in found if path.is_symlink()]
        if links:
            self._refuse(f"saved a link, {links[0].name!r}: a checkpoint is made of regular files")
        if not any(path.is_file() for path in found):
            self._refuse("saved nothing: there is no file in the checkpoint")

    def load(self, directory: Path) -> None:
        """The learner's."""
        with self._named("loaded a checkpoint"):
            self.inner.load(directory)

    def save_weights(self, directory: Path) -> None:
        """What acting needs; of a learner that cannot tell it apart, everything."""
        if not isinstance(self.inner, SendsWeights):
            self.save(directory)
            return
        with self._named("saved its weights"):
            self.inner.save_weights(directory)

    def load_weights(self, directory: Path) -> None:
        """What :meth:`save_weights` of a learner like this one wrote."""
        with self._named("loaded weights"):
            if isinstance(self.inner, SendsWeights):
                self.inner.load_weights(directory)
            else:
                self.inner.load(directory)

    def warm_up(self, rollout: RolloutBatch, settings: PPOSettings) -> float:
        """The learner's, where it has one, before its first update here. Returns the seconds that it took."""
        if self._warm or not isinstance(self.inner, WarmsUp):
            return 0.0
        self._warm, before, began = True, self.fingerprint, time.perf_counter()
        with self._named("warmed up"):
            self.inner.warm_up(rollout.ticks, rollout.rows, settings)
        seconds = time.perf_counter() - began
        if self.fingerprint != before:
            self._refuse("changed its weights while it warmed up")
        return seconds

    def hold_reference(self) -> None:
        """The learner's, where it has one."""
        if isinstance(self.inner, ReferenceLearner):
            with self._named("held its reference"):
                self.inner.hold_reference()

    def memory(self, spec: ObservationSpec, ticks: int, rows: int, *, spans: bool) -> tuple[RolloutMemory, bool]:
        """Where rollouts are written, and whether that is the learner's own memory."""
        refuse_what_does_not_fit(spec, ticks, rows)
        if not isinstance(self.inner, RemembersRollouts):
            return ArrayMemory(RolloutArrays.empty(spec, ticks, rows, spans=spans)), False
        with self._named("made its memory of rollouts"):
            memory = self.inner.rollout_memory(ticks, rows, spans=spans)
            arrays: object = memory.arrays
        if not isinstance(arrays, RolloutArrays) or (arrays.ticks, arrays.rows) != (ticks, rows):
            self._refuse(f"made a memory that does not hold {ticks} ticks of {rows} rows")
        if (arrays.asked is not arrays.active) != spans:
            self._refuse("made a memory whose 'asked' is " + ("'active' itself" if spans else "an array of its own"))
        return memory, True

    def close(self) -> None:
        """Close its policy."""
        self.policy.close()

    @contextmanager
    def acting(self) -> Iterator[None]:
        """While it plays a rollout: a fault of a backend learns where training stands, and the last good checkpoint."""
        try:
            yield
        except BackendError as error:
            if error.where is not None:
                raise
            raise type(error)(error.summary, where=self.at, details=(*error.details, *self._kept())) from error

    @contextmanager
    def _named(self, doing: str, outside: Sequence[BaseException] = ()) -> Iterator[None]:
        try:
            yield
        except (Exception, SystemExit) as error:
            if any(error is other for other in outside):
                raise
            full = full_disk(error)
            if full is not None:
                raise full from error
            named = blamed_learner(error, self.inner, self.provenance, doing) or self._unlocated(error, doing)
            if named is None:
                raise
            raise type(named)(named.summary, where=self.at, details=(*named.details, *self._kept())) from error

    def _unlocated(self, error: BaseException, doing: str) -> BackendError | None:
        """For code whose files belong to no package: the backend's, unless the error came out of core."""
        if isinstance(error, TownletError):
            return None
        last = traceback.extract_tb(error.__traceback__)[-1]
        if last.filename.startswith(_CORE):
            return None
        text = f"policy backend {self._name!r} failed while it {doing}: {describe(error)}"
        return BackendRunError(text, details=(f"at: {last.filename}:{last.lineno}", *self._origin()))

    def _checked(self, found: object, model: type[Model], method: str) -> Model:
        if not isinstance(found, model):
            self._refuse(f"returned {type(found).__name__} from {method}, not {model.__name__}")
        try:
            return model.model_validate(found.model_dump())
        except ValidationError as error:
            first = error.errors()[0]
            self._refuse(
                f"returned metrics from {method} that say nothing: "
                f"{'.'.join(map(str, first['loc']))}: {first['msg']}, found {first['input']!r:.40}"
            )

    @property
    def _name(self) -> str:
        return self.provenance.active

    def _origin(self) -> tuple[str, ...]:
        told = self.provenance
        return (f"backend: {told.distribution} {told.version or ''}".rstrip(),) if told.distribution else ()

    def _kept(self) -> tuple[str, ...]:
        if self.kept is None:
            return ()
        return (f"the last good checkpoint is {self.kept}", "once the backend is fixed, continue from it with --resume")

    def _refuse(self, what: str) -> NoReturn:
        raise BackendContractError(
            f"policy backend {self._name!r} {what}", where=self.at, details=(*self._origin(), *self._kept())
        )
