"""Looking through one agent's eyes: what is shown is what was recorded, tick by tick."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from townlet.cli.app import townlet
from townlet.data import Dataset, open_dataset
from townlet.errors import UsageError
from townlet.evaluation.inspection import inspect_tick
from townlet.evaluation.retrace import retrace
from townlet.telemetry.measures import column


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """60 ticks of hamlet with the scripted mind."""
    folder = tmp_path_factory.mktemp("recording") / "hamlet"
    words = ["run", "--ticks", "60", "--record", str(folder), "--set", "town.map=hamlet", "--seed", "3"]
    outcome = CliRunner().invoke(townlet, words)
    assert outcome.exit_code == 0, outcome.output
    return open_dataset(folder)


def test_what_is_shown_is_what_was_recorded(recording: Dataset) -> None:
    block = recording.read(20, 22)
    names = recording.manifest.agent_names
    for row, name in enumerate(names):
        found = inspect_tick(recording, agent=name, tick=20)
        assert list(found.features.values()) == pytest.approx(block.features[0, row].tolist())
        assert found.action == recording.spec.action_names[block.actions[0, row]]
        assert [c.possible for c in found.choices] == block.action_mask[0, row].tolist()
        assert found.reward == pytest.approx(float(block.rewards[0, row]))
        assert sum(found.reward_parts.values()) == pytest.approx(found.reward, abs=1e-5)
        for feature, (before, after) in found.changed.items():
            column = recording.spec.feature_index(feature)
            assert (before, after) == (block.features[0, row, column], block.features[1, row, column])


def test_the_last_tick_has_nothing_after_it(recording: Dataset) -> None:
    assert inspect_tick(recording, agent="alice", tick=59).changed == {}


def test_a_policy_asked_again_gives_probabilities_that_sum_to_one(recording: Dataset) -> None:
    class Likes:
        def initial_state(self, rows, seed):
            from townlet.api import ArrayState

            return ArrayState()

        def decide(self, observations, state, *, explore=False):
            from townlet.api import Decision

            logits = np.tile(np.arange(8, dtype=np.float32), (observations.rows, 1))
            return Decision(np.zeros(observations.rows, np.int64), state, logits=logits)

        def fingerprint(self):
            return "likes-later-actions"

        def close(self):
            pass

    found = inspect_tick(recording, agent="alice", tick=10, policy=Likes())
    probabilities = [c.probability for c in found.choices]
    assert sum(probabilities) == pytest.approx(1.0)
    assert all((p == 0.0) != c.possible for p, c in zip(probabilities, found.choices, strict=True))


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ({"agent": "alic", "tick": 1}, "did you mean 'alice'"),
        ({"agent": "alice", "tick": 60}, "recorded: 0 to 59"),
        ({"agent": "alice", "tick": 1, "world": 1}, "there is no town 1"),
    ],
)
def test_what_was_not_recorded_is_refused(recording: Dataset, question: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        inspect_tick(recording, **question)  # type: ignore[arg-type]
    assert message in str(caught.value)


class TestRetrace:
    def test_living_it_again_gives_the_same_figures(self, recording: Dataset) -> None:
        lived = retrace(recording)
        assert lived.kpis.ticks == 60
        total = float(sum(block.rewards.sum(dtype=np.float64) for block in recording.blocks()))
        rewards = lived.kpis.agent_sums[..., column("reward")].sum()
        assert rewards == pytest.approx(total, rel=1e-5)
        assert lived.walls.any()
        assert {kind for kind, _, _ in lived.facilities} == set(lived.kpis.kind_names)

    def test_a_day_holds_every_tick_of_it(self, recording: Dataset) -> None:
        day = retrace(recording, agent=1).day
        assert day is not None
        assert day.agent == recording.manifest.agent_names[1]
        assert all(len(values) == 60 for values in day.needs.values())
        assert all(0 <= spell.start < spell.end <= 60 for spell in day.spells)


class TestCommands:
    def test_inspect_shows_the_decision(self, recording: Dataset) -> None:
        shown = CliRunner().invoke(townlet, ["inspect", str(recording.path), "--agent", "alice", "--tick", "5"])
        assert shown.exit_code == 0, shown.output
        assert shown.output.startswith("alice, town 0, tick 5")
        assert "<- taken" in shown.output
        assert "PROBABILITY" not in shown.output, "the recorded mind scores nothing: an empty column says nothing"

    def test_report_writes_one_page_that_needs_nothing_else(self, recording: Dataset, tmp_path: Path) -> None:
        pytest.importorskip("matplotlib")
        page = tmp_path / "page.html"
        done = CliRunner().invoke(townlet, ["report", str(recording.path), "--out", str(page)])
        assert done.exit_code == 0, done.output
        text = page.read_text(encoding="utf-8")
        assert text.count("<svg") >= 4
        assert 'src="' not in text
        for heading in ("At a glance", "Where the time went", "People", "Everything that was measured"):
            assert f"<h2>{heading}</h2>" in text
        assert '<a href="page-town.html">the whole town</a>' in text
        assert '<a href="page-town.html#t=0&amp;agent=alice">alice</a>' in text
        assert '<a href="page-town.html#t=0&amp;agent=alice">this day</a>' in text
        assert (tmp_path / "page-town.html").is_file()

    def test_report_alone_links_to_nothing(self, recording: Dataset, tmp_path: Path) -> None:
        pytest.importorskip("matplotlib")
        page = tmp_path / "alone.html"
        done = CliRunner().invoke(townlet, ["report", str(recording.path), "--out", str(page), "--no-view", "--json"])
        assert json.loads(done.output)["view"] is None
        assert "<a " not in page.read_text(encoding="utf-8")
        assert [path.name for path in tmp_path.iterdir()] == ["alone.html"]

    def test_report_of_nothing_is_refused(self, tmp_path: Path) -> None:
        pytest.importorskip("matplotlib")
        done = CliRunner().invoke(townlet, ["report", str(tmp_path / "nowhere")])
        assert done.exit_code != 0
        assert "there is no run" in str(done.exception)
