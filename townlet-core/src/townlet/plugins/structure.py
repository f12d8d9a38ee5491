"""Does an object have the shape of a protocol: every method, callable the way core calls it.

``isinstance`` with a runtime protocol sees only names; here the signatures are compared as well.
"""

from __future__ import annotations

import inspect

from townlet.api import LearnerProtocol, PolicyBackendProtocol, SlowMind

__all__ = ["learner_faults", "policy_faults", "slow_faults"]


def policy_faults(policy: object) -> list[str]:
    """How the object differs from PolicyBackendProtocol; empty if it conforms."""
    return _faults(policy, PolicyBackendProtocol)


def slow_faults(mind: object) -> list[str]:
    """In what the object falls short of SlowMind; empty if in nothing."""
    return _faults(mind, SlowMind)


def learner_faults(learner: object) -> list[str]:
    """How the object and its ``policy`` differ from LearnerProtocol; empty if they conform."""
    faults = _faults(learner, LearnerProtocol)
    try:
        policy = learner.policy  # type: ignore[attr-defined]
    except AttributeError:
        return [*faults, "it has no 'policy'"]
    return [*faults, *(f"policy: {fault}" for fault in policy_faults(policy))]


def _faults(thing: object, protocol: type) -> list[str]:
    if isinstance(thing, type):
        return [f"it is the class {thing.__name__}, not an instance of it"]
    wanted = {
        name: member
        for name, member in vars(protocol).items()
        if inspect.isfunction(member) and not name.startswith("_")
    }
    faults = []
    for name, member in wanted.items():
        shown = f"{name}{_shown(member)}"
        try:
            method = getattr(thing, name)
        except AttributeError:
            faults.append(f"it has no method {shown}")
            continue
        if not callable(method):
            faults.append(f"{name!r} is not a method but {type(method).__name__}; wanted {shown}")
        elif inspect.iscoroutinefunction(method):
            faults.append(f"{name} is async; wanted {shown}")
        else:
            faults += _signature_faults(name, method, member)
    return faults


def _signature_faults(name: str, method: object, member: object) -> list[str]:
    try:
        found = inspect.signature(method)  # type: ignore[arg-type]
    except (TypeError, ValueError):  # compiled code need not say
        return []
    wanted = list(inspect.signature(member).parameters.values())[1:]  # type: ignore[arg-type]
    positional = [p.name for p in wanted if p.kind is p.POSITIONAL_OR_KEYWORD]
    keywords = {p.name: None for p in wanted if p.kind is p.KEYWORD_ONLY}
    needed = {p.name: None for p in wanted if p.kind is p.KEYWORD_ONLY and p.default is p.empty}
    calls: list[tuple[list[str], dict[str, None]]] = [
        (positional, needed),
        (positional, keywords),
        ([], dict.fromkeys(positional) | keywords),
    ]
    for args, kwargs in calls:
        try:
            found.bind(*args, **kwargs)
        except TypeError as error:
            return [f"{name}{found} cannot be called as {name}{_shown(member)}: {error}"]
    return []


def _shown(member: object) -> str:
    parameters = list(inspect.signature(member).parameters.values())[1:]  # type: ignore[arg-type]
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in parameters]
    return str(inspect.Signature(bare))
