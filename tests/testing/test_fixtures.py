"""The fixtures that plugin authors get."""

from __future__ import annotations

import sys

import pytest

from townlet.api import TrainingReport
from townlet.config import TownletConfig
from townlet.data import demonstrations
from townlet.errors import BackendContractError, BackendNotInstalledError, UsageError
from townlet.observations import build_spec
from townlet.plugins import resolve_policy, scan
from townlet.testing.recording import write_fixed_dataset
from townlet.testing.site import isolated_site


class TestPluginSite:
    def test_nothing_else_is_installed(self, plugin_site) -> None:
        assert scan() == ()
        plugin_site.add_backend("mine")
        assert [row.qualified for row in scan()] == ["townlet-backend-mine:mine"]
        assert resolve_policy("mine", spec=build_spec(TownletConfig())).provenance.version == "1.0"
        with pytest.raises(BackendNotInstalledError):
            resolve_policy("scripted", spec=build_spec(TownletConfig()))

    def test_all_is_as_before_afterwards(self, tmp_path, monkeypatch) -> None:
        monkeypatch.setenv("TOWNLET_DISABLE_BACKENDS", "scripted")
        before, path = scan(), list(sys.path)
        with isolated_site(tmp_path) as site:
            site.add_backend("mine")
            resolve_policy("mine", spec=build_spec(TownletConfig()))
            assert "townlet_backend_mine.plugin" in sys.modules
        assert scan() == before
        assert sys.path == path
        assert "townlet_backend_mine.plugin" not in sys.modules

    def test_two_sites_can_hold_the_same_name(self, tmp_path) -> None:
        for version in ("1.0", "2.0"):
            with isolated_site(tmp_path / version) as site:
                site.add_backend("mine", version=version)
                found = resolve_policy("mine", spec=build_spec(TownletConfig()))
                assert found.provenance.version == version


class TestHamlet:
    def test_everybody_is_where_the_story_says(self, hamlet) -> None:
        assert hamlet.names == ("alice", "bob", "carol", "dave")
        assert hamlet.see("alice")["stove_here"] == 1
        assert hamlet.see("alice")["need_hunger"] == pytest.approx(0.2)
        assert hamlet.see("bob")["need_energy"] == pytest.approx(0.15)
        assert hamlet.see("carol")["shower_here"] == 1
        assert hamlet.see("dave")["bench_here"] == 1

    def test_alice_cooks(self, hamlet) -> None:
        assert "use" in hamlet.can("alice")
        hamlet.do(alice="use")
        assert hamlet.see("alice")["doing_cook"] == 1

    def test_what_cannot_be_done_is_refused(self, hamlet) -> None:
        hamlet.own("alice", groceries=0)
        with pytest.raises(BackendContractError, match="'use' for alice"):
            hamlet.do(alice="use")

    @pytest.mark.parametrize(
        "wrong",
        [
            lambda scene: scene.put("zoe", "bed"),
            lambda scene: scene.put("alice", "throne"),
            lambda scene: scene.feel("alice", anger=1),
            lambda scene: scene.feel("alice", hunger=2),
        ],
    )
    def test_a_scene_that_cannot_be_set_is_refused(self, hamlet, wrong) -> None:
        with pytest.raises(UsageError):
            wrong(hamlet)

    def test_it_can_be_observed_otherwise(self, make_hamlet) -> None:
        config = TownletConfig.model_validate({"observation": {"variant": "compact"}})
        assert make_hamlet(config).spec == build_spec(config)


def test_the_bandit_town_is_solved_by_reading_the_sign(bandit_town) -> None:
    batch = bandit_town.observe()
    right = batch.features[:, : bandit_town.doors].argmax(axis=1) + 1
    assert bandit_town.step(right).rewards.tolist() == [1.0] * bandit_town.rows


def test_the_observer_records(recording_observer) -> None:
    report = TrainingReport(phase="bc", step=1)
    recording_observer.observers.training_report(report)
    assert recording_observer.reports == [report]
    assert recording_observer.runs == []
    assert recording_observer.observers.failures == ()


class TestFixedDataset:
    def test_it_is_the_same_every_time(self, fixed_dataset, tmp_path) -> None:
        again = write_fixed_dataset(tmp_path / "again")
        digests = [[shard.sha256 for shard in dataset.manifest.shards] for dataset in (fixed_dataset, again)]
        assert digests[0] == digests[1]

    def test_the_teacher_is_right_three_times_out_of_four_or_more(self, fixed_dataset) -> None:
        (block,) = fixed_dataset.blocks()
        assert 0.75 < block.rewards[block.active].mean() < 0.9
        assert block.terminated.any()
        assert not block.active.all()

    def test_one_can_learn_from_it(self, fixed_dataset) -> None:
        source = demonstrations(fixed_dataset, validation=0.2, seed=0)
        (batch,) = list(source.batches("validation", 4096))
        assert len(batch.actions) == source.size("validation") > 0
