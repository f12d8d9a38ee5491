"""Configs in files of ours."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from townlet.config import load_config
from townlet.config.stored import read_stored_config
from townlet.errors import CheckpointError


def test_a_config_is_read_as_it_was_written(tmp_path: Path) -> None:
    config = load_config(None, ["town.map=hamlet", "seed=9"])
    (tmp_path / "config.json").write_text(json.dumps(config.model_dump(mode="json")), encoding="utf-8")
    assert read_stored_config(tmp_path / "config.json", error=CheckpointError) == config


@pytest.mark.parametrize("text", ["{}", '{"name": "riverside"}'])
def test_defaults_are_not_taken_for_what_was_asked_for(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text, encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"has no schema_version.*config\.json"):
        read_stored_config(tmp_path / "config.json", error=CheckpointError)
