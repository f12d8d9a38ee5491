"""YAML by its core schema, with places and limits."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from townlet.config.source import Place
from townlet.config.yaml_tree import MAX_DEPTH, MAX_NODES, parse_scalar, parse_yaml
from townlet.errors import ConfigError


def parse(text: str):
    return parse_yaml(text, label="town.yaml")


def message(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    return str(caught.value)


def refusal_place(read: Callable[[], object]) -> str:
    """Where a text is refused; the label where it is not."""
    try:
        read()
    except ConfigError as error:
        return str(error.where)
    return "town.yaml"


def faults(text: str) -> list[str]:
    return [f"{fault.where}: {fault.problem}" for fault in parse(text).faults]


class TestScalars:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("3", 3),
            ("-3", -3),
            ("+3", 3),
            ("010", 10),
            ("0o17", 15),
            ("0x1F", 31),
            ("1.5", 1.5),
            ("1e-3", 1e-3),
            (".5", 0.5),
            ("5.", 5.0),
            ("-.inf", -math.inf),
            ("true", True),
            ("FALSE", False),
            ("null", None),
            ("~", None),
            ("", None),
        ],
    )
    def test_plain(self, text: str, value: object) -> None:
        found = parse_scalar(text, label="x")
        assert found == value
        assert type(found) is type(value)

    @pytest.mark.parametrize("text", ["OFF", "on", "yes", "No", "y", "12:30", "2026-01-01", "1_000", "C1", "0b1", "="])
    def test_text_that_older_yaml_reads_otherwise(self, text: str) -> None:
        assert parse_scalar(text, label="x") == text

    @pytest.mark.parametrize("text", ['"3"', "'true'", '"null"'])
    def test_quoted_is_text(self, text: str) -> None:
        assert parse_scalar(text, label="x") == text[1:-1]

    def test_not_a_number(self) -> None:
        value = parse_scalar(".nan", label="x")
        assert isinstance(value, float)
        assert math.isnan(value)

    def test_keys_are_text_as_written(self) -> None:
        assert parse("1: a\ntrue: b\n~: c\n").data == {"1": "a", "true": "b", "~": "c"}

    @given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20))
    def test_any_text_in_an_override_is_a_value_or_a_clear_error(self, text: str) -> None:
        assert refusal_place(lambda: parse_scalar(text, label="town.yaml")).startswith("town.yaml")


class TestPlaces:
    TEXT = "# a town\nseed: 1\npolicy:\n  backend: stub\n  options: {a: 1,\n    b: [x,\n      y]}\n"

    @pytest.mark.parametrize(
        ("path", "line"),
        [
            (("seed",), 2),
            (("policy",), 3),
            (("policy", "backend"), 4),
            (("policy", "options"), 5),
            (("policy", "options", "b"), 6),
            (("policy", "options", "b", 1), 7),
        ],
    )
    def test_line_of(self, path: tuple[str | int, ...], line: int) -> None:
        assert parse(self.TEXT).place(path) == Place("town.yaml", line)

    def test_unwritten_key_is_placed_at_what_is_around_it(self) -> None:
        source = parse(self.TEXT)
        assert source.place(("policy", "on_missing")) is None
        assert source.where(("policy", "on_missing")) == "town.yaml:3, policy.on_missing"


class TestAnchors:
    def test_alias(self) -> None:
        assert parse("a: &x {k: 1}\nb: *x\n").data == {"a": {"k": 1}, "b": {"k": 1}}

    def test_merge(self) -> None:
        source = parse("a: &x {k: 1, l: 2}\nb:\n  <<: *x\n  k: 3\n")
        assert source.data["b"] == {"k": 3, "l": 2}
        assert source.place(("b", "k")) == Place("town.yaml", 4)
        assert source.place(("b", "l")) == Place("town.yaml", 1)

    def test_merge_of_several_takes_the_first(self) -> None:
        data = parse("a: &x {k: 1}\nb: &y {k: 2, l: 2}\nc:\n  <<: [*x, *y]\n").data
        assert data["c"] == {"k": 1, "l": 2}

    def test_merge_of_something_else(self) -> None:
        assert faults("a:\n  <<: 3\n") == ["town.yaml:2, a: '<<' merges mappings, found a single value"]

    def test_unknown_alias(self) -> None:
        assert message("a: *x") == "not valid YAML: found undefined alias 'x'  (town.yaml:1)"

    def test_anchor_in_itself(self) -> None:
        assert message("a: &x [1, *x]") == "an anchor contains itself  (town.yaml:1)"

    def test_anchors_that_explode(self) -> None:
        levels = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
        levels += [f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)]
        assert message("\n".join(levels)).startswith(f"more than {MAX_NODES} values once its anchors are expanded")


class TestRefused:
    def test_duplicate_keys_each_with_both_lines(self) -> None:
        assert faults("seed: 1\npolicy: {backend: a, backend: b}\nseed: 2\n") == [
            "town.yaml:2, policy.backend: the key appears twice, first on line 2",
            "town.yaml:3, seed: the key appears twice, first on line 1",
        ]

    def test_several_documents(self) -> None:
        assert message("seed: 1\n---\nseed: 2\n") == (
            "a config is one document, found another after '---'  (town.yaml:2)"
        )

    @pytest.mark.parametrize(
        ("text", "tag"),
        [
            ("!!python/object/apply:os.system [ls]", "!!python/object/apply:os.system"),
            ("!!python/name:os.system", "!!python/name:os.system"),
            ("!!binary aGk=", "!!binary"),
            ("!!timestamp 2026-01-01", "!!timestamp"),
            ("!mine {a: 1}", "!mine"),
        ],
    )
    def test_tags(self, text: str, tag: str) -> None:
        assert faults(f"seed: {text}\n") == [f"town.yaml:1, seed: the tag {tag} is not allowed"]

    def test_a_core_tag_that_does_not_fit(self) -> None:
        assert faults("seed: !!int three\n") == ["town.yaml:1, seed: 'three' is no !!int"]

    def test_a_core_tag_that_fits(self) -> None:
        assert parse("name: !!str 3\n").data == {"name": "3"}

    def test_key_that_is_a_list(self) -> None:
        assert faults("? [a]\n: 1\n") == ["town.yaml:1: a key must be text, found a list"]

    def test_deep(self) -> None:
        deepest = "a: " + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1)
        assert parse(deepest).faults == []
        assert message("a: " + "[" * 100_000) == f"not valid YAML: nested deeper than {MAX_DEPTH} levels  (town.yaml:1)"

    def test_number_with_thousands_of_digits(self) -> None:
        assert faults(f"seed: {'9' * 5000}")[0].startswith("town.yaml:1, seed: not a value that can be read")

    def test_half_a_surrogate_pair(self) -> None:
        text = 'name: "\\ud800"'
        assert refusal_place(lambda: parse(text)).startswith("town.yaml:1") or faults(text)[0].startswith("town.yaml:1")

    def test_anchors_that_nest_deeper_than_a_config_does(self) -> None:
        chain = "a0: &a0 [1]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 1400))
        assert message(chain).startswith("nested deeper than 40 levels once its anchors are expanded")

    @pytest.mark.parametrize(
        ("text", "line"),
        [("a: b: c", 1), ("a: [1\nb: 2", 2), ("seed: 1\n\tname: x", 2), ('a: "x', 1), ("a: @x", 1), ("a: 1\nb", 2)],
    )
    def test_syntax_names_the_line(self, text: str, line: int) -> None:
        assert message(text).startswith("not valid YAML: ")
        assert message(text).endswith(f"(town.yaml:{line})")

    def test_control_character(self) -> None:
        assert message("seed: 1\nname: \x07") == "not valid YAML: character U+0007 is not allowed  (town.yaml:2)"

    @given(st.text(max_size=60))
    def test_any_text_is_parsed_or_refused_clearly(self, text: str) -> None:
        assert refusal_place(lambda: parse(text)).startswith("town.yaml")
