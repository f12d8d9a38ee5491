"""Options: the backend's own model checks them, and the errors speak of keys of the config."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic import BaseModel, ConfigDict, Field, model_validator

from townlet.errors import ConfigError
from townlet.plugins.options import build_options


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    width: int = 8


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid")
    temperature: float = Field(1.0, gt=0)
    layers: list[int] = []
    inner: Inner = Inner()
    device: str = Field("cpu", alias="on")

    @model_validator(mode="after")
    def _not_both(self) -> Options:
        if self.temperature == 13 and self.layers:
            raise ValueError("thirteen and layers do not go together")
        return self


def where(key: str) -> str:
    return f"town.yaml:14, {key}"


def refusal(options: dict[str, object], place: str | Callable[[str], str] | None = where) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        build_options("foo", Options, options, place)
    return caught.value


def test_good() -> None:
    made = build_options("foo", Options, {"temperature": 2, "on": "cuda"}, None)
    assert isinstance(made, Options)
    assert (made.temperature, made.device) == (2.0, "cuda")


def test_unknown_key_suggests() -> None:
    assert str(refusal({"temprature": 1, "zzz": 2})) == (
        "policy.options.temprature is not an option of policy backend 'foo'"
        "  (town.yaml:14, policy.options.temprature)\n"
        "  did you mean 'temperature'?\n"
        "  also unknown: zzz\n"
        "  options of 'foo': device, inner, layers, temperature"
    )


def test_a_learners_options_are_those_of_training() -> None:
    with pytest.raises(ConfigError) as caught:
        build_options("foo", Options, {"temprature": 1}, None, lambda option: f"training.options[{option}]")
    assert str(caught.value).startswith("training.options[temprature].temprature is not an option")
    with pytest.raises(ConfigError, match=r"training.options.temperature: input should be greater than 0"):
        build_options("foo", Options, {"temperature": -1}, None, lambda _: "training.options")


def test_wrong_value() -> None:
    assert str(refusal({"temperature": -1})) == (
        "policy.options.temperature: input should be greater than 0  (town.yaml:14, policy.options.temperature)\n"
        "  found: -1\n"
        "  see the options with:  townlet backends info foo"
    )


def test_several_wrong_values() -> None:
    error = refusal({"temperature": "hot", "layers": [1, "x"]})
    assert error.summary.startswith("policy.options.temperature: ")
    assert error.details[0] == "found: 'hot'"
    assert error.details[1].startswith("policy.options.layers.1: ")


def test_a_whole_whose_parts_are_wrong_is_not_wrong_as_well() -> None:
    """Of a tuple without its wrong parts pydantic says that it is too short."""
    error = refusal({"layers": ["x", "y"]})
    assert error.details[1].startswith("policy.options.layers.1: ")
    assert [line for line in error.details if "at least" in line] == []


def test_nested_key() -> None:
    error = refusal({"inner": {"widht": 3}})
    assert error.where == "town.yaml:14, policy.options.inner.widht"


def test_rule_over_fields() -> None:
    error = refusal({"temperature": 13, "layers": [1]})
    assert error.summary == "policy.options: value error, thirteen and layers do not go together"
    assert error.details == ("see the options with:  townlet backends info foo",)


def test_the_place_of_the_backend_gives_at_least_the_file() -> None:
    assert refusal({"temperature": 0}, "town.yaml:12, policy.backend").where == "town.yaml, policy.options.temperature"
    assert refusal({"temperature": 0}, r"C:\town.yaml:12, policy.backend").where == (
        r"C:\town.yaml, policy.options.temperature"
    )
    assert refusal({"temperature": 0}, "--backend").where == "policy.options.temperature"
    assert refusal({"temperature": 0}, None).where is None


def test_a_long_value_is_shortened() -> None:
    assert len(refusal({"temperature": "x" * 500}).details[0]) < 100


def test_no_options_at_all() -> None:
    assert build_options("foo", None, {}, None) is None
    with pytest.raises(ConfigError, match="'foo' takes no options"):
        build_options("foo", None, {"a": 1}, None)


def test_a_model_that_takes_anything() -> None:
    class Anything(BaseModel):
        model_config = ConfigDict(extra="allow")

    made = build_options("foo", Anything, {"whatever": 1}, None)
    assert made is not None
    assert made.model_dump() == {"whatever": 1}


def test_a_model_that_ignores_is_not_allowed_to() -> None:
    class Careless(BaseModel):
        known: int = 1

    with pytest.raises(ConfigError, match=r"policy.options.unknwon is not an option"):
        build_options("foo", Careless, {"unknwon": 1}, None)
