"""What is asked of a learner that it does not honour: refused by name before work begins, never silently left out.

A learner's manifest lists the settings that it honours (``[honours]``), and a learner may leave out more because of
its options (:class:`~townlet.api.PartlyHonours`). Two things are asked for: what somebody wrote into the config, with
another value than the default, and the terms that the course of training uses (cloning term, KL to the clone, warm-up
of the critic), written or not. What else is not honoured is at its default, and is recorded with the run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pydantic import BaseModel

from townlet.api import BCSettings, LearnerProtocol, PartlyHonours, PPOSettings
from townlet.config.root import TownletConfig
from townlet.config.training import PPOTrainingConfig, ScheduleConfig
from townlet.errors import ConfigError
from townlet.plugins.manifest import Manifest

__all__ = ["AskedSetting", "asked_settings", "left_out", "refuse_unhonoured", "unhonoured"]

_SCHEDULED = {"learning_rate": "learning_rate", "entropy_coefficient": "entropy"}


class AskedSetting(NamedTuple):
    """A setting that training will ask for.

    Attributes:
        kind: ``"bc"`` or ``"ppo"``.
        setting: its name in ``BCSettings`` or ``PPOSettings``.
        key: the key of the config that asks for it.
        instead: what to write to do without it.
    """

    kind: str
    setting: str
    key: str
    instead: str


def asked_settings(config: TownletConfig, mode: str) -> Iterator[AskedSetting]:
    """What a mode of training asks of a learner beyond the defaults."""
    training = config.training
    clones, learns = mode in ("bc", "anneal"), mode != "bc"
    if clones:
        yield from _written("bc", training.bc.settings, "training.bc.settings")
    if not learns:
        return
    ppo = training.ppo
    yield from _written("ppo", ppo.settings, "training.ppo.settings")
    for setting, section in _SCHEDULED.items():
        if section in ppo.model_fields_set and not (setting == "entropy_coefficient" and _never(ppo.entropy)):
            yield AskedSetting("ppo", setting, f"training.ppo.{section}", "leave it out")
    yield from _terms(ppo, mode, [stage.bc_weight for stage in training.anneal.stages])


def _terms(ppo: PPOTrainingConfig, mode: str, weights: list[float]) -> Iterator[AskedSetting]:
    if mode == "anneal" or ppo.initial is not None:
        if not _never(ppo.reference_kl):
            yield AskedSetting("ppo", "kl_coefficient", "training.ppo.reference_kl", "set its start and end to 0")
        if ppo.critic_warmup:
            yield AskedSetting("ppo", "train_policy", "training.ppo.critic_warmup", "set it to 0")
    if mode == "anneal":
        for number, weight in enumerate(weights):
            if weight:
                yield AskedSetting("ppo", "bc_coefficient", f"training.anneal.stages.{number}.bc_weight", "set it to 0")
    elif (mode == "mixed" or (mode == "ppo" and ppo.data == "mixed")) and not _never(ppo.bc_weight):
        yield AskedSetting("ppo", "bc_coefficient", "training.ppo.bc_weight", "train in the mode rollout")


def _written(kind: str, settings: BaseModel, key: str) -> Iterator[AskedSetting]:
    for name in sorted(settings.model_fields_set):
        if getattr(settings, name) != type(settings).model_fields[name].get_default():
            yield AskedSetting(kind, name, f"{key}.{name}", "leave it out")


def _never(schedule: ScheduleConfig) -> bool:
    return schedule.start == 0.0 and (schedule.end == 0.0 or schedule.shape == "constant")


def unhonoured(manifest: Manifest | None, learner: LearnerProtocol) -> dict[tuple[str, str], str]:
    """What a learner does not honour: kind and name of the setting to the reason.

    A manifest without ``[honours]`` says nothing, and nothing is taken from it.
    """
    found: dict[tuple[str, str], str] = {}
    kinds: Mapping[str, type[BaseModel]] = {"bc": BCSettings, "ppo": PPOSettings}
    for kind, model in kinds.items():
        honoured = None if manifest is None else manifest.honoured(kind)
        if honoured is not None:
            for name in model.model_fields:
                if name not in honoured:
                    found[kind, name] = "its manifest does not list it"
        if isinstance(learner, PartlyHonours):
            for name, reason in learner.unhonoured(kind).items():
                found[kind, name] = reason
    return found


def refuse_unhonoured(
    config: TownletConfig, mode: str, missing: Mapping[tuple[str, str], str], *, backend: str
) -> None:
    """Refuse a config that asks for what is ``missing``.

    Args:
        config: how minds are to be taught.
        mode: as of ``townlet train --mode``.
        missing: what the learner does not honour, as of :func:`unhonoured`.
        backend: its name.

    Raises:
        ConfigError: naming the setting, the backend and the key.
    """
    for asked in asked_settings(config, mode):
        reason = missing.get((asked.kind, asked.setting))
        if reason is not None:
            raise ConfigError(
                f"policy backend {backend!r} does not honour {asked.setting} of {asked.kind}: {reason}",
                where=asked.key,
                details=(f"to do without it: {asked.instead}", f"what it honours:  townlet backends info {backend}"),
            )


def left_out(mode: str, missing: Mapping[tuple[str, str], str], *, backend: str) -> str | None:
    """What a mode of training leaves at a default that the learner does not honour, in words; None for nothing."""
    kinds = {"bc": ("bc",), "anneal": ("bc", "ppo")}.get(mode, ("ppo",))
    left = sorted(f"{kind}.{name}" for kind, name in missing if kind in kinds)
    return f"{backend} does not honour {', '.join(left)}: what it does instead is not specified" if left else None
