"""From what a model wrote to a plan; tolerant of how it is written, strict about what it says."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

from townlet.api import Condition, Plan, PlanStep, Question

__all__ = ["Unreadable", "read_plan"]

_LONGEST_TICKS = 200
_MOST_CONDITIONS = 4
_LONGEST_TEXT, _MOST_TRIES = 100_000, 200
"""Characters that are looked at, and braces at which an object may begin: a hostile answer takes no time."""


class Unreadable(ValueError):
    """What came cannot be read as a plan; the text says why."""


def read_plan(text: str, question: Question, names: Sequence[str], needs: Sequence[str], most_steps: int) -> Plan:
    """Read a plan: the first JSON object that holds steps, whatever stands around it.

    An action is named, or numbered as in the menu; a single action stands for a plan of one step; steps after the
    first that nobody knows end the plan.

    Args:
        text: what the model wrote.
        question: what it was asked.
        names: of the actions, by index.
        needs: that conditions may look at.
        most_steps: at most; what follows is left out.

    Raises:
        Unreadable: if there is no such object, or its first action is not possible.
    """
    for found in _objects(text):
        steps = found.get("steps", [found] if "action" in found else None)
        if isinstance(steps, dict):
            steps = [steps]
        if isinstance(steps, list) and steps:
            taken = list(_steps(steps[:most_steps], question.choices, names))
            reasons = found.get("reasons", found.get("reason", ""))
            until = tuple(_conditions(found.get("until"), needs))
            return Plan(steps=tuple(taken), until=until, reasons=reasons if isinstance(reasons, str) else "")
    raise Unreadable("it holds no JSON object with steps")


def _objects(text: str) -> Iterator[dict[str, Any]]:
    text = text[:_LONGEST_TEXT]
    decoder, start = json.JSONDecoder(), text.find("{")
    for _ in range(_MOST_TRIES):
        if start < 0:
            return
        end = start + 1
        try:
            found, end = decoder.raw_decode(text, start)
            if isinstance(found, dict):
                yield found
        except (ValueError, RecursionError):
            pass
        start = text.find("{", end)


def _steps(steps: list[Any], possible: Sequence[int], names: Sequence[str]) -> Iterator[PlanStep]:
    for number, step in enumerate(steps):
        given = step.get("action") if isinstance(step, dict) else step
        action = _action(given, names)
        if number == 0 and action not in possible:
            can = ", ".join(names[choice] for choice in possible)
            raise Unreadable(f"its first action {given!r:.60} is not possible now; possible: {can}")
        if action is None:
            return
        yield PlanStep(action=action, ticks=_ticks(step.get("ticks") if isinstance(step, dict) else 1))


def _action(given: Any, names: Sequence[str]) -> int | None:
    if isinstance(given, bool):
        return None
    if isinstance(given, int):
        return given if 0 <= given < len(names) else None
    if not isinstance(given, str):
        return None
    word = given.strip().strip("\"'`.").casefold().replace(" ", "_")
    for index, name in enumerate(names):
        if word in (name.casefold(), str(index), f"{index}_{name.casefold()}"):
            return index
    return None


def _ticks(given: Any) -> int:
    try:
        return max(1, min(_LONGEST_TICKS, int(given)))
    except (TypeError, ValueError, OverflowError):
        return 1


def _conditions(given: Any, needs: Sequence[str]) -> Iterator[Condition]:
    for each in (given if isinstance(given, list) else [])[:_MOST_CONDITIONS]:
        if not isinstance(each, dict):
            continue
        name, below = each.get("feature"), each.get("below")
        known = isinstance(name, str) and name.removeprefix("need_") in needs
        if known and isinstance(below, int | float) and math.isfinite(below):
            level = min(1.0, max(0.0, below / 100.0))
            yield Condition(kind="feature_below", feature=f"need_{str(name).removeprefix('need_')}", limit=level)
