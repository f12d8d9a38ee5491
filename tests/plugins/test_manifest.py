"""Manifests: what is read, and each way in which one is refused."""

from __future__ import annotations

import contextlib
import hashlib
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from townlet.plugins.manifest import (
    ManifestError,
    _build,
    contract_fits,
    locate_manifest,
    parse_backend_manifest,
    read_backend_manifest,
)

SMALL = 'schema = 1\nname = "foo"\napi = ">=1,<2"\n'


def test_defaults() -> None:
    manifest = parse_backend_manifest(SMALL.encode(), expected_name="foo")
    assert manifest.capabilities == ("act",)
    assert manifest.deterministic == "no"
    assert manifest.devices == ("cpu",)
    assert (manifest.requires, manifest.aliases, manifest.links, manifest.options) == ((), (), (), None)
    assert manifest.notes == ()
    assert manifest.digest == hashlib.sha256(SMALL.encode()).hexdigest()


def test_everything_is_read() -> None:
    text = (
        'schema = 1\nname = "Foo_Bar"\nsummary = "s"\naliases = ["FB"]\napi = "==1"\noptions = "a.b:C"\n'
        'capabilities = ["act", "learn.bc"]\ndeterministic = "bitwise"\ndevices = ["cuda"]\n'
        '[requires]\ndistributions = ["torch>=2"]\n[links]\ndocs = "d"\nissues = "i"\n'
    )
    manifest = parse_backend_manifest(text.encode(), expected_name="foo-bar", path="p")
    assert manifest.name == "foo-bar"
    assert manifest.aliases == ("fb",)
    assert manifest.options == "a.b:C"
    assert manifest.requires == ("torch>=2",)
    assert manifest.links == (("docs", "d"), ("issues", "i"))
    assert manifest.path == "p"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "schema is missing"),
        ("schema = true", "schema must be 1, found True"),
        ('schema = "1"', "schema must be 1, found '1'"),
        ("schema = 2", "schema 2 is newer than this core reads (1); upgrade townlet-core"),
        ("schema = 1", "name is missing"),
        ('schema = 1\nname = "foo"', "api is missing"),
        ('schema = 1\nname = "bar"\napi = ">=1"', "name is 'bar', but its entry point says 'foo'"),
        ('schema = 1\nname = "foo"\napi = "1.x"', "api must be a range such as '>=1,<2', found '1.x'"),
        ('schema = 1\nname = "foo"\napi = 1', "api must be a text, found 1"),
        (SMALL + 'aliases = "torch"', "aliases must be a list of texts, found 'torch'"),
        (SMALL + "capabilities = [1]", "capabilities must be a list of texts, found [1]"),
        (SMALL + 'deterministic = "yes"', "deterministic must be one of no, seeded, bitwise, found 'yes'"),
        (SMALL + 'options = "module"', "options must be 'module:Class', found 'module'"),
        (SMALL + 'requires = ["torch"]', "requires must be a table, found ['torch']"),
        (SMALL + "[requires]\ndistributions = 3", "requires.distributions must be a list of texts, found 3"),
        (SMALL + "[links]\ndocs = 3", "links.docs must be a text, found 3"),
        ("schema = = 1", "the file is not TOML: Invalid value (at line 1, column 10)"),
    ],
)
def test_refused(text: str, problem: str) -> None:
    with pytest.raises(ManifestError) as caught:
        parse_backend_manifest(text.encode(), expected_name="foo")
    assert str(caught.value) == problem


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", bytes(range(256)), b"\x89PNG\r\n\x1a\n"])
def test_binary_is_refused(data: bytes) -> None:
    with pytest.raises(ManifestError, match="not UTF-8"):
        parse_backend_manifest(data, expected_name="foo")


def test_a_huge_file_is_refused() -> None:
    with pytest.raises(ManifestError, match="at most 65536"):
        parse_backend_manifest(b"#" * 70_000, expected_name="foo")


def test_deeply_nested_is_refused() -> None:
    with pytest.raises(ManifestError, match="not TOML"):
        parse_backend_manifest(b"a = " + b"[" * 20_000, expected_name="foo")


@pytest.mark.parametrize("text", [f"schema = {'9' * 5000}", SMALL.replace("<2", "<" + "9" * 5000)])
def test_endless_numbers_are_refused(text: str) -> None:
    with pytest.raises(ManifestError):
        parse_backend_manifest(text.encode(), expected_name="foo")


@given(data=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(ManifestError):
        parse_backend_manifest(data, expected_name="foo")


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner))


@given(
    value=VALUES, key=st.sampled_from(["name", "api", "aliases", "options", "devices", "requires", "links", "schema"])
)
def test_any_value_of_a_key_is_read_or_refused(value: object, key: str) -> None:
    document = {"schema": 1, "name": "foo", "api": ">=1", key: value}
    with contextlib.suppress(ManifestError):
        manifest = _build(document, "", b"")
        assert all(isinstance(alias, str) for alias in (*manifest.aliases, *manifest.devices, *manifest.requires))


def test_unknown_keys_are_noted() -> None:
    text = SMALL + 'capabilites = ["act"]\n[requires]\npackages = []\n'
    manifest = parse_backend_manifest(text.encode(), expected_name="foo")
    assert manifest.notes == ("the key 'capabilites' is not known", "the key 'requires.packages' is not known")


def test_unknown_capabilities_are_noted_with_what_may_be_meant() -> None:
    manifest = parse_backend_manifest(
        (SMALL + 'capabilities = ["act", "learn.pppo", "fly"]\n').encode(), expected_name="foo"
    )
    assert manifest.capabilities == ("act", "learn.pppo", "fly")
    assert manifest.notes == (
        "the capability 'learn.pppo' is not known; did you mean 'learn.ppo'?",
        "the capability 'fly' is not known",
    )


@pytest.mark.parametrize(
    ("api", "version", "fits"),
    [
        (">=1,<2", 1, True),
        (">=1,<2", 2, False),
        (">= 2", 1, False),
        ("==1", 1, True),
        ("!=1", 1, False),
        (">0,<=1", 1, True),
    ],
)
def test_contract_fits(api: str, version: int, fits: bool) -> None:
    assert contract_fits(api, version) is fits


@pytest.mark.parametrize("api", ["", "~=1", ">=1.0", ">=1;<2", ">=1,,<2"])
def test_contract_range_refused(api: str) -> None:
    with pytest.raises(ManifestError):
        contract_fits(api, 1)


class TestLocate:
    def test_nothing_is_imported(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        inner = tmp_path / "loud_outer" / "inner"
        inner.mkdir(parents=True)
        for folder in (inner, inner.parent):
            (folder / "__init__.py").write_text("raise RuntimeError('imported')")
        (inner / "m.toml").write_text(SMALL)
        monkeypatch.syspath_prepend(str(tmp_path))
        assert locate_manifest("loud_outer.inner:m.toml") == inner / "m.toml"
        assert read_backend_manifest("loud_outer.inner:m.toml", expected_name="foo").name == "foo"
        assert "loud_outer" not in sys.modules

    def test_each_portion_of_a_namespace_is_tried(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for portion in ("one", "two"):
            (tmp_path / portion / "shared_space" / portion).mkdir(parents=True)
            monkeypatch.syspath_prepend(str(tmp_path / portion))
        file = tmp_path / "one" / "shared_space" / "one" / "m.toml"
        file.write_text(SMALL)
        assert locate_manifest("shared_space.one:m.toml") == file

    @pytest.mark.parametrize(
        ("value", "problem"),
        [
            ("package", "its entry point must be 'package:file.toml', found 'package'"),
            ("no_such_package_here:m.toml", "its package 'no_such_package_here' is not there"),
            ("json:m.toml", "the file 'm.toml' is not in the package 'json'"),
            ("sys:m.toml", "the file 'm.toml' is not in the package 'sys'"),
        ],
    )
    def test_not_there(self, value: str, problem: str) -> None:
        with pytest.raises(ManifestError) as caught:
            locate_manifest(value)
        assert str(caught.value) == problem
