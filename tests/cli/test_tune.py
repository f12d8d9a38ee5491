"""``townlet tune``, as typed."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from townlet.cli.app import townlet
from townlet.config import load_config
from townlet.errors import UsageError

pytest.importorskip("optuna")

SMALL = (
    "--set=town.map=hamlet",
    "--set=policy.options.preset=classic",
    "--set=tuning.finalists=1",
    "--set=tuning.final_seeds=1",
    "--set=tuning.judge_seeds=2",
    "--trials=3",
    "--seeds=1",
    "--days=0.05",
    "--constraint=self_sufficiency >= 0.1",
)


def tune(*arguments: str):
    return CliRunner().invoke(townlet, ["tune", *arguments])


@pytest.mark.slow
def test_it_writes_a_study_whose_best_config_runs_and_goes_on(tmp_path):
    out, runs = tmp_path / "study", f"--runs={tmp_path / 'runs'}"
    first = tune(*SMALL, "--vary=eat_below=0.45:0.7", "--vary=patience=1,3", f"--out={out}", runs)
    assert first.exit_code == 0, first.output
    assert "run it with:" in first.stdout
    assert load_config(out / "best.yaml").policy.options["patience"] in (1, 3)
    more = tune(f"--resume={out}", "--trials=5", "--json", runs)
    assert more.exit_code == 0, more.output
    document = json.loads(more.stdout)
    assert (document["trials"], document["folder"]) == (5, str(out))
    assert {setting["key"] for setting in document["settings"]} == {
        "policy.options.eat_below",
        "policy.options.patience",
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--vary=eat_bellow"], "did you mean 'eat_below'"),
        (["--vary=patience", "--vary=patience=1,2"], "'patience' is given twice"),
        (["--constraint=reward >= 2", "--constraint=reward <= 1"], "cannot both hold"),
        (["--objective=rewards"], "did you mean 'reward'"),
        (["--policy=stub"], "has no options to tune"),
        (["--resume=nowhere"], "no study to resume"),
        (["--resume=nowhere", "--policy=scripted", "--seeds=3"], "leave out --policy, --seeds"),
    ],
)
def test_what_makes_no_sense_is_told_before_anything_is_played(arguments, message, tmp_path):
    found = tune(*arguments, f"--runs={tmp_path}")
    assert isinstance(found.exception, UsageError)
    assert message in str(found.exception)
    assert list(tmp_path.iterdir()) == []
