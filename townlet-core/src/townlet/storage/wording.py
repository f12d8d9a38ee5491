"""What pydantic found wrong with a value, in words about the file rather than about Python."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = ["RULES", "describe", "rule_of"]

RULES: Mapping[str, str] = {
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number of less than 4,300 digits",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "string_type": "must be text",
    "string_unicode": "must be text",
    "dict_type": "must be a mapping",
    "mapping_type": "must be a mapping",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
    "dataclass_type": "must be a mapping",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "set_type": "must be a list",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "multiple_of": "must be a multiple of {multiple_of}",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "must match the pattern {pattern}",
    "too_short": "must have at least {min_length} entries",
    "too_long": "must have at most {max_length} entries",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
}
"""Kind of error to rule, with the names of what it depends on."""

_SHOWN = 60
_DIGITS = 1 << 12
"""Bits from which a whole number is not written out: to do so takes long, and Python refuses it."""


def describe(value: object) -> str:
    """A short account of a value: ``3``, ``'three'``, ``a list``, ``nothing``."""
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and value.bit_length() > _DIGITS:
        return "a number of more than a thousand digits"
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def rule_of(details: ErrorDetails) -> str:
    """The rule that a value breaks and what was found: ``must be text, found 3``; ``is missing``."""
    kind, context = details["type"], details.get("ctx", {})
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return "is not a known field"
    if kind == "value_error":
        return str(context.get("error", details["msg"]))
    if kind in ("too_short", "too_long") and isinstance(details["input"], list):
        return f"{RULES[kind].format(**context)}, found {len(details['input'])}"
    rule = RULES.get(kind)
    said = rule.format(**context) if rule else details["msg"][:1].lower() + details["msg"][1:]
    return f"{said}, found {describe(details['input'])}"
