"""What the other commands would refuse in a config: learner, teacher, executor, scenarios, what is searched for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from townlet.config import ConfigDocument
from townlet.errors import BackendError, TownletError

__all__ = ["check_work"]

T = TypeVar("T")


def check_work(document: ConfigDocument) -> list[str]:
    """Ask what ``train``, ``evaluate``, ``promote`` and ``tune`` ask of the config before they begin.

    Returns:
        What could not be asked here, such as options of a backend that is not installed: a line each.

    Raises:
        ConfigError, UsageError, BackendError, ExecutorError: as those commands would, with the place in the config.
    """
    from townlet.evaluation.scenarios import load_scenario
    from townlet.executors.opening import refuse_unknown_executor
    from townlet.tuning.constraints import check_objective, parse_constraints

    config = document.config
    unasked = [*_learner(document), *_teacher(document)]
    _placed(document, "execution.executor", lambda: refuse_unknown_executor(config.execution.executor))
    for number, name in enumerate(config.evaluation.required_scenarios):
        _placed(document, f"evaluation.required_scenarios[{number}]", lambda name=name: load_scenario(name))  # type: ignore[misc]
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
    if not config.training.options and config.training.backend is None:
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
    return []


def _teacher(document: ConfigDocument) -> list[str]:
    from townlet.plugins import validate_options

    wanted = document.config.training.demonstrations
    try:
        validate_options(
            wanted.teacher,
            wanted.teacher_options,
            where=document.where,
            section=lambda _: "training.demonstrations.teacher_options",
        )
    except BackendError as error:
        return [f"training.demonstrations.teacher could not be checked: {error.summary}"]
    return []
