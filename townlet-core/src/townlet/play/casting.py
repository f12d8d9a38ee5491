"""From the names of minds in a config and on a command line to a :class:`Cast`; asked once, by whoever drives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from townlet.api import ActionSpace
from townlet.checkpoints import is_checkpoint, read_checkpoint
from townlet.config import ConfigDocument, TownletConfig
from townlet.config.patience import PatienceConfig
from townlet.config.policy import PolicyConfig
from townlet.config.training import DemonstrationsConfig
from townlet.errors import CheckpointError, UsageError
from townlet.minds.policy_names import BackendChoice, MixtureChoice, PolicyChoice, ReleaseChoice, parse_policy
from townlet.play.cast import REST, Cast, Role
from townlet.play.mind_spec import LEARNER, MindSpec
from townlet.play.own_space import in_own_space
from townlet.play.patient import changed_patience, is_slow
from townlet.play.stored import Stored, digest_of
from townlet.plugins.choosing import installed
from townlet.plugins.names import split_qualified
from townlet.plugins.options import Where, place
from townlet.registry import resolve_release

__all__ = ["Casting"]

_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Casting:
    """What names of minds mean here: :meth:`mind` and :meth:`cast` make specs of them.

    Attributes:
        policy: the config's section; its options belong to its backend.
        where: from the key of a config to its place, for errors.
        written_in_file: whether the value of a key stands in the config file: a relative path there starts at the
            file's folder, any other at the current one.
        folder: the config file's folder; the current one without a file.
        actions: action space of the town; minds of a cast are asked in their own.
        release: gives the folder of the promoted checkpoint; None where there is no registry.
    """

    policy: PolicyConfig
    where: Where = None
    written_in_file: Callable[[str], bool] = lambda _: True
    folder: Path = Path()
    actions: ActionSpace = "primitive"
    release: Callable[[], Path] | None = None

    @classmethod
    def of(cls, config: TownletConfig | ConfigDocument, *, runs: Path | None = None) -> Self:
        """For the minds of a config.

        Args:
            config: a document knows where each value was written.
            runs: folder of the registry that knows the release; None for no registry.
        """
        release = None if runs is None else lambda: resolve_release(runs)
        if isinstance(config, TownletConfig):
            return cls(policy=config.policy, actions=config.town.actions, release=release)
        document = config
        return cls(
            policy=document.config.policy,
            where=document.where,
            written_in_file=lambda key: document.written_in_file(key),
            folder=Path() if document.path is None else document.path.parent,
            actions=document.config.town.actions,
            release=release,
        )

    def training_cast(self) -> Cast:
        """Who plays where minds are taught: the config's cast, with the learner in place of the config's backend.

        The learner plays the roles whose mind is ``learner``; where there is none, all whom no other role plays.

        Raises:
            UsageError: if every agent is played by another mind; and as :meth:`cast`.
        """
        made = self._written_roles()
        if not any(role.who == REST for role in made):
            taught = any(role.mind.learns for role in made)
            made.append(Role(REST, self.mind(self.policy.backend) if taught else MindSpec.of_learner()))
        if not any(role.mind.learns for role in made):
            raise UsageError(
                "the learner plays nobody in this cast",
                where=place(self.where, "policy.cast") or "policy.cast",
                details=("give it a role:  {who: 50%, mind: learner}  or leave the rest to it",),
            )
        return Cast(tuple(made))

    def cast(self, backend: str | None = None, roles: Sequence[str] = (), *, shared: bool = False) -> Cast:
        """Who plays whom: by the config, or by a command line where it says so.

        Args:
            backend: ``--backend``: plays whom no other role plays.
            roles: ``--cast``, such as ``alice=stub`` or ``25%=release``; these or a ``backend`` replace the config's.
            shared: the command line names other backends, too; one of them is the section's, and has its options.

        Raises:
            UsageError: for a role or mind that is not in one of the forms, or options that no mind of the cast takes,
                and as :class:`Cast`.
            CheckpointError, RegistryError: for a checkpoint or release that is not there.
        """
        if roles or backend is not None:
            made = [self._typed_role(role) for role in roles]
        else:
            made = self._written_roles()
        if not any(role.who == REST for role in made):
            if backend is None:
                made.append(Role(REST, self.mind(self.policy.backend)))
            else:
                typed = self if shared else self._of_backend(backend)
                made.append(Role(REST, typed.mind(backend, where=f"--backend {backend}")))
        elif backend is not None:
            raise UsageError("--backend and --cast '*=MIND' both say who plays the rest", details=("give one of them",))
        return Cast(tuple(made))

    def names_the_sections(self, backend: str) -> bool:
        """Whether a name on a command line means the backend that the section's options were written for."""
        choice = parse_policy(backend, where=f"--backend {backend}")
        return isinstance(choice, BackendChoice) and self._is_sections(choice)

    def _of_backend(self, backend: str) -> Self:
        """With the options that were not written for the section's backend: those are for ``backend``.

        That is what was typed (``--set policy.options.hidden=32``), and, where no file names a backend, all of it.
        """
        choice = parse_policy(backend, where=f"--backend {backend}")
        mine = self.written_in_file("policy.backend")
        options = {
            name: value
            for name, value in self.policy.options.items()
            if not (mine and self.written_in_file(f"policy.options.{name}"))
        }
        if not options or self.names_the_sections(backend):
            return self
        if isinstance(choice, ReleaseChoice):
            name = str(read_checkpoint(self._promoted()).manifest.backend)
        elif isinstance(choice, BackendChoice) and choice.name != "stub":
            name = choice.name
        else:
            raise UsageError(
                f"{backend!r} takes no options, but policy.options.{next(iter(options))} is set",
                where=place(self.where, f"policy.options.{next(iter(options))}"),
                details=("leave the option out, or give it to a role of policy.cast",),
            )
        if parse_policy(self.policy.backend) == BackendChoice(name, name):
            return self
        section = {"backend": name, "options": options, "checkpoint": None}
        return replace(self, policy=self.policy.model_copy(update=section))

    def mind(self, name: str, *, where: str | None = None) -> MindSpec:
        """The mind of a name in a form of :mod:`townlet.minds.policy_names`.

        Options and checkpoint of the config's section go with it where it is that section's backend.

        Args:
            name: the name.
            where: the place where it was written, such as ``--policy NAME``; without, ``policy.backend``.

        Raises:
            UsageError: if it has none of the forms, or asks for a release where there is no registry.
            CheckpointError, RegistryError: for a checkpoint or release that is not there.
        """
        written = where is None and name == self.policy.backend
        base = self._base("policy.backend") if written else Path()
        choice = parse_policy(name, where=where or place(self.where, "policy.backend"))
        return self._spec(choice, base)

    def teacher(self, name: str) -> MindSpec:
        """The mind of a name to learn from, asked in its own action space. Raises as :meth:`mind`."""
        return in_own_space(self.mind(name), self.actions)

    def teaching(self, wanted: DemonstrationsConfig) -> MindSpec:
        """The teacher that a config of demonstrations names, with its options. Raises as :meth:`mind`.

        Raises:
            UsageError: if it is to be asked for goals and chooses none, or chooses them as everybody does there.
        """
        section = PolicyConfig(backend=wanted.teacher, options=wanted.teacher_options)
        mind = replace(self, policy=section, where="training.demonstrations.teacher").teacher(wanted.teacher)
        if wanted.ask_every is None:
            return mind
        if mind.ask_every is None:
            raise UsageError(
                "only a teacher that chooses goals, in a town of primitive actions, is asked for them",
                where=place(self.where, "training.demonstrations.ask_every") or "training.demonstrations.ask_every",
                details=(
                    f"found {wanted.ask_every}, with the teacher {wanted.teacher!r} and town.actions={self.actions}",
                    "leave ask_every out; in a town of goals, town.ask_every says how often everybody is asked",
                ),
            )
        return replace(mind, ask_every=wanted.ask_every)

    # -- roles

    def _written_roles(self) -> list[Role]:
        made = []
        for number, role in enumerate(self.policy.cast):
            key = f"policy.cast[{number}]"
            at = place(self.where, key) or key
            choice = parse_policy(role.mind, where=at)
            mind = self._spec(choice, self._base(f"{key}.mind"), own=False)
            if role.options or role.checkpoint is not None:
                mind = self._furnished(mind, role.options, role.checkpoint, self._base(f"{key}.checkpoint"), at)
            if role.patience:
                mind = self._patient(mind, changed_patience(self.policy.patience, role.patience, at), at)
            made.append(Role(role.who, in_own_space(mind, self.actions), at))
        return made

    def _typed_role(self, text: str) -> Role:
        who, equals, name = text.partition("=")
        at = f"--cast {text}"
        if not (equals and who.strip() and name.strip()):
            raise UsageError("a role is WHO=MIND", where=at, details=("for example:  alice=stub  or  25%=release",))
        return Role(who.strip(), in_own_space(self.mind(name.strip(), where=at), self.actions), at)

    # -- minds

    def _spec(self, choice: PolicyChoice, base: Path, *, own: bool = True) -> MindSpec:
        """``own``: whether the section's options and checkpoint may be meant."""
        if isinstance(choice, MixtureChoice):
            return MindSpec(
                requested=choice.text,
                backend="mixture",
                teacher=self._spec(choice.teacher, base, own=own),
                learner=self._spec(choice.learner, base, own=own),
                ratio=choice.ratio,
            )
        if isinstance(choice, ReleaseChoice):
            return self._release(choice.text)
        if choice.name == LEARNER and choice.checkpoint is None:
            return MindSpec.of_learner()
        mind = MindSpec(requested=choice.text, backend=choice.name)
        if choice.checkpoint is not None:
            mind = replace(mind, checkpoint=stored_checkpoint(base / choice.checkpoint, choice.name))
        if own and self._is_sections(choice):
            checkpoint = self.policy.checkpoint if choice.checkpoint is None else None
            at = place(self.where, "policy.checkpoint")
            mind = self._furnished(mind, self.policy.options, checkpoint, self._base("policy.checkpoint"), at)
        if is_slow(mind.backend):
            mind = self._patient(mind, self.policy.patience, place(self.where, "policy.patience.fallback"))
        return mind

    def _patient(self, mind: MindSpec, settings: PatienceConfig, at: str | None) -> MindSpec:
        """A slow mind with how it is asked, and with its fallback."""
        if not is_slow(mind.backend):
            raise UsageError(f"{mind.requested!r} answers on each tick: it needs no patience", where=at)
        choice = parse_policy(settings.fallback, where=at)
        sides = (choice.teacher, choice.learner) if isinstance(choice, MixtureChoice) else (choice,)
        if any(isinstance(side, BackendChoice) and is_slow(side.name) for side in sides):
            raise UsageError(
                f"the fallback of a slow mind must answer on each tick, {settings.fallback!r} does not",
                where=at,
                details=("set policy.patience.fallback to 'scripted' or 'stub'",),
            )
        fallback = self._spec(choice, self._base("policy.patience.fallback"))
        return replace(mind, patience=settings.model_dump(mode="json"), fallback=fallback)

    def _furnished(
        self, mind: MindSpec, options: Mapping[str, Any], checkpoint: str | None, base: Path, at: str | None
    ) -> MindSpec:
        """The mind with options, and with a checkpoint where one is named."""
        mind = replace(mind, options=dict(options))
        if checkpoint is None:
            return mind
        if mind.checkpoint is not None or mind.backend in ("stub", "mixture", LEARNER):
            found = (f"found {checkpoint!r}",)
            raise UsageError(f"{mind.requested!r} takes no further checkpoint", where=at, details=found)
        if checkpoint == "release":
            return replace(mind, checkpoint=stored_checkpoint(self._promoted(), mind.backend), release=True)
        return replace(mind, checkpoint=stored_checkpoint(base / checkpoint, mind.backend))

    def _is_sections(self, choice: BackendChoice) -> bool:
        """Whether the backend is the one that the section's options were written for."""
        mine = parse_policy(self.policy.backend)
        return isinstance(mine, BackendChoice) and split_qualified(mine.name)[1] == split_qualified(choice.name)[1]

    def _release(self, text: str) -> MindSpec:
        folder = self._promoted()
        opened = read_checkpoint(folder)
        backend = str(opened.manifest.backend)
        options = self.policy.options if self._is_sections(BackendChoice(backend, backend)) else _NOTHING
        stored = Stored(opened.digest, opened.path.absolute())
        return MindSpec(requested=text, backend=backend, options=dict(options), checkpoint=stored, release=True)

    def _promoted(self) -> Path:
        if self.release is None:
            raise UsageError("there is no registry to take the release from", where=place(self.where, "policy.backend"))
        return self.release()

    def _base(self, key: str) -> Path:
        """The folder that a relative path in the value of ``key`` starts from."""
        return self.folder if self.written_in_file(key) else Path()


def stored_checkpoint(path: Path, backend: str) -> Stored:
    """A checkpoint by its digest: one of ours is read and verified, another's own file or folder is hashed.

    Args:
        path: a checkpoint, a pointer to one, a run, or what ``backend`` itself reads.
        backend: who is to act from it; need not be installed.

    Raises:
        CheckpointError: if there is none, or it is damaged.
    """
    if not path.exists():
        raise CheckpointError("there is no such checkpoint", where=str(path))
    row = installed(backend)
    if row is None:
        ours = path.is_dir()  # nobody can tell; that it is not installed is said when the mind is opened
    else:
        ours = is_checkpoint(path) or (row.manifest is not None and "checkpoint" in row.manifest.capabilities)
    if not ours:
        return Stored(digest_of(path), path.absolute())
    opened = read_checkpoint(path)
    return Stored(opened.digest, opened.path.absolute())
