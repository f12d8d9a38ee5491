"""A town of three minds from three distributions: run, recorded, resumed, and taught in."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from townlet.config import load_config
from townlet.data import open_dataset
from townlet.errors import SnapshotError
from townlet.play import Casting, Job, Keep, Stage, perform, play, resumed
from townlet.plugins import loading, refresh

SOURCE = Path(__file__).parents[2] / "docs" / "examples" / "townlet-backend-numpy-learner" / "src"
PACKAGE = "townlet_backend_numpy_learner"


@pytest.fixture(autouse=True)
def numpy_learner(tmp_path, monkeypatch):
    """The example distribution, as if it were installed."""
    info = tmp_path / "site" / "townlet_backend_numpy_learner-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: townlet-backend-numpy-learner\nVersion: 0.1.0\n\n")
    (info / "entry_points.txt").write_text(
        f"[townlet.backends]\nnumpy-learner = {PACKAGE}.plugin\n"
        f"[townlet.backend_manifests]\nnumpy-learner = {PACKAGE}:townlet_backend.toml\n"
    )
    monkeypatch.syspath_prepend(str(SOURCE))
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    refresh()
    yield
    loading.load_backend.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
    monkeypatch.undo()
    refresh()


def config(*overrides: str):
    return load_config(None, ["town.map=hamlet", "policy.backend=scripted", *overrides])


def job_of(ticks: int, **rest) -> Job:
    town = config()
    cast = Casting.of(town).cast(None, ["alice=numpy-learner", "bob=stub"])
    return Job(town, cast, (5, 6), ticks, explore=True, **rest)


def test_each_agent_is_played_by_its_mind(tmp_path):
    outcome = play(job_of(60, keep=Keep.dataset(tmp_path / "town")))
    told = outcome.provenance
    assert [(mind.active, mind.distribution, mind.agents) for mind in told.minds] == [
        ("numpy-learner", "townlet-backend-numpy-learner", ("alice",)),
        ("stub", "townlet-core", ("bob",)),
        ("scripted", "townlet-backend-scripted", ("carol", "dave")),
    ]
    block = open_dataset(tmp_path / "town").read(0, 60)
    rows = block.actions.reshape(60, 2, 4)
    assert (rows[:, :, 1] == 0).all(), "bob only waits"
    told_values = ~np.isnan(block.values.reshape(60, 2, 4)).all(0)
    assert told_values.all(0).tolist() == [True, False, False, False], "only the learner values what it sees"


def test_a_resumed_town_is_the_town_that_was_not_interrupted(tmp_path):
    with Stage(job_of(80)) as whole:
        perform(whole)
        digests, kpis = whole.digests(), whole.kpis()
    with Stage(job_of(30)) as first:
        perform(first)
        first.save(tmp_path / "snapshots" / "tick-000000030")
    rest = resumed(tmp_path / "snapshots", 50)
    assert (rest.cast, rest.explore, rest.seeds) == (job_of(1).cast, True, (5, 6))
    with Stage(Job.from_json(rest.to_json())) as second:
        outcome = perform(second)
        assert (outcome.first_tick, outcome.ticks) == (30, 50)
        assert second.digests() == digests
    assert outcome.kpis.summary() == kpis.summary()


def test_another_cast_does_not_go_on_with_it(tmp_path):
    with Stage(job_of(5)) as stage:
        perform(stage)
        stage.save(tmp_path / "tick-000000005")
    other = Stage(Job(config(), Casting.of(config()).cast(None, ["alice=stub"]), (5, 6), 5))
    with other, pytest.raises(SnapshotError, match="different policy"):
        other.load(tmp_path / "tick-000000005")


@pytest.mark.parametrize("cast", ["[{who: 'bob,carol', mind: stub}]", "[{who: 50%, mind: learner}]"])
def test_the_rows_that_the_learner_plays_are_the_ones_that_teach_it(tmp_path, cast):
    from townlet.training import TrainingHarness

    town = config(
        f"policy.cast={cast}",
        "training.backend=numpy-learner",
        "training.evaluate=false",
        "training.ppo.updates=2",
        "training.ppo.rollout.worlds=4",
        "training.ppo.rollout.groups=2",
        "training.ppo.rollout.ticks=40",
        "training.ppo.rollout.episode_ticks=80",
    )
    result = TrainingHarness(town, "rollout", out=tmp_path / "run").train()
    assert result.samples == 2 * 40 * 4 * 2, "two updates of 40 ticks of four towns, two of four agents in each"
    assert result.fingerprint != result.initial_fingerprint
