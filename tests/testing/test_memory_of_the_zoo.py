"""The recurrent learner of the zoo: right in its gradients, and solving a town that only memory solves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from townlet.api import PPOSettings
from townlet.envs import RecallTown
from townlet.minds.runtime import PolicyRuntime
from townlet.rollout import Collector, RolloutBuffer
from townlet.testing import run_checks
from townlet.testing.lived import lived_rollout

SETTINGS = PPOSettings(learning_rate=1e-2, minibatches=4, epochs=4, gamma=0.9)


def collector(town: RecallTown, learner, ticks: int) -> tuple[Collector, RolloutBuffer, PolicyRuntime]:
    buffer, runtime = RolloutBuffer(town.spec, ticks, town.rows), PolicyRuntime(learner.policy, town.spec)
    return Collector(town, runtime, buffer), buffer, runtime


def practise(learner, updates: int) -> float:
    """Reward per life of the last of so many rollouts, each learned from."""
    town = RecallTown(range(16))
    gather, buffer, _ = collector(town, learner, 21)
    earned = 0.0
    for update in range(updates):
        gather.collect()
        batch = buffer.batch()
        earned = float(batch.rewards.sum() / batch.terminated.sum())
        learner.update(batch, SETTINGS.model_copy(update={"seed": update}))
    return earned


@pytest.mark.parametrize(("kind", "least", "most"), [("RecurrentLearner", 0.9, 1.0), ("GoodLearner", 0.0, 0.5)])
def test_a_town_that_needs_memory_is_solved_with_one_and_not_without(zoo, kind: str, least: float, most: float) -> None:
    assert least <= practise(getattr(zoo, kind)(1, RecallTown([0]).spec), 20) <= most


def test_a_learner_with_memory_conforms_and_was_asked_about_it(zoo, subject_of) -> None:
    report = run_checks(
        subject_of(learner=zoo.RecurrentLearner, capabilities=("act", "learn.bc", "learn.ppo", "checkpoint"))
    )
    assert report.conforms, [r.message for r in report.results if r.outcome == "failed"]
    said = {result.name: result.message for result in report.results}
    assert said["learning.what-is-remembered-teaches"].endswith("updates")
    assert "1.00" in said["learning.what-is-remembered-teaches"]


def test_its_gradients_are_those_of_finite_differences(zoo) -> None:
    learner = zoo.RecurrentLearner(1)
    rollout = lived_rollout(learner, learner.spec)
    mind, memory = learner.policy, rollout.state["memory"]
    seen = zoo.inputs(rollout.features, rollout.map)
    wanted = np.random.Generator(np.random.PCG64(0)).normal(size=(*seen.shape[:2], seen.shape[2] + mind.width))

    def loss(weights) -> float:
        return float((mind.encode(weights, seen, rollout.episode_start, memory)[0] * wanted).sum())

    found = mind.backward(mind.weights, seen, rollout.episode_start, memory, wanted)
    for name in ("into", "again"):
        for index in [(0, 0), (2, 5), (11, 7)]:
            sides = []
            for step in (1e-6, -1e-6):
                moved = mind.weights[name].copy()
                moved[index] += step
                sides.append(loss({**mind.weights, name: moved}))
            assert found[name][index] == pytest.approx((sides[0] - sides[1]) / 2e-6, rel=1e-5, abs=1e-7)


def test_a_run_resumed_in_the_middle_of_a_life_goes_on_exactly(zoo, tmp_path) -> None:
    def learn(learner, buffer, seed: int) -> None:
        learner.update(buffer.batch(), SETTINGS.model_copy(update={"seed": seed}))

    town = RecallTown([1, 2, 3, 4])
    learner = zoo.RecurrentLearner(1, town.spec)
    gather, buffer, runtime = collector(town, learner, 9)
    gather.collect()
    learn(learner, buffer, 0)
    for folder in ("towns", "learner"):
        (tmp_path / folder).mkdir()
    town.save(tmp_path / "towns")
    learner.save(tmp_path / "learner")
    held = {name: array.copy() for name, array in runtime.state_arrays().items()}
    assert held["memory"].any()
    fresh = RecallTown([9, 9, 9, 9])
    again = zoo.RecurrentLearner(7, town.spec)
    fresh.load(tmp_path / "towns")
    again.load(tmp_path / "learner")
    others = collector(fresh, again, 9)
    others[2].restore(fresh.agents, fresh.policy_seeds(), held)
    for seed in (1, 2):
        gather.collect()
        learn(learner, buffer, seed)
        others[0].collect()
        learn(again, others[1], seed)
    assert again.policy.fingerprint() == learner.policy.fingerprint()


def test_who_is_not_asked_keeps_its_memory(zoo) -> None:
    town = RecallTown([1])
    policy = zoo.RecurrentLearner(1, town.spec).policy
    state = policy.decide(town.observe(), policy.initial_state(4, 0)).state
    asked, seen = np.array([True, False, True, False]), town.observe().copy()
    seen.episode_start[:] = False
    after = policy.decide(replace(seen, asked=asked), state).state.arrays()["memory"]
    assert np.array_equal(after[~asked], state.arrays()["memory"][~asked])
    assert not np.array_equal(after[asked], state.arrays()["memory"][asked])
