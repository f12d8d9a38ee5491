"""A snapshot holds everything: going on from it equals never having stopped, array by array."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from townlet.errors import SnapshotError
from townlet.world.state import state_fields


def run(engine, choose, ticks: int) -> None:
    mask = engine.observe().action_mask
    for _ in range(ticks):
        mask = engine.step(choose(mask)).observations.action_mask


def assert_equal(one, other) -> None:
    for (name, _, a), (_, _, b) in zip(state_fields(one.state), state_fields(other.state), strict=True):
        assert np.array_equal(a, b), name
    for part_a, part_b in ((one.memory, other.memory), (one.counters, other.counters)):
        for name, a, b in zip(part_a._fields, part_a, part_b, strict=True):
            assert np.array_equal(a, b), name
    assert one.tick == other.tick
    assert one.seeds == other.seeds
    assert one.kpis().summary() == other.kpis().summary()


@pytest.fixture
def saved(make_engine, wanderers, tmp_path: Path) -> Path:
    engine = make_engine(seeds=[3, 4])
    run(engine, wanderers(engine), 1200)
    engine.save(tmp_path / "snapshot")
    return tmp_path / "snapshot"


def test_resumed_equals_uninterrupted(make_engine, wanderers, tmp_path: Path) -> None:
    whole, stopped, resumed = make_engine(seeds=[3, 4]), make_engine(seeds=[3, 4]), make_engine(seeds=[8, 9])
    choose_whole, choose_parts = wanderers(whole), wanderers(stopped)
    run(whole, choose_whole, 1500)
    run(stopped, choose_parts, 700)
    stopped.save(tmp_path / "noon")
    resumed.load(tmp_path / "noon")
    run(resumed, choose_parts, 800)
    assert_equal(whole, resumed)


def test_a_fresh_towns_snapshot(make_engine, tmp_path: Path) -> None:
    engine, other = make_engine(seeds=[1]), make_engine(seeds=[2])
    engine.save(tmp_path / "morning")
    other.load(tmp_path / "morning")
    assert_equal(engine, other)
    assert other.observe().episode_start.all()


def test_replaces_an_older_snapshot(make_engine, saved: Path) -> None:
    engine = make_engine(seeds=[3, 4])
    engine.save(saved)
    engine.load(saved)
    assert engine.tick == 0
    assert [p.name for p in saved.parent.iterdir()] == ["snapshot"]


def test_will_not_overwrite_what_is_no_snapshot(make_engine, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "poem.txt").write_text("roses")
    with pytest.raises(SnapshotError, match="not a snapshot"):
        make_engine().save(tmp_path / "notes")
    assert (tmp_path / "notes" / "poem.txt").read_text() == "roses"


class TestRefused:
    """Each is refused with the place and the reason, and the engine stays as it was."""

    def refuse(self, engine, path: Path, match: str) -> None:
        before = engine.observe().copy()
        with pytest.raises(SnapshotError, match=match) as caught:
            engine.load(path)
        assert str(path) in str(caught.value)
        assert np.array_equal(engine.observe().features, before.features)
        assert engine.tick == 0

    def arrays(self, saved: Path) -> list[Path]:
        return sorted(p for p in saved.rglob("*") if p.suffix == ".safetensors")

    def test_missing(self, make_engine, tmp_path: Path) -> None:
        self.refuse(make_engine(seeds=[3, 4]), tmp_path / "nowhere", "engine.json is missing")

    def test_truncated(self, make_engine, saved: Path) -> None:
        for file in self.arrays(saved):
            file.write_bytes(file.read_bytes()[:-100])
        self.refuse(make_engine(seeds=[3, 4]), saved, "damaged|truncated|read")

    def test_tampered(self, make_engine, saved: Path) -> None:
        for file in self.arrays(saved):
            data = bytearray(file.read_bytes())
            data[-5] ^= 1
            file.write_bytes(bytes(data))
        self.refuse(make_engine(seeds=[3, 4]), saved, "damaged|tampered|digest")

    def test_of_another_version(self, make_engine, saved: Path) -> None:
        header = json.loads((saved / "engine.json").read_text())
        (saved / "engine.json").write_text(json.dumps({**header, "version": 99}))
        self.refuse(make_engine(seeds=[3, 4]), saved, "version")

    def test_of_another_town(self, make_engine, saved: Path) -> None:
        other = make_engine(seeds=[3, 4], town={"map": "riverside"})
        self.refuse(other, saved, "town")

    def test_of_other_observations(self, make_engine, saved: Path) -> None:
        self.refuse(make_engine(seeds=[3, 4], observation={"variant": "compact"}), saved, "spec")

    def test_of_another_number_of_worlds(self, make_engine, saved: Path) -> None:
        self.refuse(make_engine(seeds=[3]), saved, "world")
