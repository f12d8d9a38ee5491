"""Nothing stands in silently for what was asked for, and what a command says to type works."""

from __future__ import annotations

import importlib.util
import json
import shlex
from pathlib import Path

import pytest

HAMLET = ("--set", "town.map=hamlet", "--ticks", "3")
SMALL = ("--set", "town.map=hamlet", "--seeds", "1", "--days", "0.01")
NEEDS_TORCH = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="needs PyTorch")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_recording_says_who_played_and_who_stood_in(townlet) -> None:
    townlet("run", *HAMLET, "--record", "a", "--cast", "alice=stub", "--backend", "scripted")
    assert "alice by stub, the rest by scripted\n" in townlet("dataset", "inspect", "a").out
    said = townlet("rollout", *HAMLET, "--worlds", "1", "--out", "b", "--backend", "nobody\x1b[2J").out
    assert "by the stub instead of nobody\\u001b[2J" in said
    told = townlet("dataset", "inspect", "b").out
    assert "the stub instead of nobody\\u001b[2J" in told
    assert "standing in" not in told


@pytest.mark.torch
@NEEDS_TORCH
class TestUntrained:
    @pytest.mark.parametrize(
        "words",
        [
            ("run", "--backend", "pytorch", *HAMLET),
            ("run", "--backend", "mixture:scripted,pytorch,0.5", *HAMLET),
            ("rollout", "--backend", "pytorch", *HAMLET),
            ("evaluate", "--policy", "pytorch", *SMALL),
            ("compare", "scripted", "pytorch", *SMALL),
        ],
    )
    def test_a_learner_without_a_checkpoint_is_refused_with_the_way_to_name_one(self, townlet, words) -> None:
        outcome = townlet(*words)
        assert outcome.code == 2
        assert "has learned nothing" in outcome.err
        assert "pytorch:FOLDER" in outcome.err
        assert "--untrained" in outcome.err

    def test_whoever_is_let_act_untrained_is_called_so_wherever_it_is_named(self, townlet) -> None:
        assert (
            "with pytorch (untrained),"
            in townlet("run", "--backend", "pytorch", "--untrained", *HAMLET, "--record", "a").out
        )
        assert "pytorch (untrained)" in townlet("dataset", "inspect", "a").out
        assert "pytorch (untrained)" in townlet("runs", "list").out

    def test_also_in_a_report(self, townlet) -> None:
        pytest.importorskip("matplotlib")
        townlet("run", "--backend", "pytorch", "--untrained", *HAMLET, "--record", "a")
        assert townlet("report", "a", "--no-view").code == 0
        assert "; policy pytorch (untrained)" in Path("a.html").read_text()

    def test_it_may_act_all_the_same_and_that_is_recorded(self, townlet) -> None:
        outcome = townlet("run", "--backend", "pytorch", "--untrained", *HAMLET, "--json")
        assert outcome.code == 0, outcome.err
        assert json.loads(outcome.out)["policy"]["reason"].startswith("untrained")
        assert townlet("evaluate", "--policy", "pytorch", "--untrained", *SMALL).code == 0

    def test_the_hint_after_training_is_a_whole_command(self, townlet) -> None:
        settings = ["town.map=hamlet", "training.evaluate=false", "training.bc.settings.epochs=1"]
        settings += ["training.demonstrations.worlds=2", "training.demonstrations.ticks=40"]
        words = [word for setting in settings for word in ("--set", setting)]
        outcome = townlet("train", "--mode", "bc", *words)
        assert outcome.code == 0, outcome.err
        assert outcome.err.startswith("writing to "), "where it goes is said first"
        (hint,) = [line for line in outcome.out.splitlines() if line.startswith("see it act:")]
        typed = shlex.split(hint.partition(":")[2].strip())
        played = townlet(*typed[1:], "--ticks", "2", "--json")
        assert played.code == 0, played.err
        assert json.loads(played.out)["config_id"].startswith("hamlet"), "in the town that it was taught in"


def test_a_mind_without_learning_needs_no_checkpoint(townlet) -> None:
    assert townlet("run", "--backend", "stub", *HAMLET).code == 0


class TestConfigCheck:
    @pytest.mark.parametrize(
        ("setting", "said"),
        [
            ("policy.backend=scripted:nowhere", "nowhere"),
            ("policy.backend=os:system", "there is no such checkpoint"),
            ("policy.backend=mixture:scripted", "a mixture needs two policies"),
            ("policy.backend=stub:x", "takes no checkpoint"),
            pytest.param(
                "training.options.hidden=[-1]", "training.options.hidden", marks=[pytest.mark.torch, NEEDS_TORCH]
            ),
            pytest.param(
                "training.options.hiden=[8]", "training.options.hiden", marks=[pytest.mark.torch, NEEDS_TORCH]
            ),
        ],
    )
    def test_what_run_or_train_refuses_is_not_fine(self, townlet, setting: str, said: str) -> None:
        outcome = townlet("config", "check", "--set", setting)
        assert outcome.code != 0
        assert said in outcome.err

    @pytest.mark.parametrize("setting", ["policy.backend=stub", "policy.backend=mixture:scripted,stub,0.5", "seed=3"])
    def test_what_they_accept_is(self, townlet, setting: str) -> None:
        assert townlet("config", "check", "--set", setting).code == 0


class TestNumberedOutputs:
    def test_rollouts_without_a_name_go_on_counting_and_are_said_first(self, townlet) -> None:
        for number in ("001", "002"):
            outcome = townlet("rollout", "--worlds", "1", *HAMLET)
            assert outcome.code == 0, outcome.err
            assert f"writing to {Path('runs', f'rollout-{number}')}" in outcome.err
        assert sorted(path.name for path in Path("runs").glob("rollout-*")) == ["rollout-001", "rollout-002"]

    def test_snapshots_without_a_name_do_too(self, townlet) -> None:
        outcome = townlet("run", *HAMLET, "--snapshot-every", "2")
        assert outcome.code == 0, outcome.err
        assert (Path("runs") / "snapshots-001" / "tick-000000002").is_dir()

    def test_what_cannot_begin_takes_no_number(self, townlet) -> None:
        assert townlet("rollout", "--backend", "nobody", *HAMLET, "--set", "policy.on_missing=error").code != 0
        assert list(Path("runs").glob("rollout-*")) == []
