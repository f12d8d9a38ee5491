"""Presets that are characters do what they are called."""

from __future__ import annotations

import numpy as np
import pytest

from townlet.api import ObservationBatch, ObservationSpec
from townlet.config import TownletConfig, load_config
from townlet.observations import build_spec
from townlet.play import Cast, Job, MindSpec, play
from townlet_backend_scripted import ScriptedOptions, ScriptedPolicy


def anything(spec: ObservationSpec, rows: int, seed: int) -> ObservationBatch:
    """Observations that no town would give."""
    rng = np.random.default_rng(seed)
    batch = ObservationBatch.empty(spec, rows)
    batch.features[:] = np.round(rng.uniform(-1, 1, batch.features.shape), 1)
    batch.action_mask[:, 1:] = rng.random((rows, spec.action_count - 1)) < 0.5
    return batch


def lived(preset: str, *, days: float = 1.0, seeds: int = 2, town: str = "hamlet") -> dict[str, float]:
    """What is counted of some towns in which everybody is of that preset."""
    mind = MindSpec(requested=preset, backend="scripted", options={"preset": preset})
    config = load_config(None, [f"town.map={town}"])
    job = Job(config, Cast.of(mind), tuple(range(seeds)), 1).lasting(days)
    return play(job).kpis.totals()


def test_a_free_rider_earns_nothing_and_who_works_does() -> None:
    assert lived("free-rider")["wages"] == 0
    assert lived("tuned")["wages"] > 0


def test_a_pusher_pushes_in_and_others_never_do() -> None:
    assert lived("pusher", days=2, seeds=4, town="riverside")["conflict"] > 5
    assert lived("tuned", days=2, seeds=4, town="riverside")["conflict"] == 0


def test_a_saboteur_is_at_the_shower_far_more_often() -> None:
    often = lived("saboteur", days=2, seeds=4, town="riverside")["finished_shower"]
    assert often > 1.5 * lived("tuned", days=2, seeds=4, town="riverside")["finished_shower"]


def test_a_loner_talks_to_nobody() -> None:
    assert lived("loner")["chat_ok"] == 0
    assert lived("host")["chat_ok"] > 0


@pytest.fixture
def spec():
    return build_spec(TownletConfig.model_validate({"observation": {"variant": "compact"}}))


def test_whims_are_possible_drawn_by_key_and_counter_and_go_on_from_a_snapshot(spec) -> None:
    policy = ScriptedPolicy(spec, ScriptedOptions(preset="random"))
    batch = anything(spec, 300, 5)
    state = policy.initial_state(300, 7)
    first = policy.decide(batch, state)
    assert batch.action_mask[np.arange(300), first.actions].all()
    assert policy.decide(batch, state).actions.tolist() == first.actions.tolist()
    second = policy.decide(batch, first.state)
    assert second.actions.tolist() != first.actions.tolist()
    kept = {name: array.copy() for name, array in first.state.arrays().items()}
    again = policy.decide(batch, first.state.with_arrays(kept))
    assert again.actions.tolist() == second.actions.tolist()


def test_log_probs_are_those_of_what_is_drawn(spec) -> None:
    """Over many draws of one observation the shares are what the log-probabilities say."""
    policy = ScriptedPolicy(spec, ScriptedOptions(whim=0.4))
    one = anything(spec, 1, 11)
    rows = 20_000
    batch = one.take(np.zeros(rows, np.intp))
    decision = policy.decide(batch, policy.initial_state(rows, 3))
    for action in np.flatnonzero(one.action_mask[0]):
        chosen = decision.actions == action
        assert chosen.mean() == pytest.approx(np.exp(decision.log_probs[chosen][0]), abs=0.02)


def test_without_whims_nothing_is_remembered(spec) -> None:
    assert dict(ScriptedPolicy(spec, ScriptedOptions(preset="pusher")).initial_state(4, 0).arrays()) == {}
