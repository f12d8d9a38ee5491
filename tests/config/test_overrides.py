"""``--set KEY=VALUE``."""

from __future__ import annotations

import pytest

from townlet.config import load_config
from townlet.errors import ConfigError


def message(*overrides: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(None, overrides)
    return str(caught.value)


def test_value_has_a_yaml_type() -> None:
    config = load_config(None, ["policy.options={a: 1, b: [x, 2.5], c: '3'}", "seed=4", "policy.backend=stub"])
    assert config.policy.options == {"a": 1, "b": ["x", 2.5], "c": "3"}
    assert config.seed == 4


def test_the_later_wins() -> None:
    assert load_config(None, ["seed=1", "seed=2"]).seed == 2


def test_it_wins_over_the_file(write) -> None:
    config = load_config(write("seed: 1\npolicy: {backend: a, on_missing: error}\n"), ["policy.backend=b"])
    assert (config.seed, config.policy.backend, config.policy.on_missing) == (1, "b", "error")


def test_a_mapping_replaces_the_one_before(write) -> None:
    config = load_config(write("policy: {options: {a: 1}}\n"), ["policy.options={b: 2}"])
    assert config.policy.options == {"b": 2}


def test_a_key_inside_options_that_nobody_wrote() -> None:
    assert load_config(None, ["policy.options.inner.speed=fast"]).policy.options == {"inner": {"speed": "fast"}}


def test_an_entry_of_a_list_in_the_file(write) -> None:
    path = write("training: {anneal: {stages: [{cycle: 0, mode: bc}, {cycle: 1, mode: ppo}]}}\n")
    stages = load_config(path, ["training.anneal.stages[1].epochs=9"]).training.anneal.stages
    assert [stage.epochs for stage in stages] == [1, 9]


def test_an_equals_sign_in_the_value() -> None:
    assert load_config(None, ["policy.options.a=b=c"]).policy.options == {"a": "b=c"}


def test_nothing_after_the_equals_sign_is_null() -> None:
    assert load_config(None, ["policy.options.a="]).policy.options == {"a": None}


def test_the_file_is_not_changed(write) -> None:
    path = write("policy: {options: {a: 1}}\n")
    load_config(path, ["policy.options.a=2"])
    assert load_config(path).policy.options == {"a": 1}


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("seed", "must be KEY=VALUE, such as policy.backend=stub"),
        ("", "must be KEY=VALUE, such as policy.backend=stub"),
        ("=3", "'' is not a key; keys are written like training.anneal.stages[0].mode"),
        ("a..b=3", "'a..b' is not a key; keys are written like training.anneal.stages[0].mode"),
        ("[0]=3", "'[0]' is not a key; keys are written like training.anneal.stages[0].mode"),
        ("town.x[0=3", "'town.x[0' is not a key; keys are written like training.anneal.stages[0].mode"),
        ("training.anneal.stages[0].epochs=3", "the file has no list 'stages' whose entries could be set"),
        ("seed=!!python/name:os.system x", "the tag !!python/name:os.system is not allowed"),
    ],
)
def test_refused(override: str, problem: str) -> None:
    assert message(override) == f"{problem}  (--set {override})"


def test_value_that_is_no_yaml() -> None:
    assert message("seed=[").startswith("not valid YAML: ")
    assert "--set seed=[" in message("seed=[")


def test_an_entry_that_the_file_does_not_have(refusal) -> None:
    text = "training: {anneal: {stages: [{cycle: 0, mode: bc}]}}"
    assert refusal(text, "training.anneal.stages[1].epochs=2") == (
        "the list in the file has no entry [1]  (--set training.anneal.stages[1].epochs=2)"
    )


def test_inside_a_single_value(refusal) -> None:
    assert refusal("seed: 1", "seed.x=2") == "'seed' is a single value; nothing can be set inside it  (--set seed.x=2)"


def test_unknown_key_names_the_override() -> None:
    assert message("policy.backnd=x") == (
        "unknown key 'backnd'; did you mean 'backend'?  (--set policy.backnd=x, policy.backnd)"
    )


def test_of_what_is_endless_no_more_than_the_beginning_is_repeated() -> None:
    for typed in ("a." * 5000 + "a=1", f"town.jobs.shifts[{'9' * 5000}].start=1", f"seed={'9' * 5000}"):
        told = message(typed)
        assert typed[:50] in told
        assert len(told) < 500


def test_several_are_reported_together() -> None:
    assert message("seed=x", "nonsense").splitlines() == [
        "2 errors in the default config",
        "  --set nonsense: must be KEY=VALUE, such as policy.backend=stub",
        "  --set seed=x, seed: must be a whole number, found 'x'",
    ]


def test_a_section_that_only_an_override_names_is_found_there() -> None:
    with pytest.raises(ConfigError, match="unknown key 'patiens'") as refused:
        load_config(None, ["policy.backend=stub", "policy.patiens.cadence=3"])
    assert refused.value.where == "--set policy.patiens.cadence=3, policy.patiens"
