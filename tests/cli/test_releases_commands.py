"""``townlet runs``, ``promote``, ``releases``, ``rollback``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from townlet.api import ObservationSpec
from townlet.checkpoints import write_checkpoint
from townlet.registry import PromotionManager, Registry

DECISION = {"id", "at", "action", "checkpoint", "path", "previous", "passes", "reason", "by", "metrics"}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def checkpoint(tmp_path):
    def make(name: str, passes: int = 2) -> str:
        spec = ObservationSpec.of_names("tiny", features=("need",), actions=("wait", "use"))
        path = tmp_path / "runs" / name
        write_checkpoint(
            path, lambda folder: (folder / "weights").write_text(name) and None, backend="pytorch", spec=spec,
            config_digest="c" * 64,
        )  # fmt: skip
        with Registry("runs") as registry:
            for number in range(passes):
                PromotionManager(registry).record_evaluation(
                    path, passed=True, metrics={"reward": 1.0}, settings={"seeds": [number]}
                )
        return str(path)

    return make


@pytest.fixture
def ask(townlet):
    def run(*words: str) -> dict[str, object]:
        outcome = townlet(*words, "--json")
        assert outcome.code == 0, outcome.err
        return json.loads(outcome.out)

    return run


class TestPromote:
    def test_a_candidate(self, ask, checkpoint):
        told = ask("promote", checkpoint("a"), "--reason", "better", "--by", "alice")
        assert set(told) == {*DECISION, "strangers"}
        assert told["strangers"] is None
        assert (told["action"], told["by"], told["reason"], told["passes"]) == ("promote", "alice", "better", 2)

    def test_no_candidate(self, townlet, checkpoint):
        outcome = townlet("promote", checkpoint("a", passes=1))
        assert outcome.code == 4
        assert "1 of 2 evaluations passed in a row" in outcome.err

    def test_the_config_says_how_many_passes(self, townlet, checkpoint):
        assert townlet("promote", checkpoint("a", passes=1), "--set", "evaluation.required_passes=1").code == 0

    def test_by_force(self, ask, checkpoint):
        assert ask("promote", checkpoint("a", passes=0), "--force", "--reason", "demo")["reason"] == "forced: demo"

    def test_hold(self, ask, townlet, checkpoint):
        path = checkpoint("a")
        assert ask("promote", path, "--hold", "--reason", "rude")["action"] == "hold"
        assert townlet("promote", path).code == 4

    def test_to_hold_back_the_release_does_not_withdraw_it_and_says_so(self, townlet, checkpoint):
        path = checkpoint("a")
        assert "it stays the release" not in townlet("promote", checkpoint("b"), "--hold").out
        townlet("promote", path)
        assert "it stays the release" in townlet("promote", path, "--hold").out

    def test_no_checkpoint(self, townlet, tmp_path):
        assert townlet("promote", str(tmp_path / "nowhere")).code == 4

    def test_in_words(self, townlet, checkpoint):
        out = townlet("promote", checkpoint("a")).out
        assert "promoted" in out
        assert "townlet run --backend release" in out

    def test_it_is_run_in_the_town_that_it_learned_in(self, townlet, checkpoint):
        path = Path(checkpoint("a"))
        (path.parent / "run.json").write_text("{}")
        own = path.parent / "config.json"
        own.write_text(json.dumps({"schema_version": 1, "town": {"map": "hamlet"}}))
        assert f"townlet run {own} --backend release\n" in townlet("promote", str(path)).out


class TestReleases:
    def test_the_whole_story(self, ask, townlet, checkpoint):
        a, b, c = checkpoint("a"), checkpoint("b"), checkpoint("c")
        townlet("promote", a)
        townlet("promote", b)
        told = ask("releases")
        assert set(told) == {"release", "candidates", "decisions"}
        assert told["release"]["path"].endswith("b")
        assert {one["path"][-1] for one in told["candidates"]} == {"a", "c"}
        assert set(told["candidates"][0]) == {"checkpoint", "path", "passes", "required"}
        back = ask("rollback", "--reason", "worse")
        assert set(back) == DECISION
        assert (back["action"], back["path"][-1]) == ("rollback", "a")
        out = townlet("releases").out
        assert "worse" in out
        assert c[-1] in out

    def test_none_yet(self, townlet, checkpoint):
        checkpoint("a", passes=0)
        assert "no release yet" in townlet("releases").out

    def test_no_registry(self, townlet, tmp_path):
        for words in (["releases"], ["rollback"], ["runs", "list"]):
            outcome = townlet(*words)
            assert outcome.code == 4
            assert "there is no registry here" in outcome.err
        assert list(tmp_path.iterdir()) == []


class TestRuns:
    @pytest.fixture
    def run(self):
        with Registry("runs") as registry:
            name = registry.begin_run("train", config_id="tiny-1", config_digest="c" * 64, policy={"active": "pytorch"})
            registry.finish_run(name, "done", {"reward_mean": 0.25, "note": "fine"})
        return name

    def test_list(self, ask, townlet, run):
        told = ask("runs", "list")
        assert [one["id"] for one in told["runs"]] == [run]
        assert set(told["runs"][0]) == {
            *("id", "kind", "started", "finished", "status", "config_id", "config_digest", "policy", "folder"),
            "summary",
        }
        assert "+0.25000" in townlet("runs", "list").out

    def test_of_a_kind(self, ask, townlet, run):
        assert ask("runs", "list", "--kind", "rollout") == {"runs": [], "evaluations": []}
        assert "no runs of the command 'rollout' here" in townlet("runs", "list", "--kind", "rollout").out

    def test_show(self, ask, townlet, run):
        told = ask("runs", "show", run[:5])
        assert told["summary"]["note"] == "fine"
        assert (told["datasets"], told["checkpoints"], told["evaluations"]) == ([], [], [])
        assert "reward (per agent and tick)   0.25" in townlet("runs", "show", run).out

    @pytest.fixture
    def evaluations(self, run):
        settings = {"config_id": "tiny-1", "seeds": [1, 2], "days": 0.5, "scenario": "rush"}
        with Registry("runs") as registry:
            registry.add_evaluation("pytorch:a", metrics={"reward": 0.5}, run=run)
            registry.add_evaluation("scripted", metrics={"reward": 1.25, "attendance": None}, settings=settings)

    def test_list_has_the_evaluations_made_by_hand(self, ask, townlet, run, evaluations):
        told = ask("runs", "list")
        assert [one["policy"] for one in told["evaluations"]] == ["scripted"], "the other one is its run's"
        assert set(told["evaluations"][0]) == {
            *("id", "at", "policy", "checkpoint", "run", "passed", "settings", "metrics", "by"),
            "gate",
        }
        (line,) = [line for line in townlet("runs", "list").out.splitlines() if line.startswith("evaluate-")]
        assert line.split()[0] == "evaluate-2"
        assert "2 towns, 0.5 days, rush         +1.25" in line

    @pytest.mark.parametrize(("kind", "runs", "evaluations_"), [("train", 1, 0), ("evaluate", 0, 1), ("run", 0, 0)])
    def test_a_kind_may_be_evaluate(self, ask, evaluations, kind, runs, evaluations_):
        told = ask("runs", "list", "--kind", kind)
        assert (len(told["runs"]), len(told["evaluations"])) == (runs, evaluations_)

    def test_show_an_evaluation(self, ask, townlet, evaluations):
        assert ask("runs", "show", "evaluate-2")["metrics"]["reward"] == 1.25
        out = townlet("runs", "show", "evaluate-2").out
        assert "2 towns, 0.5 days, rush" in out
        assert "reward (per agent-day)   1.25" in out
        assert townlet("runs", "show", "evaluate-1").code == 4, "it is of a run, and shown there"

    def test_an_unknown_one(self, townlet, run):
        outcome = townlet("runs", "show", "nothing")
        assert outcome.code == 4
        assert "there is no run 'nothing'" in outcome.err
