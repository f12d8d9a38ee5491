"""From specs to live minds, or to the stub that stands in for one that cannot run."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

from townlet.api import ObservationSpec, PolicyBackendProtocol, SlowMind
from townlet.checkpoints import Checkpoint, is_checkpoint, read_checkpoint
from townlet.config.town import TownConfig
from townlet.errors import BackendContractError, BackendError, CheckpointError, UsageError
from townlet.minds.mixture import MixturePolicy
from townlet.minds.parts import Part, Rows
from townlet.minds.patience import Patience, slow_minds
from townlet.minds.pursuing import Pursuing
from townlet.minds.runtime import PolicyRuntime
from townlet.minds.without_map import WithoutMap
from townlet.observations import town_facts
from townlet.play.cast import Cast
from townlet.play.mind_spec import LEARNER, MindSpec
from townlet.play.own_space import own_spec, shown_to
from townlet.play.patient import patience_of
from townlet.play.stored import Stored, digest_of
from townlet.plugins import Selection, resolve_mind
from townlet.plugins.choosing import choose
from townlet.plugins.options import Where, place
from townlet.plugins.provenance import CAST, UNTRAINED, Provenance, stub_provenance
from townlet.plugins.stub import StubPolicy

__all__ = ["Admission", "StubFallbackWarning", "Troupe", "warn_of_stub"]

_DIFFERENCES = 3


class StubFallbackWarning(UserWarning):
    """A mind that was asked for cannot run; its agents only wait."""


def _python_warning(message: str) -> None:
    warnings.warn(message, StubFallbackWarning, stacklevel=2)


class OpenedMind(NamedTuple):
    """A slow mind, and where it came from."""

    mind: SlowMind
    provenance: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Which minds may act in this process, and what happens where one cannot.

    Attributes:
        selection: which backends may be used; those of the environment variables by default.
        on_missing: ``stub`` lets the stub stand in for a backend that cannot run, ``error`` stops.
        where: from the key of a config to its place, for errors.
        warn: is told when the stub stands in; by default a :class:`StubFallbackWarning`.
        stored: digest to where the bytes of a checkpoint or snapshot lie here, if not where the job says.
        untrained: whether a learner's mind may act without a checkpoint, on random weights: False refuses it, True
            notes it in its provenance, None says nothing, as fits a program that knows what it does.
        slow: whether slow minds may be asked in this process. They are on a driver; a worker says False.
    """

    selection: Selection = field(default_factory=Selection.from_environment)
    on_missing: Literal["stub", "error"] = "error"
    where: Where = None
    warn: Callable[[str], None] = _python_warning
    stored: Mapping[str, Path] = field(default_factory=dict)
    untrained: bool | None = None
    slow: bool = True

    def open(
        self,
        mind: MindSpec,
        spec: ObservationSpec,
        *,
        seed: int = 0,
        where: str | None = None,
        town: TownConfig | None = None,
    ) -> Part:
        """The live mind.

        Args:
            mind: which one.
            spec: the observations that it will be shown.
            seed: for whatever is random at its creation.
            where: the place it was written at, for errors; without, that of ``policy.backend``.
            town: the town it will play; if a checkpoint was taught in another one, its provenance says so.

        Raises:
            BackendError: if a backend cannot run and the stub may not stand in.
            CheckpointError: if a checkpoint is not there, is another one than the spec says, or is refused.
            ConfigError: if its options are refused.
            UsageError: for the learner, which only training has; or for a mind that has learned nothing, where that
                is refused.
        """
        door = self if where is None else replace(self, where=where)
        try:
            return door._open(mind, spec, seed, town)
        except BackendContractError:
            raise  # it runs, but wrongly: that is a fault to be seen, not something that is missing
        except BackendError as error:
            if self.on_missing == "error":
                raise
            stub = StubPolicy()
            told = replace(
                stub_provenance(mind.requested, error.summary),
                error=type(error).__name__,
                details=error.details,
                fingerprint=stub.fingerprint(),
            )
            self.warn(warn_of_stub(told))
            return Part(stub, told)

    def _open(self, mind: MindSpec, spec: ObservationSpec, seed: int, town: TownConfig | None) -> Part:
        if mind.teacher is not None and mind.learner is not None and mind.ratio is not None:
            sides = (self._open(side, spec, seed, town) for side in (mind.teacher, mind.learner))
            return mixed(mind, *sides)
        if mind.ask_every is not None:
            own = own_spec(spec, self._lies_at(mind))
            asked = None if town is None else town.model_copy(update={"ask_every": mind.ask_every})
            chooses = self._open(replace(mind, ask_every=None), own, seed, asked)
            led = Pursuing(chooses.policy, own, mind.ask_every, chooses.provenance)
            return Part(led, replace(chooses.provenance, fingerprint=led.fingerprint()))
        if mind.backend == LEARNER:
            raise UsageError(
                "the learner exists only in training",
                where=place(self.where, "policy.cast"),
                details=("name who plays in its place: a backend, BACKEND:CHECKPOINT or release",),
            )
        folder = self._lies_at(mind)
        if folder is not None and not mind.slow and (shown := shown_to(spec, folder)) is not spec:
            unseeing = self._open(mind, shown, seed, town)
            return Part(WithoutMap(unseeing.policy), unseeing.provenance)
        verified = None if mind.checkpoint is None else self._verified(mind, mind.checkpoint, spec)
        blank = self.untrained is not None and self._has_learned_nothing(mind)
        if blank and not self.untrained:
            raise UsageError(
                f"{mind.requested!r} without a checkpoint has learned nothing: it would act on random weights",
                where=place(self.where, "policy.backend"),
                details=(f"name a checkpoint:  {mind.requested}:FOLDER", "or let it act anyway:  --untrained"),
            )
        resolved = resolve_mind(
            mind.backend,
            spec=spec,
            options=mind.options,
            seed=seed,
            checkpoint=None if verified is None else verified.path,
            where=self.where,
            selection=self.selection,
        )
        told = replace(resolved.provenance, requested=mind.requested)
        if mind.checkpoint is not None:
            path, digest = str(mind.checkpoint.path), mind.checkpoint.digest
            told = replace(told, checkpoint=path, checkpoint_digest=digest, release=mind.release)
        if isinstance(verified, Checkpoint) and town is not None:
            told = replace(told, warnings=_other_town(verified, town))
        if blank:
            told = replace(told, reason=UNTRAINED)
        if isinstance(resolved.mind, PolicyBackendProtocol):
            return Part(resolved.mind, told)
        return self._patient(OpenedMind(resolved.mind, told), mind, spec, seed, town)

    def _patient(
        self, slow: OpenedMind, mind: MindSpec, spec: ObservationSpec, seed: int, town: TownConfig | None
    ) -> Part:
        """A slow mind as a policy, with its fallback."""
        try:
            if not self.slow:
                raise UsageError(
                    f"{mind.requested!r} is slow: it is asked by the driver only, not on a worker",
                    details=("play jobs of such a cast in the process that made them",),
                )
            settings, stand_in = patience_of(mind)
            fallback = self._open(stand_in, spec, seed, town)
            if any(slow_minds(fallback.policy)):
                fallback.policy.close()
                raise UsageError(f"the fallback {stand_in.requested!r} of a slow mind must answer on each tick")
        except BaseException:
            slow.mind.close()
            raise
        policy = Patience(slow.mind, fallback.policy, spec, settings, name=slow.provenance.active)
        patience = settings.model_dump(mode="json")
        told = replace(slow.provenance, patience=patience, fallback=fallback.provenance)
        return Part(policy, replace(told, fingerprint=policy.fingerprint()))

    def _has_learned_nothing(self, mind: MindSpec) -> bool:
        """Whether its backend learns and keeps what it learned, and none of that is named."""
        row = choose(mind.backend, place(self.where, "policy.backend"), self.selection)
        if mind.checkpoint is not None or row is None or row.manifest is None:
            return False
        capabilities = row.manifest.capabilities
        return "checkpoint" in capabilities and any(each.startswith("learn") for each in capabilities)

    def _lies_at(self, mind: MindSpec) -> Path | None:
        """Where the mind's checkpoint is in this process."""
        return None if mind.checkpoint is None else self.stored.get(mind.checkpoint.digest, mind.checkpoint.path)

    def _verified(self, mind: MindSpec, stored: Stored, spec: ObservationSpec) -> Checkpoint | Stored:
        """The checkpoint to hand to the backend: one of ours is read and checked, another's has the right bytes."""
        path = self.stored.get(stored.digest, stored.path)
        row = choose(mind.backend, place(self.where, "policy.backend"), self.selection)
        reads = row is not None and row.manifest is not None and "checkpoint" in row.manifest.capabilities
        found: Checkpoint | Stored
        if reads or is_checkpoint(path):
            found = read_checkpoint(path, spec, backend=mind.backend if row is None else row.name)
        else:
            found = Stored(digest_of(path), path)
        if found.digest != stored.digest:
            raise CheckpointError(
                "the checkpoint here has changed since it was named",
                where=str(path),
                details=(f"asked for {stored.digest[:12]}, found {found.digest[:12]}",),
            )
        return found


def _other_town(checkpoint: Checkpoint, town: TownConfig) -> tuple[str, ...]:
    """What to know of a mind that was taught in another town behind the same interface: one line, or nothing."""
    found = checkpoint.manifest.town_differences(town_facts(town))
    if not found:
        return ()
    more = f"; and {len(found) - _DIFFERENCES} more" if len(found) > _DIFFERENCES else ""
    return (f"the checkpoint was trained in a different town: {'; '.join(found[:_DIFFERENCES])}{more}",)


def mixed(mind: MindSpec, teacher: Part, learner: Part) -> Part:
    """The mixture of two live minds that ``mind`` describes."""
    assert mind.ratio is not None
    policy = MixturePolicy(teacher.policy, learner.policy, mind.ratio)
    told = Provenance(
        requested=mind.requested,
        active="mixture",
        ratio=mind.ratio,
        teacher=teacher.provenance,
        learner=learner.provenance,
        fingerprint=policy.fingerprint(),
    )
    return Part(policy, told)


def warn_of_stub(told: Provenance) -> str:
    """What to tell a person where the stub stands in for the mind that was asked for."""
    lines = [
        f"every agent just waits: policy backend {told.requested!r} cannot run, so the stub stands in",
        f"  reason: {told.reason}",
        *(f"  {line}" for line in told.details),
        "  to stop instead: set policy.on_missing to 'error'",
    ]
    return "\n".join(lines)


class Troupe:
    """The live minds of a cast. Several stages may share one: minds hold no memory of a town.

    Args:
        cast: who plays whom.
        parts: the live minds, in the order of its roles.
    """

    def __init__(self, cast: Cast, parts: tuple[Part, ...]) -> None:
        self.cast = cast
        self.parts = parts

    @classmethod
    def open(
        cls,
        cast: Cast,
        spec: ObservationSpec,
        *,
        admission: Admission | None = None,
        seed: int = 0,
        learner: Part | None = None,
        town: TownConfig | None = None,
    ) -> Troupe:
        """Open every mind of a cast.

        Args:
            cast: who plays whom.
            spec: the observations that they will be shown.
            admission: which minds may act here.
            seed: for whatever is random at their creation.
            learner: the mind that is being taught, in the role of ``learner``.
            town: as in :meth:`Admission.open`.

        Raises:
            BackendError, CheckpointError, ConfigError, UsageError: as :meth:`Admission.open`.
        """
        door = admission or Admission()
        parts: list[Part] = []
        try:
            for role in cast.roles:
                taught = learner if role.mind.backend == LEARNER else None
                parts.append(taught or door.open(role.mind, spec, seed=seed, where=role.where, town=town))
        except BaseException:
            for part in parts:
                part.policy.close()
            raise
        return cls(cast, tuple(parts))

    def runtime(self, spec: ObservationSpec, agent_names: tuple[str, ...]) -> PolicyRuntime:
        """A runtime of these minds for towns with these agents. Raises UsageError as ``Cast.check``."""
        self.cast.check(agent_names)
        if self.cast.alone:
            runtime = PolicyRuntime(self.parts[0].policy, spec, self.parts[0].provenance)
        else:
            seats = partial(self.cast.seats, agent_names)
            runtime = PolicyRuntime.of_parts(self.parts, spec, self._provenance(agent_names), seats)
        runtime.agent_names = agent_names
        for part in self.parts:
            for _, slow in slow_minds(part.policy):
                slow.agent_names = agent_names
        return runtime

    def _provenance(self, agent_names: tuple[str, ...]) -> Provenance:
        fixed = all(role.share is None for role in self.cast.roles)
        minds = []
        for number, (role, part) in enumerate(zip(self.cast.roles, self.parts, strict=True)):
            agents = role.names
            if fixed:
                agents = tuple(agent_names[slot] for slot in _slots(self.cast.seats(agent_names, 0), number))
            minds.append(replace(part.provenance, who=role.who, agents=agents))
        return Provenance(requested=self.cast.requested, active=CAST, minds=tuple(minds))

    def close(self) -> None:
        """Close the minds."""
        for part in self.parts:
            part.policy.close()


def _slots(seats: Rows, number: int) -> list[int]:
    return [slot for slot, player in enumerate(seats) if player == number]
