"""Settings of pydantic models with the ranges that the models state."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, PydanticUserError, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

__all__ = ["TunableField", "Value", "refusal_of", "settings_in"]

Value = float | int | str | bool | None
"""What a setting that varies can be."""

Kind = Literal["float", "int"]


@dataclass(frozen=True, slots=True)
class TunableField:
    """One field of a model.

    Attributes:
        key: its place in the config.
        type: as the model declares it, with its bounds.
        kind: what numbers it takes; None where it takes none.
        low, high: its range: what the field's extra ``tune`` says, else its bounds; None where it is open.
        choices: of a literal or a truth value.
        start: its value now.
        varies: whether it is searched where nobody names it: it has a range, and its extra ``tune`` is not False.
    """

    key: str
    type: TypeAdapter[Any]
    kind: Kind | None
    low: float | None
    high: float | None
    choices: tuple[Value, ...]
    start: Value
    varies: bool


def settings_in(model: BaseModel, section: str) -> dict[str, TunableField]:
    """Every setting of a model and of the models inside it, by its key in the config.

    Lists and mappings are left out: they have no entries that are there in every config.
    """
    return {setting.key: setting for setting in _settings(model, section)}


def refusal_of(setting: TunableField, value: object) -> str | None:
    """Why the field refuses a value, or None where it takes it."""
    try:
        setting.type.validate_python(value)
    except ValidationError as error:
        return error.errors()[0]["msg"]
    return None


def _settings(model: BaseModel, section: str) -> Iterator[TunableField]:
    for name, field in type(model).model_fields.items():
        value, key = getattr(model, name), f"{section}.{name}"
        if isinstance(value, BaseModel):
            yield from _settings(value, key)
        elif value is None or isinstance(value, int | float | str):
            yield _setting(key, field, value)


def _setting(key: str, field: FieldInfo, value: Value) -> TunableField:
    declared: Any = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
    adapter: TypeAdapter[Any] = TypeAdapter(declared)
    kind: Kind | None = None
    low: float | None = None
    high: float | None = None
    choices: tuple[Value, ...] = ()
    for schema in _alternatives(adapter):
        if schema.get("type") in ("number", "integer"):
            kind = "int" if schema["type"] == "integer" else "float"
            low, high = _bounds(schema, kind)
        elif schema.get("type") == "boolean":
            choices += (False, True)
        choices += tuple(schema.get("enum", ()))
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    tune: Any = extra.get("tune")
    if isinstance(tune, list | tuple):
        low, high = tune
    ranged = kind is not None and low is not None and high is not None
    return TunableField(
        key, adapter, kind, low, high, choices, value, (ranged or len(choices) > 1) and tune is not False
    )


def _alternatives(adapter: TypeAdapter[Any]) -> list[Mapping[str, Any]]:
    """The JSON Schemas of what a field may be; none where it is nothing that JSON knows."""
    try:
        schema = adapter.json_schema()
    except PydanticUserError:
        return []
    alternatives: list[Mapping[str, Any]] = schema.get("anyOf", [schema])
    return alternatives


def _bounds(schema: Mapping[str, Any], kind: Kind) -> tuple[float | None, float | None]:
    """The ends of the range, both included."""
    low, high = schema.get("minimum"), schema.get("maximum")
    if (above := schema.get("exclusiveMinimum")) is not None:
        low = above + 1 if kind == "int" else math.nextafter(above, math.inf)
    if (below := schema.get("exclusiveMaximum")) is not None:
        high = below - 1 if kind == "int" else math.nextafter(below, -math.inf)
    return low, high
