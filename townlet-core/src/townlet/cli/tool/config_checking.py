"""What the other commands would refuse in a config: learner, teacher, executor, scenarios, what is searched for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from townlet.config import ConfigDocument
from townlet.errors import BackendError, TorchNotAvailableError, TownletError

__all__ = ["check_work"]

T = TypeVar("T")


def check_work(document: ConfigDocument) -> list[str]:
    """Ask what ``train``, ``evaluate``, ``promote`` and ``tune`` ask of the config before they begin.

    Returns:
        What could not be asked here, such as options of a backend that is not installed: a line each.

    Raises:
        ConfigError, UsageError, BackendError, ExecutorError: as those commands would, with the place in the config.
    """
    from townlet.arena import load_suite
    from townlet.evaluation.scenarios import load_scenario
    from townlet.executors.opening import refuse_unknown_executor
    from townlet.play.anchoring import anchored
    from townlet.tuning.constraints import check_objective, parse_constraints
    from townlet.tuning.plan import plan_of

    config = document.config
    unasked = [*_learner(document), *_teacher(document)]
    _recordings(document)
    _placed(document, "execution.executor", lambda: refuse_unknown_executor(config.execution.executor))
    for number, name in enumerate(config.evaluation.required_scenarios):
        _placed(document, f"evaluation.required_scenarios[{number}]", lambda name=name: load_scenario(name))  # type: ignore[misc]
    if (suite := anchored(document).evaluation.strangers.suite) is not None:
        _placed(document, "evaluation.strangers.suite", lambda: load_suite(suite))
    if config.tuning.search:
        plan_of(anchored(document))
    _placed(document, "tuning.objective", lambda: check_objective(config.tuning.objective))
    _placed(document, "tuning.constraints", lambda: parse_constraints(config.tuning.constraints))
    return unasked


def _placed(document: ConfigDocument, key: str, ask: Callable[[], T]) -> T:
    """What ``ask`` gives; what it refuses, with the place of ``key`` in the config."""
    try:
        return ask()
    except TownletError as error:
        raise type(error)(error.summary, where=document.where(key), details=error.details) from None


def _learner(document: ConfigDocument) -> list[str]:
    from townlet.plugins import validate_options
    from townlet.training.learner.choice import learner_name, learner_options, refuse_what_never_learns

    config = document.config
    asked = (config.training.options, config.training.backend, config.training.ppo.initial)
    if not any(asked) and not _learns_itself(document):
        return []
    reason = _placed(document, "training.backend", lambda: refuse_what_never_learns(config))
    if reason is not None:
        return [f"training.options could not be checked: {reason}"]
    mine = config.training.options
    try:
        validate_options(
            learner_name(config),
            learner_options(config),
            where=document.where,
            section=lambda option: "training.options" if option in mine else "policy.options",
        )
    except BackendError as error:
        return [f"training.options could not be checked: {error.summary}"]
    try:
        return _made(document)
    except TorchNotAvailableError as error:
        return [f"the learner could not be made here: {error.summary}"]


def _learns_itself(document: ConfigDocument) -> bool:
    """Whether the config's own policy is a backend that learns."""
    from townlet.minds.policy_names import BackendChoice, parse_policy
    from townlet.plugins.choosing import installed

    choice = parse_policy(document.config.policy.backend, where="policy.backend")
    row = installed(choice.name) if isinstance(choice, BackendChoice) else None
    return (
        row is not None and row.manifest is not None and any(c.startswith("learn") for c in row.manifest.capabilities)
    )


def _made(document: ConfigDocument) -> list[str]:
    """Make the learner as ``train`` would: a device that is not here, or weights that do not fit, are found so."""
    from townlet.checkpoints import read_checkpoint
    from townlet.play.anchoring import anchored
    from townlet.play.checking import CANNOT_RUN_HERE
    from townlet.play.stage import town_spec
    from townlet.training.learner.choice import LearnerChoice

    config = anchored(document)
    choice = LearnerChoice.of(config, "ppo")
    spec, initial, start = town_spec(config), config.training.ppo.initial, None
    if initial is not None:
        key = "training.ppo.initial"
        start = _placed(document, key, lambda: read_checkpoint(Path(initial), spec, backend=choice.backend).path)
    try:
        choice.open(spec, start).learner.policy.close()
    except CANNOT_RUN_HERE as error:
        return [f"the learner could not be made here: {error.summary}"]
    except TownletError as error:
        option = (error.where or "").removeprefix("policy.options.")
        section = "training.options" if option in choice.own_options else "policy.options"
        where = document.where(f"{section}.{option}" if option in choice.options else choice.where)
        raise type(error)(error.summary, where=where, details=error.details) from None
    return []


def _recordings(document: ConfigDocument) -> None:
    """Open the dataset that is imitated or replayed."""
    from townlet.play.anchoring import anchored
    from townlet.play.stage import town_spec
    from townlet.training.services.replay import ReplayDatasetService

    config = anchored(document)
    if config.training.demonstrations.dataset is not None:
        service = ReplayDatasetService(config)
        _placed(document, "training.demonstrations.dataset", lambda: service.open(None, town_spec(config)))


def _teacher(document: ConfigDocument) -> list[str]:
    from townlet.play.checking import check_teacher

    reason = check_teacher(document).reason
    return [] if reason is None else [f"training.demonstrations.teacher could not be checked: {reason}"]
