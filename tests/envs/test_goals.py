"""The action space `goals` as an engine gives it: who is asked, snapshots between decisions, whose mind it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from townlet.api import ObservationBatch
from townlet.config import TownletConfig
from townlet.envs import TownEngine
from townlet.errors import BackendContractError, ContractError

HAMLET = {"town": {"map": "hamlet", "actions": "goals"}}


def engine_of(seeds: list[int], **town: object) -> TownEngine:
    return TownEngine(TownletConfig.model_validate({"town": {**HAMLET["town"], **town}}), seeds, check=True)


def play(engine: TownEngine, ticks: int, seed: int) -> Iterator[ObservationBatch]:
    """Random goals, among what is possible; what is seen after each tick."""
    rng, mask = np.random.default_rng(seed), engine.observe().action_mask
    for _ in range(ticks):
        batch = engine.step(np.where(mask, rng.random(mask.shape), -1.0).argmax(1)).observations
        yield batch.copy()
        mask = batch.action_mask


def test_the_batch_says_who_is_asked() -> None:
    engine = engine_of([1, 2])
    first = engine.observe()
    assert not first.everybody_asked
    assert first.asked.all()
    for batch in play(engine, 400, 0):
        assert (batch.asked <= batch.active).all()
        assert (batch.asked[batch.episode_start]).all()
        assert not batch.action_mask[~batch.asked, 1:].any()
        assert batch.action_mask[:, 0].all()


def test_it_is_the_array_active_in_the_primitive_space() -> None:
    engine = engine_of([1], actions="primitive")
    assert engine.observe().everybody_asked
    batch = ObservationBatch.empty(engine.spec, engine.rows)
    engine.step(np.zeros(4, np.int64), into=batch)
    assert batch.everybody_asked


def test_every_row_is_asked_within_ask_every_ticks_unless_it_is_in_the_middle_of_something() -> None:
    engine = engine_of([3], ask_every=7)
    waited = np.zeros(4, np.int64)
    for batch in play(engine, 1200, 1):
        agents = engine.state.agents
        excused = (agents.activity[0] >= 0) | (agents.faint_left[0] > 0) | ~agents.present[0]
        waited = np.where(batch.asked | excused, 0, waited + 1)
        assert waited.max() <= 7


def test_observations_are_written_only_where_there_is_room_for_who_is_asked() -> None:
    engine = engine_of([1])
    with pytest.raises(ContractError, match="contiguous arrays"):
        engine.observe(into=ObservationBatch.empty(engine.spec, 4, spans=False))


def test_a_snapshot_between_two_decisions_is_exact(tmp_path: Path) -> None:
    one = engine_of([5, 6])
    for _ in play(one, 207, 2):
        pass
    assert not one.observe().asked.all()
    one.save(tmp_path / "towns")
    two = engine_of([5, 6])
    two.load(tmp_path / "towns")
    for mine, theirs in zip(play(one, 200, 3), play(two, 200, 3), strict=True):
        for name in ("map", "features", "action_mask", "active", "episode_start", "asked"):
            np.testing.assert_array_equal(getattr(mine, name), getattr(theirs, name), err_msg=name)


def test_threads_and_company_do_not_matter() -> None:
    config = TownletConfig.model_validate(HAMLET)
    one, many = TownEngine(config, range(6)), TownEngine(config, range(6), threads=3)
    for mine, theirs in zip(play(one, 150, 3), play(many, 150, 3), strict=True):
        np.testing.assert_array_equal(mine.features, theirs.features)
        np.testing.assert_array_equal(mine.asked, theirs.asked)


def test_decisions_and_goals_are_counted() -> None:
    engine = engine_of([1])
    asked = 4
    for batch in play(engine, 500, 4):
        before, asked = asked, asked + int(batch.asked.sum())
    totals = engine.kpis().totals()
    assert totals["decisions"] == before
    assert sum(value for name, value in totals.items() if name.startswith("goal_")) == pytest.approx(before, abs=4)
    assert totals["action_north"] > 0


def test_a_goal_that_cannot_be_pursued_now_is_refused_in_words() -> None:
    engine = engine_of([1])
    engine.state.agents.energy[:] = 1.0
    engine.observe()
    with pytest.raises(BackendContractError, match="chose 'bench' for alice of world 0: not possible now"):
        engine.step(np.full(4, engine.spec.action_names.index("bench")))


def test_a_goal_that_the_map_has_not_is_refused_with_the_reason(tmp_path: Path) -> None:
    drawn = (files("townlet.world") / "data" / "maps" / "hamlet.yaml").read_text(encoding="utf-8")
    bare = drawn.replace(",n..", ",...").replace("agents: 4", "agents: 4\ncomplete: false")
    (tmp_path / "bare.yaml").write_text(bare, encoding="utf-8")
    engine = engine_of([1], map=str(tmp_path / "bare.yaml"))
    bench = engine.spec.action_names.index("bench")
    assert not engine.observe().action_mask[:, bench].any()
    with pytest.raises(BackendContractError) as caught:
        engine.step(np.full(4, bench))
    assert "has no bench: this goal is never possible there" in str(caught.value)
