"""The engine: its surface, its refusals, and that nothing but seed and actions decides what happens."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from townlet.api import ObservationBatch
from townlet.config.rewards import REWARD_PARTS
from townlet.config.root import TownletConfig
from townlet.envs import Engine, TownEngine
from townlet.errors import BackendContractError, ContractError, UsageError
from townlet.world.state import state_fields

FIELDS = ("map", "features", "action_mask", "active", "episode_start")


def same(a: ObservationBatch, b: ObservationBatch) -> bool:
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in FIELDS)


class TestSurface:
    def test_is_an_engine(self, make_engine) -> None:
        engine = make_engine(seeds=[3, 4, 5])
        assert isinstance(engine, Engine)
        assert (engine.worlds, engine.agents, engine.rows) == (3, 4, 12)
        assert engine.agent_names == ("alice", "bob", "carol", "dave")
        assert engine.reward_part_names == REWARD_PARTS

    def test_starts_with_a_first_observation(self, make_engine) -> None:
        engine = make_engine()
        seen = engine.observe()
        assert engine.tick == 0
        assert seen.active.all()
        assert seen.episode_start.all()
        assert seen.action_mask[:, 0].all()

    def test_a_step_counts(self, make_engine) -> None:
        engine = make_engine()
        result = engine.step(np.zeros(4, np.int64))
        assert engine.tick == 1
        assert result.rewards.shape == (4,)
        assert result.reward_parts.shape == (4, len(REWARD_PARTS))
        assert not result.truncated.any()
        assert not result.observations.episode_start.any()

    def test_writes_where_it_is_told_to(self, make_engine) -> None:
        """As into one tick of a rollout's buffer; what lies beside it stays as it was."""
        engine, other = make_engine(), make_engine()
        spec = engine.spec
        buffer = ObservationBatch(
            np.full((3, 4, *spec.map_shape), 77, np.uint8).reshape(12, *spec.map_shape),
            np.full((12, spec.feature_count), 7, np.float32),
            np.ones((12, spec.action_count), np.bool_),
            np.ones(12, np.bool_),
            np.ones(12, np.bool_),
        )
        middle = buffer.take(slice(4, 8))
        result = engine.step(np.zeros(4, np.int64), into=middle)
        assert result.observations is middle
        assert same(middle, other.step(np.zeros(4, np.int64)).observations)
        for rows in (slice(0, 4), slice(8, 12)):
            assert (buffer.features[rows] == 7).all()
            assert (buffer.map[rows] == 77).all()

    def test_own_buffers_are_used_again(self, make_engine) -> None:
        engine = make_engine()
        first = engine.step(np.zeros(4, np.int64))
        assert engine.step(np.zeros(4, np.int64)) is first

    def test_policy_seeds_belong_to_the_worlds(self, make_engine) -> None:
        together = make_engine(seeds=[1, 2, 3]).policy_seeds()
        assert together[1] == make_engine(seeds=[2]).policy_seeds()[0]
        assert len(set(together)) == 3
        assert all(0 <= seed < 2**63 for seed in together)

    def test_social_stage(self, make_engine) -> None:
        engine = make_engine(rewards={"social_stage": "C2"})
        assert engine.social_stage == "C2"
        engine.set_social_stage("OFF")
        assert engine.social_stage == "OFF"
        with pytest.raises(UsageError, match="C9"):
            engine.set_social_stage("C9")


class TestMemory:
    def test_a_step_allocates_nothing_that_stays(self, make_engine) -> None:
        engine = make_engine(seeds=range(4))
        actions = np.zeros(engine.rows, np.int64)
        for _ in range(50):
            engine.step(actions)
        tracemalloc.start()
        engine.step(actions)
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        for _ in range(500):
            engine.step(actions)
        after, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert after - before < 2_000
        assert peak - before < 10_000  # far below one observation of the batch, some 17 kB a world

    def test_a_town_of_eight_fits_into_256_kib(self) -> None:
        engine = TownEngine(TownletConfig(), [0])
        arrays = [array for _, _, array in state_fields(engine.state)]
        arrays += [*engine.memory, *engine.counters, *engine._earnings, engine._mask]
        seen = engine.observe()
        arrays += [seen.map, seen.features, seen.action_mask]
        assert sum(array.nbytes for array in arrays) < 256 * 1024


class TestRefusals:
    def test_a_forbidden_action_is_named(self, make_engine) -> None:
        engine = make_engine(seeds=[0, 1])
        engine.policy_name = "pytorch"
        seen = engine.observe()
        row = 6
        action = int(np.flatnonzero(~seen.action_mask[row])[0])
        actions = np.zeros(8, np.int64)
        actions[row] = action
        with pytest.raises(BackendContractError) as caught:
            engine.step(actions)
        text = str(caught.value)
        assert "pytorch" in text
        assert "carol of world 1" in text
        assert repr(engine.spec.action_names[action]) in text
        assert "wait" in text

    @pytest.mark.parametrize("action", [-1, 8, 2**40])
    def test_an_action_that_does_not_exist(self, make_engine, action: int) -> None:
        with pytest.raises(BackendContractError, match=str(action)):
            make_engine().step(np.full(4, action, np.int64))

    def test_a_refused_step_changes_nothing(self, make_engine) -> None:
        engine, other = make_engine(), make_engine()
        with pytest.raises(BackendContractError):
            engine.step(np.full(4, 99, np.int64))
        assert engine.tick == 0
        assert same(engine.step(np.zeros(4, np.int64)).observations, other.step(np.zeros(4, np.int64)).observations)

    @pytest.mark.parametrize("actions", [np.zeros(3, np.int64), np.zeros(4, np.int32), np.zeros((4, 1), np.int64)])
    def test_wrong_shape_or_dtype(self, make_engine, actions: np.ndarray) -> None:
        with pytest.raises(ContractError, match="int64"):
            make_engine().step(actions)

    def test_a_buffer_that_does_not_fit(self, make_engine) -> None:
        engine = make_engine()
        with pytest.raises(ContractError, match="shapes"):
            engine.step(np.zeros(4, np.int64), into=ObservationBatch.empty(engine.spec, 5))

    def test_a_buffer_with_gaps(self, make_engine) -> None:
        engine = make_engine()
        every_other = ObservationBatch.empty(engine.spec, 8).take(slice(0, 8, 2))
        with pytest.raises(ContractError, match="contiguous"):
            engine.observe(every_other)

    def test_no_seeds(self, make_engine) -> None:
        with pytest.raises(UsageError, match="seed"):
            make_engine(seeds=[])

    def test_another_number_of_seeds_at_reset(self, make_engine) -> None:
        with pytest.raises(UsageError, match="2 worlds"):
            make_engine(seeds=[0, 1]).reset([5])


class TestDeterminism:
    def trace(self, engine, choose, ticks: int) -> list[np.ndarray]:
        mask = engine.observe().action_mask
        collected: list[np.ndarray] = []
        for _ in range(ticks):
            result = engine.step(choose(mask))
            mask = result.observations.action_mask
            seen = result.observations
            collected.append(
                np.concatenate(
                    [
                        seen.features.ravel(),
                        seen.map.ravel().astype(np.float32),
                        seen.action_mask.ravel().astype(np.float32),
                        result.rewards,
                        result.reward_parts.ravel(),
                        result.terminated.astype(np.float32),
                    ]
                )
            )
        return collected

    def test_same_seeds_same_everything(self, make_engine, wanderers) -> None:
        traces = []
        for _ in range(2):
            engine = make_engine(seeds=[5, 6])
            traces.append(self.trace(engine, wanderers(engine), 600))
        assert all(np.array_equal(a, b) for a, b in zip(*traces, strict=True))

    def test_another_seed_another_town(self, make_engine, wanderers) -> None:
        one, two = make_engine(seeds=[5]), make_engine(seeds=[6])
        a, b = self.trace(one, wanderers(one), 50), self.trace(two, wanderers(two), 50)
        assert not np.array_equal(a[-1], b[-1])

    def test_a_world_among_others_is_the_same_alone(self, make_engine, wanderers) -> None:
        many, one = make_engine(seeds=range(8)), make_engine(seeds=[3])
        crowd, alone = wanderers(many), wanderers(one, first_world=3)
        rows = slice(12, 16)
        mask_many, mask_one = many.observe().action_mask, one.observe().action_mask
        for _ in range(500):
            first, second = many.step(crowd(mask_many)), one.step(alone(mask_one))
            mask_many, mask_one = first.observations.action_mask, second.observations.action_mask
            assert same(first.observations.take(rows), second.observations)
            assert np.array_equal(first.rewards[rows], second.rewards)
        assert many.kpis().per_world()[3] == one.kpis().per_world()[0]

    @pytest.mark.parametrize("threads", [2, 3, 16])
    def test_threads_do_not_matter(self, make_engine, wanderers, threads: int) -> None:
        one, several = make_engine(seeds=range(5)), make_engine(seeds=range(5), threads=threads)
        a, b = self.trace(one, wanderers(one), 300), self.trace(several, wanderers(several), 300)
        several.close()
        assert all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))

    def test_reset_is_a_fresh_engine(self, make_engine, wanderers) -> None:
        used, fresh = make_engine(seeds=[1, 2]), make_engine(seeds=[7, 8])
        self.trace(used, wanderers(used), 200)
        assert same(used.reset([7, 8]), fresh.observe())
        a, b = self.trace(used, wanderers(used), 200), self.trace(fresh, wanderers(fresh), 200)
        assert all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))
        assert used.kpis().summary() == fresh.kpis().summary()


class TestLives:
    def test_death_gap_birth(self, make_engine, wanderers) -> None:
        """A terminated row is inactive, may only wait, earns nothing, and begins again with episode_start."""
        engine = make_engine(seeds=range(4))
        choose, seen = wanderers(engine), engine.observe()
        mask, gone_since, born = seen.action_mask, {}, 0
        was_active = seen.active.copy()
        for t in range(4000):
            result = engine.step(choose(mask))
            seen = result.observations
            mask = seen.action_mask
            for row in np.flatnonzero(result.terminated):
                assert was_active[row]
                gone_since[row] = t
            for row in np.flatnonzero(~was_active):
                assert result.rewards[row] == 0
                assert not result.terminated[row]
            for row in np.flatnonzero(~seen.active):
                assert mask[row].tolist() == [True] + [False] * 7
                assert not seen.features[row].any()
            arrived = seen.active & ~was_active
            assert np.array_equal(seen.episode_start, arrived)
            for row in np.flatnonzero(arrived):
                born += 1
                assert 5 <= t - gone_since.pop(row) <= 20
            was_active = seen.active.copy()
        assert born > 3

    def test_invariants_can_be_watched(self, make_engine, wanderers) -> None:
        engine = make_engine(seeds=[0, 1], check=True)
        choose, mask = wanderers(engine), engine.observe().action_mask
        for _ in range(300):
            mask = engine.step(choose(mask)).observations.action_mask
        engine.state.agents.hunger[0, 0] = 7
        with pytest.raises(Exception, match="hunger"):
            engine.assert_sound()
