"""Files that can or cannot be read as a config."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from townlet.config import TownletConfig, load_config
from townlet.config.loader import MAX_BYTES
from townlet.errors import ConfigError


def test_no_path_is_the_default_town() -> None:
    assert load_config() == TownletConfig()


def test_an_empty_mapping_is_the_default_town(write) -> None:
    assert load_config(write("{}")) == TownletConfig()


def test_values_are_taken(write) -> None:
    config = load_config(write("seed: 7\npolicy:\n  backend: stub\n  options: {a: [1, 2.5, x, null, true]}\n"))
    assert config.seed == 7
    assert config.policy.backend == "stub"
    assert config.policy.options == {"a": [1, 2.5, "x", None, True]}


def test_the_order_of_keys_and_the_file_do_not_change_the_id(write) -> None:
    one = load_config(write("seed: 7\npolicy: {backend: stub, on_missing: error}\n")).config_id
    other = load_config(write("policy:\n  on_missing: error\n  backend: stub\nseed: 0x7\n")).config_id
    assert one == other != TownletConfig().config_id


def test_a_byte_order_mark_and_carriage_returns_do_not_matter(write) -> None:
    path = write("")
    path.write_bytes(b"\xef\xbb\xbfseed: 3\r\nname: x\r\n")
    assert load_config(path).seed == 3


class TestUnreadable:
    def message(self, path: str | Path) -> str:
        with pytest.raises(ConfigError) as caught:
            load_config(path)
        return str(caught.value)

    def test_missing(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        assert self.message("town.yaml") == "there is no such file  (town.yaml)"

    def test_missing_but_nearly_there(self, write) -> None:
        write("{}")
        assert self.message("twon.yaml") == "there is no such file  (twon.yaml)\n  did you mean 'town.yaml'?"

    def test_folder(self, tmp_path: Path) -> None:
        assert self.message(tmp_path).startswith("a config must be a file, found a folder")

    @pytest.mark.skipif(os.name == "nt", reason="a name of a Unix file system")
    def test_nul_in_the_name(self) -> None:
        assert "cannot be read" in self.message("a\0b")

    def test_binary(self, write) -> None:
        path = write("")
        path.write_bytes(bytes(range(256)))
        assert self.message(path) == "this is a binary file; a config must be YAML text  (town.yaml)"

    def test_not_utf_8(self, write) -> None:
        path = write("")
        path.write_bytes("seed: 1\nname: Zürich\n".encode("latin-1"))
        assert self.message(path) == "not UTF-8 text; save the file as UTF-8  (town.yaml:2)"

    def test_too_large(self, write) -> None:
        assert self.message(write("#" * (MAX_BYTES + 1))) == "larger than 1 MiB, the limit for a config  (town.yaml)"

    @pytest.mark.parametrize("text", ["", "\n\n", "# a comment\n", "---\n", "~", "null"])
    def test_empty(self, write, text: str) -> None:
        assert self.message(write(text)) == ("the file is empty  (town.yaml)\n  the default town is written:  {}")

    @pytest.mark.parametrize(
        ("text", "found"), [("[1, 2]", "a list"), ("stub", "a single value"), ("# c\n\n- a", "a list")]
    )
    def test_not_a_mapping(self, write, text: str, found: str) -> None:
        line = text.count("\n") + 1
        assert self.message(write(text)) == (
            f"a mapping of keys to values is expected, found {found}  (town.yaml:{line})"
        )
