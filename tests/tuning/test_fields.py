from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from townlet.tuning.fields import refusal_of, settings_in


class Inner(BaseModel):
    depth: int = Field(2, gt=0, lt=9)


class Options(BaseModel):
    level: float = Field(0.5, ge=0, le=1)
    rate: float | None = Field(None, gt=0, le=1)
    money: float = Field(10.0, ge=0, le=10_000, json_schema_extra={"tune": [5, 50]})
    open: float = Field(1.0, ge=0)
    kind: Literal["gru", "mlp"] = "mlp"
    only: Literal["one"] = "one"
    quick: bool = False
    fixed: int = Field(3, ge=1, le=5, json_schema_extra={"tune": False})
    name: str = "x"
    layers: tuple[int, ...] = (1, 2)
    inner: Inner = Inner()
    anything: Any = 1


FOUND = settings_in(Options(), "policy.options")


@pytest.mark.parametrize(
    ("name", "kind", "low", "high", "choices", "varies"),
    [
        ("level", "float", 0, 1, (), True),
        ("rate", "float", 5e-324, 1, (), True),
        ("money", "float", 5, 50, (), True),
        ("open", "float", 0, None, (), False),
        ("kind", None, None, None, ("gru", "mlp"), True),
        ("only", None, None, None, (), False),
        ("quick", None, None, None, (False, True), True),
        ("fixed", "int", 1, 5, (), False),
        ("name", None, None, None, (), False),
        ("inner.depth", "int", 1, 8, (), True),
        ("anything", None, None, None, (), False),
    ],
)
def test_a_range_is_what_the_model_says(name, kind, low, high, choices, varies):
    setting = FOUND[f"policy.options.{name}"]
    found = (setting.kind, setting.low, setting.high, setting.choices, setting.varies)
    assert found == (kind, low, high, choices, varies)


def test_lists_are_left_out():
    assert "policy.options.layers" not in FOUND


def test_a_value_is_held_against_the_field_alone():
    assert refusal_of(FOUND["policy.options.level"], 0.7) is None
    assert "less than or equal to 1" in str(refusal_of(FOUND["policy.options.level"], 1.1))
    assert refusal_of(FOUND["policy.options.kind"], "lstm") is not None
