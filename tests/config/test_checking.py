"""Values against the models: wrong in every way, at every level."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any, Union, get_args, get_origin

import pytest
import yaml
from pydantic import BaseModel

from townlet.config import TownletConfig, load_config
from townlet.errors import ConfigError

Path = tuple[str, ...]


def members(annotation: Any) -> tuple[Any, ...]:
    """Members of a union, or the annotation itself."""
    return get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)


def keys(model: type[BaseModel], at: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every key of the config that stands in mappings only, with its annotation."""
    for name, field in model.model_fields.items():
        yield (*at, name), field.annotation
        for annotation in members(field.annotation):
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                yield from keys(annotation, (*at, name))


def nested(path: Path, value: object) -> str:
    for part in reversed(path):
        value = {part: value}
    return yaml.safe_dump(value)


ALL = list(keys(TownletConfig))
SECTIONS = [
    (),
    *(path for path, annotation in ALL if isinstance(annotation, type) and issubclass(annotation, BaseModel)),
]


def wrong(annotation: Any) -> object:
    """A value of a type that the annotation does not take: a list where a single value or mapping is due."""
    takes_lists = any(get_origin(member) in (tuple, list, frozenset, set) for member in members(annotation))
    return {"un": "expected"} if takes_lists else ["un", "expected"]


def test_there_are_keys_at_several_levels() -> None:
    assert {len(path) for path, _ in ALL} >= {1, 2, 3}


@pytest.mark.parametrize(("path", "annotation"), ALL, ids=[".".join(path) for path, _ in ALL])
def test_wrong_type_at_every_level(refusal, path: Path, annotation: Any) -> None:
    text = nested(path, wrong(annotation))
    line = len(path)
    message = refusal(text)
    name = ".".join(path)
    assert f"town.yaml:{line}, {name}" in message or f"town.yaml:{line + 1}, {name}" in message
    assert ", found a " in message


@pytest.mark.parametrize("path", SECTIONS, ids=[".".join(path) or "root" for path in SECTIONS])
def test_unknown_key_at_every_level(refusal, path: Path) -> None:
    message = refusal(nested((*path, "surely_not_a_key"), 1))
    assert "unknown key 'surely_not_a_key'; known here: " in message
    assert f"town.yaml:{len(path) + 1}, {'.'.join((*path, 'surely_not_a_key'))}" in message


@pytest.mark.parametrize("path", [path for path, _ in ALL], ids=[".".join(path) for path, _ in ALL])
def test_misspelt_key_is_suggested_at_every_level(refusal, path: Path) -> None:
    message = refusal(nested((*path[:-1], f"{path[-1]}x"), 1))
    assert f"unknown key '{path[-1]}x'; did you mean '{path[-1]}'?" in message


@pytest.mark.parametrize(
    "text", ["no", "'3'", "''", "3.5", "-1", "[]", "{}", "1e3", ".nan", "x"], ids=lambda text: f"seed={text}"
)
def test_what_is_no_seed(refusal, text: str) -> None:
    assert refusal(f"seed: {text}\n").endswith("(town.yaml:1, seed)")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed: '3'", "must be a whole number, found '3'  (town.yaml:1, seed)"),
        ("seed: -1", "must be at least 0, found -1  (town.yaml:1, seed)"),
        ("seed:", "must be a whole number, found nothing  (town.yaml:1, seed)"),
        ("name: 3", "must be text, found 3  (town.yaml:1, name)"),
        ("name: a/b", "must match the pattern ^[A-Za-z0-9][A-Za-z0-9._-]*$, found 'a/b'  (town.yaml:1, name)"),
        ("policy:", "must be a mapping, found nothing  (town.yaml:1, policy)"),
        (
            "policy: {on_missing: stbu}",
            "must be 'stub' or 'error', found 'stbu'; did you mean 'stub'?  (town.yaml:1, policy.on_missing)",
        ),
        (
            "backend: stub",
            "unknown key 'backend' here; did you mean policy.backend or training.backend?  (town.yaml:1, backend)",
        ),
        (
            "observation: {window: 10}",
            "must be odd, so that the agent stands in the middle  (town.yaml:1, observation.window)",
        ),
        ("evaluation: {days: .inf}", "must be a finite number, found inf  (town.yaml:1, evaluation.days)"),
        ("evaluation: {explore: 1}", "must be true or false, found 1  (town.yaml:1, evaluation.explore)"),
        ("schema_version: 2", "must be 1, found 2  (town.yaml:1, schema_version)"),
        (
            "training: {anneal: {stages: []}}",
            "must have at least 1 entries, found 0  (town.yaml:1, training.anneal.stages)",
        ),
    ],
)
def test_message(refusal, text: str, message: str) -> None:
    assert refusal(text) == message


def test_all_errors_are_reported_together_in_the_order_of_the_file(refusal) -> None:
    text = (
        "sead: 3\nname: 7\npolicy:\n  backnd: x\ntraining:\n  anneal:\n    stages:\n"
        "      - {cycle: a, mode: bc}\n      - mode: ppx\nseed: 1\nseed: 2\n"
    )
    assert refusal(text, "evaluation.days=soon").splitlines() == [
        "8 errors in town.yaml",
        "  town.yaml:1, sead: unknown key 'sead'; did you mean 'seed'?",
        "  town.yaml:2, name: must be text, found 7",
        "  town.yaml:4, policy.backnd: unknown key 'backnd'; did you mean 'backend'?",
        "  town.yaml:8, training.anneal.stages[0].cycle: must be a whole number, found 'a'",
        "  town.yaml:9, training.anneal.stages[1].cycle: is missing",
        "  town.yaml:9, training.anneal.stages[1].mode: must be 'bc' or 'ppo', found 'ppx'; did you mean 'ppo'?",
        "  town.yaml:11, seed: the key appears twice, first on line 10",
        "  --set evaluation.days=soon, evaluation.days: must be a number, found 'soon'",
    ]


def test_a_value_that_could_not_be_read_is_reported_once(refusal) -> None:
    assert refusal("seed: !!int x") == "'x' is no !!int  (town.yaml:1, seed)"


def test_an_error_of_a_whole_section_names_it(refusal) -> None:
    message = refusal("training:\n  anneal:\n    stages: [{cycle: 1, mode: ppo}]\n")
    assert message.startswith("the first stage must clone the teacher")
    assert message.endswith("(town.yaml:2, training.anneal)")


def test_whole_numbers_are_taken_where_numbers_are_due(write) -> None:
    assert load_config(write("evaluation: {days: 2}")).evaluation.days == 2.0


def test_without_a_file_the_key_is_named() -> None:
    with pytest.raises(ConfigError, match=r"must be a whole number, found 'x'  \(--set seed=x, seed\)"):
        load_config(None, ["seed=x"])
