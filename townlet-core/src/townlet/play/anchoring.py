"""Relative paths in a config file start at the file's folder, wherever the config goes from here."""

from __future__ import annotations

from pathlib import Path

from townlet.config import ConfigDocument, TownletConfig
from townlet.minds.policy_names import BackendChoice, MixtureChoice, parse_policy

__all__ = ["anchored"]


def anchored(document: ConfigDocument) -> TownletConfig:
    """The config with every relative path that stands in its file made absolute.

    For what outlives the file, such as a training run that is resumed elsewhere. What was typed stays as it is: it
    starts at the current folder.
    """
    config, folder = document.config, document.path
    if folder is None:
        return config
    base = folder.parent.absolute()

    def path(key: str, value: str | None) -> str | None:
        if value is None or value == "release" or not document.written_in_file(key):
            return value
        return str(base / value)

    def mind(key: str, name: str) -> str:
        return _anchored_name(name, base) if document.written_in_file(key) else name

    roles = tuple(
        role.model_copy(
            update={
                "mind": mind(f"policy.cast[{n}].mind", role.mind),
                "checkpoint": path(f"policy.cast[{n}].checkpoint", role.checkpoint),
            }
        )
        for n, role in enumerate(config.policy.cast)
    )
    policy = config.policy.model_copy(
        update={
            "backend": mind("policy.backend", config.policy.backend),
            "checkpoint": path("policy.checkpoint", config.policy.checkpoint),
            "cast": roles,
        }
    )
    shown, ppo = config.training.demonstrations, config.training.ppo
    shown = shown.model_copy(
        update={
            "dataset": path("training.demonstrations.dataset", shown.dataset),
            "teacher": mind("training.demonstrations.teacher", shown.teacher),
        }
    )
    ppo = ppo.model_copy(update={"initial": path("training.ppo.initial", ppo.initial)})
    training = config.training.model_copy(update={"demonstrations": shown, "ppo": ppo})
    met = config.evaluation.strangers
    if met.suite is not None and met.suite.endswith((".yaml", ".yml")):
        met = met.model_copy(update={"suite": path("evaluation.strangers.suite", met.suite)})
    evaluation = config.evaluation.model_copy(update={"strangers": met})
    return config.model_copy(update={"policy": policy, "training": training, "evaluation": evaluation})


def _anchored_name(name: str, base: Path) -> str:
    """The name of a mind with the path in it, if there is one, made absolute."""
    choice = parse_policy(name)
    if isinstance(choice, MixtureChoice):
        sides = ",".join(_anchored_name(side.text, base) for side in (choice.teacher, choice.learner))
        return f"mixture:{sides},{choice.ratio!r}"
    if isinstance(choice, BackendChoice) and choice.checkpoint is not None:
        return f"{choice.name}:{base / choice.checkpoint}"
    return name
