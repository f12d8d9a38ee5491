"""Curation: what is kept is kept whole, the rest is gone, and the manifest says how."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from townlet.data import (
    Criterion,
    DatasetWriter,
    curate,
    episode_scores,
    index_episodes,
    open_dataset,
    score_names,
    split,
    write_episodes,
    write_worlds,
)
from townlet.data.block import ARRAY_DTYPES
from townlet.data.episodes import OUTCOMES
from townlet.errors import DatasetError, UsageError


def lives(dataset):
    """Each life as the set of its transitions, by what the features say: {(first tick, row): [(tick, row), ...]}."""
    block = dataset.read(0, dataset.ticks)
    table = index_episodes(dataset)
    found = {}
    for start, length, row in zip(table.start, table.length, table.row, strict=True):
        seen = [tuple(key) for key in block.features[start : start + length, row, :2].astype(int).tolist()]
        assert seen == [(seen[0][0] + n, seen[0][1]) for n in range(length)]
        found[seen[0]] = seen
    return found


class TestEpisodes:
    def test_chosen_lives_are_whole_and_nothing_else_is_there(self, record, tmp_path):
        dataset = record(blocks=4, ticks=9)
        table = index_episodes(dataset)
        chosen = np.arange(len(table)) % 3 == 0
        write_episodes(dataset, tmp_path / "few", table.take(chosen), "every third")
        found = open_dataset(tmp_path / "few")
        found.verify()
        expected = {key: life for index, (key, life) in enumerate(sorted(lives(dataset).items())) if index % 3 == 0}
        assert lives(found) == expected
        assert found.transitions == int(table.length[chosen].sum())

    def test_every_array_comes_along(self, record, tmp_path):
        dataset = record(blocks=3, ticks=10)
        write_episodes(dataset, tmp_path / "all", index_episodes(dataset), "all")
        source, copy = dataset.read(0, dataset.ticks), open_dataset(tmp_path / "all")
        found = copy.read(0, copy.ticks)
        tick, row = found.features[found.active][:, :2].astype(int).T
        for name in set(ARRAY_DTYPES) - {"truncated"}:
            np.testing.assert_array_equal(getattr(found, name)[found.active], getattr(source, name)[tick, row])

    def test_a_life_cut_by_the_end_of_the_recording_is_truncated(self, record, tmp_path):
        dataset = record(blocks=1, ticks=8)
        table = index_episodes(dataset)
        cut = table.outcome == OUTCOMES.index("cut")
        assert cut.any()
        write_episodes(dataset, tmp_path / "cut", table.take(cut), "cut")
        outcomes = index_episodes(open_dataset(tmp_path / "cut")).outcome
        assert {OUTCOMES[o] for o in outcomes} == {"truncated"}

    def test_what_the_manifest_says(self, record, tmp_path):
        dataset = record()
        manifest = write_episodes(dataset, tmp_path / "all", index_episodes(dataset), "all of them")
        assert (manifest.layout, manifest.agents, manifest.seeds) == ("episodes", 1, ())
        assert manifest.derived_from == {"dataset": "town", "digest": dataset.digest, "how": "all of them"}
        assert manifest.config == dataset.manifest.config
        assert manifest.metrics["reward_mean"] == pytest.approx(dataset.metrics["reward_mean"])

    def test_nothing_left(self, record, tmp_path):
        dataset = record()
        with pytest.raises(DatasetError, match="no episode is left"):
            write_episodes(dataset, tmp_path / "none", index_episodes(dataset).take(np.array([], np.int64)), "none")
        assert not (tmp_path / "none").exists()

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(seed=st.integers(0, 10**6), share=st.floats(0.05, 1.0), block=st.integers(500, 50_000))
    def test_any_choice_survives(self, tmp_path_factory, spec, origin, make_block, monkeypatch, seed, share, block):
        rng = np.random.default_rng(seed)
        folder = tmp_path_factory.mktemp("any")
        with DatasetWriter(folder / "town", spec=spec, origin=origin, shard_bytes=1) as writer:
            for index in range(3):
                writer.append(make_block(7, first=7 * index, life=int(rng.integers(1, 12))))
        dataset = open_dataset(folder / "town")
        table = index_episodes(dataset)
        chosen = rng.random(len(table)) < share
        chosen[rng.integers(len(table))] = True
        monkeypatch.setattr("townlet.data.subsets.BLOCK_BYTES", block)
        write_episodes(dataset, folder / "some", table.take(chosen), "some")
        expected = {(int(t), int(r)) for t, r in zip(table.start[chosen], table.row[chosen], strict=True)}
        assert set(lives(open_dataset(folder / "some"))) == expected


class TestWorlds:
    def test_a_world_comes_along_whole(self, record, tmp_path):
        dataset = record(blocks=3, ticks=10, rows=6)
        write_worlds(dataset, tmp_path / "one", np.array([2]), "the third")
        found = open_dataset(tmp_path / "one")
        assert (found.rows, found.manifest.worlds, found.manifest.layout) == (2, 1, "worlds")
        for name in ARRAY_DTYPES:
            np.testing.assert_array_equal(getattr(found.read(0, 30), name), getattr(dataset.read(0, 30), name)[:, 4:6])

    def test_seeds_and_segments_come_along(self, tmp_path, spec, origin, make_block):
        with DatasetWriter(tmp_path / "town", spec=spec, origin=origin) as writer:
            writer.append(make_block(5))
            writer.new_segment((70, 80), first_tick=9)
            writer.append(make_block(5))
        write_worlds(open_dataset(tmp_path / "town"), tmp_path / "one", np.array([1]), "bob's")
        segments = open_dataset(tmp_path / "one").manifest.segments
        assert [(s.seeds, s.first_tick, s.ticks) for s in segments] == [((8,), 0, 5), ((80,), 9, 5)]

    def test_chosen_episodes_have_no_worlds(self, record, tmp_path):
        dataset = record()
        write_episodes(dataset, tmp_path / "few", index_episodes(dataset), "all")
        with pytest.raises(DatasetError, match="not worlds"):
            write_worlds(open_dataset(tmp_path / "few"), tmp_path / "one", np.array([0]), "first")


class TestScores:
    @pytest.mark.parametrize("metric", ["return", "reward_mean", "length", "reward_needs", "reward_social"])
    def test_of_episodes(self, record, metric):
        dataset = record()
        block, table = dataset.read(0, dataset.ticks), index_episodes(dataset)
        scores, owner = episode_scores(dataset, table, metric, "episode")
        assert owner.tolist() == list(range(len(table)))
        for index in range(len(table)):
            life = slice(table.start[index], table.start[index] + table.length[index]), table.row[index]
            expected = {
                "return": block.rewards[life].sum(),
                "reward_mean": block.rewards[life].mean(),
                "length": table.length[index],
                "reward_needs": block.reward_parts[life][:, 0].mean(),
                "reward_social": block.reward_parts[life][:, 1].mean(),
            }[metric]
            assert scores[index] == pytest.approx(expected, abs=1e-5)

    def test_of_worlds(self, record):
        dataset = record()
        block = dataset.read(0, dataset.ticks)
        scores, _ = episode_scores(dataset, index_episodes(dataset), "reward_mean", "world")
        for world in range(2):
            mine = slice(None), slice(2 * world, 2 * world + 2)
            assert scores[world] == pytest.approx(block.rewards[mine][block.active[mine]].mean(), abs=1e-5)

    def test_names(self, record):
        assert score_names(record()) == ("return", "reward_mean", "length", "reward_needs", "reward_social")

    def test_a_misspelt_metric(self, record):
        dataset = record()
        with pytest.raises(UsageError) as caught:
            episode_scores(dataset, index_episodes(dataset), "reward_meen", "episode")
        assert "did you mean 'reward_mean'?" in str(caught.value)


class TestCriterion:
    scores = np.array([1.0, np.nan, 3.0, 2.0])

    @pytest.mark.parametrize(
        ("bounds", "kept"),
        [
            ({"minimum": 2.0}, [2, 3]),
            ({"maximum": 2.0}, [0, 3]),
            ({"minimum": 1.5, "maximum": 2.5}, [3]),
            ({"top": 0.5}, [2, 3]),
            ({"top": 0.01}, [2]),
            ({"maximum": 2.5, "top": 0.5}, [3]),
            ({"minimum": 9.0}, []),
        ],
    )
    def test_what_is_kept(self, bounds, kept):
        assert np.flatnonzero(Criterion(**bounds).kept(self.scores)).tolist() == kept

    @pytest.mark.parametrize("bounds", [{}, {"top": 0.0}, {"top": 1.5}, {"top": -1.0}])
    def test_bounds_that_are_none(self, bounds):
        with pytest.raises(UsageError):
            Criterion(**bounds)

    def test_in_words(self):
        assert str(Criterion("return", minimum=1.0, top=0.25)) == "return >= 1 and in the top 25%"


class TestCurate:
    def test_the_better_half_is_better(self, record, tmp_path):
        dataset = record(blocks=5)
        curate(dataset, tmp_path / "best", Criterion("reward_mean", top=0.5))
        best = open_dataset(tmp_path / "best")
        assert best.metrics["reward_mean"] > dataset.metrics["reward_mean"]
        assert "top 50%" in best.manifest.derived_from["how"]

    def test_by_world(self, record, tmp_path):
        manifest = curate(record(), tmp_path / "best", Criterion("reward_mean", top=0.5), "world")
        assert manifest.worlds == 1

    def test_nothing_meets_it(self, record, tmp_path):
        with pytest.raises(DatasetError, match="no episode has return >= 1000") as caught:
            curate(record(), tmp_path / "best", Criterion("return", minimum=1000))
        assert "scores lie between" in str(caught.value)
        assert not (tmp_path / "best").exists()


class TestSplit:
    def test_each_life_is_on_one_side(self, record, tmp_path):
        dataset = record(blocks=5)
        split(dataset, tmp_path / "train", tmp_path / "held", 0.3, seed=4)
        train, held = lives(open_dataset(tmp_path / "train")), lives(open_dataset(tmp_path / "held"))
        assert not set(train) & set(held)
        assert {**train, **held} == lives(dataset)
        assert open_dataset(tmp_path / "held").transitions / dataset.transitions == pytest.approx(0.3, abs=0.05)

    def test_the_seed_decides(self, record, tmp_path):
        dataset = record(blocks=5)
        for name, seed in (("a", 1), ("b", 1), ("c", 2)):
            split(dataset, tmp_path / f"t{name}", tmp_path / name, 0.3, seed=seed)
        a, b, c = (set(lives(open_dataset(tmp_path / name))) for name in "abc")
        assert a == b != c

    @pytest.mark.parametrize("share", [0.0, 1.0, -0.5])
    def test_a_share_that_is_none(self, record, tmp_path, share):
        with pytest.raises(UsageError):
            split(record(), tmp_path / "a", tmp_path / "b", share)

    def test_one_name_for_both(self, record, tmp_path):
        with pytest.raises(UsageError, match="two names"):
            split(record(), tmp_path / "a", tmp_path / "a", 0.5)
        assert not (tmp_path / "a").exists()

    @pytest.mark.parametrize("taken", ["a", "b"])
    def test_neither_is_written_where_one_name_is_taken(self, record, tmp_path, taken):
        (tmp_path / taken).write_text("mine", encoding="utf-8")
        with pytest.raises(DatasetError, match="this name is already taken"):
            split(record(), tmp_path / "a", tmp_path / "b", 0.5)
        assert [path.name for path in tmp_path.glob("[ab]")] == [taken]
