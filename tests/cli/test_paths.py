"""A path in a config file starts at the file's folder, whichever command reads the file."""

from __future__ import annotations

from pathlib import Path

import pytest

CONFIG = """
town: {map: hamlet}
policy: {backend: scripted, checkpoint: minds/first}
"""
READERS = {
    "run": ("run", "towns/town.yaml", "--days", "0.01"),
    "rollout": ("rollout", "towns/town.yaml", "--ticks", "5"),
    "evaluate": ("evaluate", "towns/town.yaml", "--seeds", "1", "--days", "0.01"),
    "config check": ("config", "check", "towns/town.yaml"),
}


@pytest.mark.parametrize("words", READERS.values(), ids=READERS)
def test_every_command_looks_for_a_checkpoint_beside_the_file(townlet, tmp_path: Path, monkeypatch, words) -> None:
    """One that lies in the current folder is not the one that is meant."""
    (tmp_path / "towns").mkdir()
    (tmp_path / "towns" / "town.yaml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "minds" / "first").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    outcome = townlet(*words)
    assert outcome.code == 4
    assert outcome.err.startswith("error: there is no such checkpoint")
    assert str(Path("towns") / "minds" / "first") in outcome.err.splitlines()[0]
