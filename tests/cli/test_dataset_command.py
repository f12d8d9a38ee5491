"""``townlet dataset`` and ``townlet replay``: what people and programs are told about a recording."""

from __future__ import annotations

import json

import pytest

from townlet.cli.town.dataset import SUBCOMMANDS
from townlet.data import open_dataset


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    from townlet.cli.entry import main

    path = tmp_path_factory.mktemp("recorded") / "town"
    words = ["rollout", "--worlds", "4", "--ticks", "60", "--out", str(path), "--no-registry", "--tag", "quick"]
    assert main(words) == 0
    return path


@pytest.fixture
def ask(townlet):
    def run(*words: object) -> dict[str, object]:
        outcome = townlet(*map(str, words), "--json")
        assert outcome.code == 0, outcome.err
        return json.loads(outcome.out)

    return run


class TestInspect:
    def test_the_json_keys(self, ask, recording):
        told = ask("dataset", "inspect", recording)
        assert set(told) == {
            *("path", "digest", "schema_version", "created", "layout", "complete", "interruption", "config_id"),
            *("config_digest", "observation_fingerprint", "variant", "policy", "worlds", "agents", "rows"),
            *(
                "agent_names",
                "seeds",
                "ticks",
                "transitions",
                "logits",
                "bytes",
                "shards",
                "segments",
                "tags",
                "derived_from",
            ),
            *("metrics", "actions", "episodes"),
        }
        assert (told["worlds"], told["agents"], told["ticks"]) == (4, 8, 60)
        assert sum(told["actions"].values()) == pytest.approx(1.0)
        assert told["episodes"]["count"] >= 32

    def test_in_words(self, townlet, recording):
        out = townlet("dataset", "inspect", str(recording)).out
        assert "4 worlds x 8 agents x 60 ticks" in out
        assert "scripted" in out
        assert "reward (per agent and tick)" in out
        assert "self-sufficiency (share of agent-days)" in out
        assert "quick" in out

    def test_in_full(self, townlet, recording):
        out = townlet("dataset", "inspect", str(recording), "--full").out
        assert "shard-00000.safetensors" in out
        assert "action entropy" in out


class TestVerify:
    def test_a_whole_one(self, ask, townlet, recording):
        told = ask("dataset", "verify", recording)
        assert set(told) == {"path", "digest", "verified", "complete", "shards", "bytes", "seconds"}
        assert told["verified"] is True
        assert "is intact" in townlet("dataset", "verify", str(recording)).out

    def test_a_damaged_one(self, townlet, recording, tmp_path):
        import shutil

        shutil.copytree(recording, tmp_path / "d")
        shard = tmp_path / "d" / "shard-00000.safetensors"
        raw = bytearray(shard.read_bytes())
        raw[-1] ^= 1
        shard.write_bytes(raw)
        outcome = townlet("dataset", "verify", str(tmp_path / "d"))
        assert outcome.code == 4
        assert "shard-00000.safetensors is damaged" in outcome.err
        assert outcome.out == ""

    def test_nothing(self, townlet, tmp_path):
        assert townlet("dataset", "verify", str(tmp_path / "nowhere")).code == 4


class TestSplit:
    def test_two_parts(self, ask, recording, tmp_path):
        train, held = tmp_path / "train", tmp_path / "held"
        words = ("dataset", "split", recording, "--validation", "0.25", "--train", train, "--held-out", held)
        told = ask(*words)
        assert set(told) == {"train", "validation", "share", "seed"}
        total = open_dataset(recording).transitions
        assert told["train"]["transitions"] + told["validation"]["transitions"] == total
        assert told["validation"]["transitions"] / total == pytest.approx(0.25, abs=0.05)
        open_dataset(held).verify()

    @pytest.mark.parametrize("share", ["0", "1", "2", "x"])
    def test_a_share_that_is_none(self, townlet, recording, share):
        assert townlet("dataset", "split", str(recording), "--validation", share).code == 2


class TestCurate:
    def test_the_better_half(self, ask, recording, tmp_path):
        told = ask("dataset", "curate", recording, "--top", "0.5", "--out", tmp_path / "best")
        assert set(told) == {"path", "digest", "how", "transitions", "share", "reward_mean", "reward_mean_before"}
        assert told["reward_mean"] > told["reward_mean_before"]
        assert told["share"] == pytest.approx(0.5, abs=0.1)

    def test_worlds(self, ask, recording, tmp_path):
        ask("dataset", "curate", recording, "--by", "world", "--top", "0.5", "--out", tmp_path / "best")
        assert open_dataset(tmp_path / "best").manifest.worlds == 2

    @pytest.mark.parametrize(
        ("words", "code", "text"),
        [
            ([], 2, "a minimum, a maximum or a top share"),
            (["--metric", "joy", "--top", "0.5"], 2, "no metric 'joy'"),
            (["--min", "1e9"], 4, "no episode has"),
        ],
    )
    def test_refusals(self, townlet, recording, tmp_path, words, code, text):
        outcome = townlet("dataset", "curate", str(recording), "--out", str(tmp_path / "best"), *words)
        assert outcome.code == code
        assert text in outcome.err
        assert not (tmp_path / "best").exists()


class TestReplay:
    KEYS = frozenset(
        {
            *("path", "digest", "policy", "batches", "transitions", "seconds", "transitions_per_second"),
            *("gigabytes_per_second", "statistics", "baselines", "spread", "first_batches"),
        }
    )

    @pytest.mark.parametrize("words", [[], ["--seed", "3"], ["--seed", "3", "--memory", "1"]])
    def test_what_is_read_is_what_was_recorded(self, ask, recording, words):
        told = ask("replay", recording, "--batch-size", "100", *words)
        assert set(told) == self.KEYS
        for name, value in told["statistics"].items():
            assert value == pytest.approx(told["baselines"][name], abs=1e-9), name
        assert "queue_conflicts" in told["baselines"]

    def test_some_batches(self, ask, recording):
        told = ask("replay", recording, "--batch-size", "50", "--batches", "3", "--show", "2")
        assert (told["batches"], told["transitions"], len(told["first_batches"])) == (3, 150, 2)

    def test_drop_last(self, ask, recording):
        total = open_dataset(recording).transitions
        assert ask("replay", recording, "--batch-size", "999", "--drop-last")["transitions"] == total // 999 * 999

    def test_more_than_there_is(self, ask, recording):
        told = ask("replay", recording, "--batch-size", "1000000", "--drop-last")
        assert (told["batches"], told["statistics"]["transitions"]) == (0, 0.0)

    def test_in_words(self, townlet, recording):
        out = townlet("replay", str(recording), "--show", "1").out
        assert "mean reward of a batch" in out
        assert "baseline" in out


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_each_help_has_an_example_and_the_json_keys(townlet, name):
    out = townlet("dataset", name, "--help").out
    assert f"Example:  townlet dataset {name}" in out
    assert "JSON keys:" in out


def test_a_misspelt_subcommand(townlet):
    outcome = townlet("dataset", "inspekt")
    assert outcome.code == 2
    assert "did you mean 'inspect'?" in outcome.err


def test_listing_the_subcommands_imports_no_numpy(python):
    outcome = python("-c", "import sys; from townlet.cli.entry import main; main(['dataset', '--help']); "
                           "sys.exit('numpy' in sys.modules)")  # fmt: skip
    assert outcome.code == 0
