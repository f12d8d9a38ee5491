"""Values against a model: every error with its place, in words about the config rather than about Python."""

from __future__ import annotations

import json
import types
from typing import Annotated, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from townlet.config.source import ConfigFault, Data, KeyPath, Source, dotted, refuse
from townlet.errors import ConfigError
from townlet.storage.wording import rule_of
from townlet.suggestions import nearest

__all__ = ["checked", "faults_of"]

M = TypeVar("M", bound=BaseModel)

_MOST = 200
"""Errors of one text that are looked into."""


def checked(model: type[M], source: Source) -> M:
    """The model made of the source's values, strictly: ``"3"`` is not a number, ``1`` is not text.

    Raises:
        ConfigError: all that is wrong, each with its place; the text's own faults included.
    """
    faults = list(source.faults)
    try:
        result = model.model_validate_json(json.dumps(source.data), strict=True)
    except ValidationError as error:
        unread = {fault.where for fault in faults}
        found = [fault for fault in faults_of(error, model, source) if fault.where not in unread]
        raise refuse(source.label, [*faults, *found]) from None
    except ConfigError as error:
        raise _placed(error, source) from None
    if faults:
        raise refuse(source.label, faults)
    return result


def faults_of(error: ValidationError, model: type[BaseModel], source: Source, at: KeyPath = ()) -> list[ConfigFault]:
    """What pydantic found, in our words. ``at`` is where in the source the model's values stand."""
    found: dict[KeyPath, list[str]] = {}
    for details in error.errors(include_url=False)[:_MOST]:  # each looks through the models for what was meant
        if _consequence(details):
            continue
        path = (*at, *_followed(source, at, details))
        found.setdefault(path, []).append(_problem(details, model))
    return [source.fault(path, " or ".join(dict.fromkeys(problems))) for path, problems in found.items()]


def _consequence(details: ErrorDetails) -> bool:
    """Whether pydantic says "too short" only because entries of a list that is long enough are wrong."""
    least = details.get("ctx", {}).get("min_length", 0)
    return details["type"] == "too_short" and isinstance(details["input"], list) and len(details["input"]) >= least


def _followed(source: Source, at: KeyPath, details: ErrorDetails) -> KeyPath:
    """The location without the steps that pydantic adds for the members of a union."""
    node: Data = source.data
    for part in at:
        node = _child(node, part)
    path: list[str | int] = []
    for index, part in enumerate(details["loc"]):
        last = index == len(details["loc"]) - 1
        if (last and details["type"] == "missing") or _has(node, part):
            path.append(part)
            node = _child(node, part)
    return tuple(path)


def _has(node: Data, part: str | int) -> bool:
    return (isinstance(node, dict) and part in node) or (
        isinstance(node, list) and isinstance(part, int) and 0 <= part < len(node)
    )


def _child(node: Data, part: str | int) -> Data:
    if isinstance(node, dict):
        return node.get(str(part))
    return node[part] if isinstance(node, list) and isinstance(part, int) and 0 <= part < len(node) else None


def _problem(details: ErrorDetails, model: type[BaseModel]) -> str:
    kind, context = details["type"], details.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown_key(details, model)
    problem = rule_of(details)
    if kind in ("literal_error", "enum") and isinstance(details["input"], str):
        choices = str(context.get("expected", "")).replace(" or ", ", ").split(", ")
        near = nearest(details["input"], [choice.strip("'") for choice in choices])
        problem += f"; did you mean {near!r}?" if near else ""
    return problem


def _unknown_key(details: ErrorDetails, model: type[BaseModel]) -> str:
    *parents, key = details["loc"]
    known = _keys_at(model, tuple(parents))
    near = nearest(str(key), known)
    if near:
        return f"unknown key {str(key)!r}; did you mean {near!r}?"
    elsewhere = [dotted(path) for path in _paths_of(model, str(key))]
    if elsewhere:
        return f"unknown key {str(key)!r} here; did you mean {' or '.join(elsewhere[:3])}?"
    return f"unknown key {str(key)!r}; known here: {', '.join(known)}" if known else f"unknown key {str(key)!r}"


def _keys_at(model: type[BaseModel], path: KeyPath) -> list[str]:
    models = [model]
    for part in path:
        if isinstance(part, int):
            continue
        steps = [fields[part].annotation for fields in map(_fields, models) if part in fields]
        models = [found for step in steps for found in _models_in(step)] or models
    return [name for inner in models for name in _fields(inner)]


def _paths_of(model: type[BaseModel], key: str, at: KeyPath = ()) -> list[KeyPath]:
    found: list[KeyPath] = []
    for name, field in _fields(model).items():
        if name == key:
            found.append((*at, name))
        if get_origin(field.annotation) in (None, Annotated, Union, types.UnionType):
            for inner in _models_in(field.annotation):
                found += _paths_of(inner, key, (*at, name))
    return found


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields by the names that a file calls them."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _models_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in _models_in(part)]


def _placed(error: ConfigError, source: Source) -> ConfigError:
    """An error raised by a model itself (an economy nobody can live in), with the file's name."""
    if error.where is not None:
        return error
    return type(error)(error.summary, where=source.label, details=error.details)
