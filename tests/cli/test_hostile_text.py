"""Names in manifests and registry rows: printed, not obeyed."""

from __future__ import annotations

import io
import json
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from townlet.api import ObservationSpec
from townlet.checkpoints import write_checkpoint
from townlet.cli.output import emit_json, say_where, warn
from townlet.cli.painting import VisibleConsole
from townlet.cli.tables import emit_table
from townlet.data import DatasetOrigin, DatasetWriter
from townlet.registry import PromotionManager, Registry

EVIL = "x\x1b[2J\x9b31m\u202ey\nerror: pay"
SAID = "x\\u001b[2J\\u009b31m\\u202ey\\u000aerror: pay"


def is_harmless(text: str) -> bool:
    lines = text.splitlines()
    return not any(c in text for c in "\x1b\x9b\u202e\r\x07") and not any(
        line.startswith("error: pay") for line in lines
    )


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


class TestDoors:
    def test_a_table_is_as_wide_as_what_is_shown(self, capsys):
        emit_table(("name", "n"), [(EVIL, "1"), ("b", "2")])
        head, _, evil, plain = capsys.readouterr().out.splitlines()
        assert evil == f"{SAID}  1"
        assert head.index("n", 4) == plain.index("2") == evil.rindex("1")

    def test_warnings(self, capsys):
        warn(EVIL)
        say_where(EVIL)
        assert "\x1b" not in capsys.readouterr().err

    def test_json_says_the_same_and_nothing_to_the_terminal(self, capsys):
        emit_json({"name": EVIL})
        told = capsys.readouterr().out
        assert is_harmless(told)
        assert json.loads(told) == {"name": EVIL}

    def test_rich_paints_its_own_colours_only(self):
        out = io.StringIO()
        console = VisibleConsole(file=out, force_terminal=True, color_system="standard", width=200, highlight=False)
        console.print(EVIL, style="red", markup=False)
        told = out.getvalue()
        assert told.startswith("\x1b[31m")  # the style
        assert "\x1b[2J" not in told
        assert "\\u001b[2J\\u009b31m\\u202ey" in told


@pytest.fixture
def registry(tmp_path):
    """A release, its decision, a run and an evaluation, all of whose words were then made hostile."""
    spec = ObservationSpec.of_names("tiny", features=("need",), actions=("wait", "use"))
    path = tmp_path / "runs" / "a"
    write_checkpoint(
        path, lambda folder: (folder / "weights").write_text("a") and None, backend="pytorch", spec=spec,
        config_digest="c" * 64,
    )  # fmt: skip
    with Registry("runs") as registry:
        manager = PromotionManager(registry, 1)
        manager.record_evaluation(path, passed=True, metrics={"reward": 1.0}, settings={"seeds": [0]})
        manager.promote(path, reason=EVIL, by=EVIL)
        run = registry.begin_run(
            "run", folder=None, config_id="riverside", config_digest="c" * 64, policy={"active": "stub"}
        )
        registry.finish_run(run, "done", {"reward_mean": 0.5})
    return run


def spoil(statement: str) -> None:
    file = next(Path("runs").glob("*.sqlite*"))
    with sqlite3.connect(file) as rows:
        rows.execute(statement, {"evil": EVIL, "json": json.dumps({"active": EVIL, EVIL: 1.0})})
    rows.close()


class TestRegistry:
    def test_reasons_of_decisions(self, townlet, registry):
        told = townlet("releases")
        assert told.code == 0, told.err
        assert told.out.count(SAID) == 2
        assert is_harmless(told.out)

    def test_whose_decision_it_is(self, townlet, registry):
        told = townlet("promote", "runs/a", "--hold", "--by", EVIL, "--reason", "r")
        assert told.code == 0, told.err
        assert f"by {SAID}" in told.out
        assert is_harmless(told.out)

    def test_runs(self, townlet, registry):
        spoil("UPDATE runs SET config_id = :evil, policy = :json, summary = :json")
        for words in (("list",), ("show", registry)):
            told = townlet("runs", *words)
            assert told.code == 0, told.err
            assert SAID in told.out
            assert is_harmless(told.out)


class TestErrors:
    def test_a_file_name(self, townlet):
        told = townlet("dataset", "inspect", EVIL)
        assert told.code == 4
        assert is_harmless(told.err)

    def test_what_was_typed(self, townlet):
        told = townlet("run", "--backend", EVIL, "--ticks", "1")
        assert told.code != 0
        assert is_harmless(told.err)

    def test_an_option(self, townlet):
        told = townlet(f"--{EVIL}")
        assert told.code == 2
        assert is_harmless(told.err)


def test_a_manifest_of_a_dataset(townlet, tmp_path):
    spec = ObservationSpec.of_names("blind", features=("need",), actions=("wait", "use"))
    arrays = {
        "map": np.zeros((5, 1, 0, 0, 0), np.uint8),
        "features": np.zeros((5, 1, 1), np.float32),
        "action_mask": np.ones((5, 1, 2), np.bool_),
        "active": np.ones((5, 1), np.bool_),
        "episode_start": np.zeros((5, 1), np.bool_),
        "actions": np.ones((5, 1), np.int64),
        "rewards": np.ones((5, 1), np.float32),
        "terminated": np.zeros((5, 1), np.bool_),
        "truncated": np.zeros((5, 1), np.bool_),
    }
    origin = DatasetOrigin(config_id=EVIL, policy={"requested": EVIL, "active": EVIL}, tags=(EVIL,))
    with DatasetWriter(tmp_path / "town", spec=spec, origin=origin, derived_from={"minari": EVIL}) as writer:
        writer.append(arrays)
    told = townlet("dataset", "inspect", str(tmp_path / "town"))
    assert told.code == 0, told.err
    for heading in ("town", "policy", "tags", "imported"):
        assert any(line.startswith(heading) and line.endswith(SAID) for line in told.out.splitlines()), heading
    assert is_harmless(told.out)
