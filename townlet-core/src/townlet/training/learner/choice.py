"""Which backend learns, with which options, and the learner itself, made when it is first needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from townlet.api import ObservationSpec
from townlet.config.root import TownletConfig
from townlet.errors import BackendError, BackendLoadError, ConfigError, UsageError
from townlet.minds.policy_names import BackendChoice, parse_policy
from townlet.plugins import ResolvedLearner, resolve_learner, validate_options
from townlet.plugins.choosing import installed
from townlet.plugins.manifest import Manifest
from townlet.plugins.names import split_qualified
from townlet.policy import models
from townlet.policy.doors import torch_missing

__all__ = [
    "PURPOSES",
    "LearnerChoice",
    "learner_name",
    "learner_options",
    "needs_torch",
    "refuse_options_of_nobody",
    "refuse_unclaimed",
    "refuse_what_never_learns",
    "require_learner",
]

DEFAULT_LEARNER = "pytorch"
_NEVER_LEARN = ("scripted", "stub")

PURPOSES: Mapping[str, str] = {
    "bc": "behaviour cloning",
    "anneal": "anneal training",
    **dict.fromkeys(("ppo", "rollout", "replay", "mixed"), "PPO training"),
}
"""What each training mode is for, in the words of an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnerChoice:
    """The learner that a config asks for.

    Attributes:
        name: as it is called in the config.
        backend: its own name, whatever it is called; None if it is not installed.
        manifest: None if it has none, or is not installed.
        options: for its backend.
        own_options: names of those that stand under ``training.options``.
        seed: of fresh weights.
        where: the key of the config that names it.
    """

    name: str
    backend: str | None
    manifest: Manifest | None
    options: Mapping[str, Any]
    own_options: frozenset[str]
    seed: int
    where: str

    @classmethod
    def of(cls, config: TownletConfig, mode: str) -> Self:
        """The learner for one of the training modes.

        Raises:
            TorchNotAvailableError: if it needs PyTorch and there is none; nothing else is looked at before.
            UsageError: if the config names no learner.
        """
        name = require_learner(config, PURPOSES[mode])
        row = installed(name)
        return cls(
            name=name,
            backend=None if row is None else row.name,
            manifest=None if row is None else row.manifest,
            options=learner_options(config),
            own_options=frozenset(config.training.options),
            seed=config.seed,
            where="training.backend" if config.training.backend else "policy.backend",
        )

    def open(self, spec: ObservationSpec, checkpoint: Path | None = None) -> ResolvedLearner:
        """The learner, with fresh weights or with those of ``checkpoint``.

        Raises:
            BackendError: if it cannot be made; training never falls back to another one.
            CheckpointError: if the checkpoint does not fit.
        """
        return resolve_learner(
            self.name,
            spec=spec,
            options=self.options,
            seed=self.seed,
            checkpoint=checkpoint,
            where=self.where,
            section=lambda option: "training.options" if option in self.own_options else "policy.options",
        )


def require_learner(config: TownletConfig, purpose: str) -> str:
    """The name of the learner, if it can work here. One that does not need PyTorch is not asked for it.

    Args:
        config: how minds are to be taught.
        purpose: what for, such as ``"PPO training"``.

    Raises:
        TorchNotAvailableError: if it needs PyTorch and there is none.
    """
    name = learner_name(config)
    # Asked through the module, where it can be replaced.
    if needs_torch(name) and not models.torch_available():
        raise torch_missing(purpose, where=f"the learner is {name!r}")
    return name


def learner_name(config: TownletConfig) -> str:
    """The backend that learns: ``training.backend``; else ``policy.backend`` if that can learn; else ``pytorch``.

    ``policy.backend`` may be any name of a policy: of ``pytorch:runs/first`` it is the backend. A backend that is not
    installed is not replaced by another one, but for the scripted mind and the stub, which never learn.

    Raises:
        UsageError: if the config's policy is a release or a mixture, which names no learner.
    """
    if config.training.backend is not None:
        return config.training.backend
    choice = parse_policy(config.policy.backend, where="policy.backend")
    if not isinstance(choice, BackendChoice):
        raise UsageError(
            f"{choice.text!r} does not say which backend learns",
            where="policy.backend",
            details=("say it with training.backend, such as  --set training.backend=pytorch",),
        )
    row = installed(choice.name)
    if row is None:
        return DEFAULT_LEARNER if split_qualified(choice.name)[1] in _NEVER_LEARN else choice.name
    learns = row.manifest is not None and any(c.startswith("learn") for c in row.manifest.capabilities)
    return choice.name if learns else DEFAULT_LEARNER


def learner_options(config: TownletConfig) -> Mapping[str, Any]:
    """``training.options``, over ``policy.options`` where the backend that learns is the one that acts.

    Where learning starts is said by ``training.ppo.initial``, not by the policy's checkpoint.
    """
    policy = parse_policy(config.policy.backend, where="policy.backend")
    acts = isinstance(policy, BackendChoice) and _same(policy.name, learner_name(config))
    shared = config.policy.options if acts else {}
    return {**shared, **config.training.options}


def refuse_unclaimed(name: str, manifest: Manifest, mode: str) -> None:
    """Refuse a learner whose manifest does not claim what a mode of training asks of it.

    Raises:
        BackendLoadError: naming the capability, and what the manifest may have meant.
    """
    asked = {"bc": ("learn.bc",), "anneal": ("learn.bc", "learn.ppo")}.get(mode, ("learn.ppo",))
    for capability in asked:
        if capability not in manifest.capabilities:
            raise BackendLoadError(
                f"policy backend {name!r} cannot be used for {PURPOSES[mode]}: it does not claim {capability!r}",
                details=(f"its capabilities: {', '.join(manifest.capabilities)}", *manifest.notes),
            )


def refuse_what_never_learns(config: TownletConfig) -> str | None:
    """Refuse a ``training.backend`` that claims to learn in no way.

    Returns:
        Why it cannot be asked here, such as a backend that is not installed; None where it was, or none is named.

    Raises:
        BackendError: it does not learn.
    """
    name = config.training.backend
    if name is None:
        return None
    row = installed(name)
    if row is None or row.manifest is None:
        if split_qualified(name)[1] in _NEVER_LEARN:
            raise BackendLoadError(f"policy backend {name!r} cannot be used for training: it never learns")
        return f"policy backend {name!r} is not installed here"
    if not any(capability.startswith("learn") for capability in row.manifest.capabilities):
        refuse_unclaimed(row.name, row.manifest, "bc")
    return None


def refuse_options_of_nobody(config: TownletConfig) -> None:
    """Refuse options under ``policy.options`` that the config's policy does not take, as it would when it is to act.

    Raises:
        ConfigError: naming the option, and the key where options of the learner belong.
    """
    policy, learner = parse_policy(config.policy.backend, where="policy.backend"), learner_name(config)
    if not config.policy.options or not isinstance(policy, BackendChoice) or _same(policy.name, learner):
        return
    try:
        validate_options(policy.name, config.policy.options)
    except BackendError:
        return  # that it cannot act here is said when it is to act
    except ConfigError as error:
        hint = f"policy.options are those of {policy.name!r}; options of the learner {learner!r} are training.options"
        raise ConfigError(error.summary, where=error.where, details=(hint, *error.details)) from error


def needs_torch(name: str) -> bool:
    """Whether the backend says that it needs PyTorch; the pytorch backend does also where it is not installed."""
    row = installed(name)
    if row is None:
        return split_qualified(name)[1] in (DEFAULT_LEARNER, "torch")
    return any(requirement.name == "torch" for requirement in row.requirements)


def _same(name: str, other: str) -> bool:
    """Whether two spellings mean one backend."""
    one, two = installed(name), installed(other)
    if one is None or two is None:
        return split_qualified(name)[1] == split_qualified(other)[1]
    return one.qualified == two.qualified
