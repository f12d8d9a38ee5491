"""The loop: what a step shows, how it stops, how it goes on."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest

from townlet.errors import BackendContractError
from townlet.minds.runtime import PolicyRuntime
from townlet.minds.stub import StubPolicy
from townlet.plugins.provenance import Provenance
from townlet.rollout import Interruptible, SimulationLoop, TrajectoryService, block_ticks


@pytest.fixture
def loop(town, worker):
    return SimulationLoop(town, PolicyRuntime(worker, town.spec))


def test_a_step_shows_before_and_after(loop):
    for number, step in enumerate(loop.steps(5)):
        assert step.tick == number
        assert (step.observations.features[:, 0] == number).all()
        assert (step.result.observations.features[:, 0] == number + 1).all()


def test_each_tick_is_shown_to_each_watcher_once(loop):
    one, two = [], []
    outcome = loop.run(7, [lambda s: one.append(s.tick), lambda s: two.append(s.tick)])
    assert one == two == list(range(7))
    assert (outcome.ticks, outcome.interrupted) == (7, False)
    loop.run(2, [lambda s: one.append(s.tick)])
    assert one[-2:] == [7, 8]


def test_a_second_loop_over_the_same_town_goes_on(town, worker):
    runtime = PolicyRuntime(worker, town.spec)
    SimulationLoop(town, runtime).run(3)
    SimulationLoop(town, runtime).run(3)
    assert town.tick == 6
    assert (runtime.state_arrays()["asked"] == 6).all()


def test_each_town_has_its_own_policy_seed(town, worker):
    runtime = PolicyRuntime(worker, town.spec)
    SimulationLoop(town, runtime)
    seeds = runtime.state_arrays()["seed"]
    assert len(set(seeds[:3])) == len(set(seeds[3:])) == 1
    assert seeds[0] != seeds[3]


def test_ctrl_c_ends_it_after_the_tick_under_way(loop, town):
    before = signal.getsignal(signal.SIGINT)

    def press(step):
        if step.tick == 3:
            os.kill(os.getpid(), signal.SIGINT)

    outcome = loop.run(100, [press])
    assert (outcome.ticks, outcome.interrupted) == (4, True)
    assert town.tick == 4
    assert signal.getsignal(signal.SIGINT) is before
    assert loop.run(2).ticks == 2


def test_a_second_ctrl_c_does_not_wait():
    with pytest.raises(KeyboardInterrupt), Interruptible() as interrupt:  # noqa: PT012
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupt.requested
        os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_masked_action_names_backend_agent_and_action(town):
    class Stubborn(StubPolicy):
        def decide(self, observations, state, *, explore=False):
            decision = super().decide(observations, state)
            decision.actions[4] = 1
            return decision

    runtime = PolicyRuntime(Stubborn(), town.spec, Provenance(requested="mule", active="mule", distribution="a-mule"))
    runtime.agent_names = town.agent_names
    loop = SimulationLoop(town, runtime)
    loop.run(1)
    with pytest.raises(BackendContractError) as caught:
        loop.run(1)
    *said, place = str(caught.value).splitlines()
    assert said == [
        "policy backend 'mule' chose 'work' for bob (town 1), which is not possible now",
        "  possible by the action mask: wait",
        "  backend: a-mule",
    ]
    assert place.startswith("  at: tests/rollout/test_loop.py:")
    assert town.tick == 1


class Blocks(list):
    def append(self, block):
        super().append({name: array.copy() for name, array in block.items()})


def test_trajectories_come_in_blocks_and_nothing_is_lost_between_them(town, worker, make_town):
    blocks, whole = Blocks(), Blocks()
    with TrajectoryService(blocks, town.spec, town.rows, reward_parts=2, ticks=7) as recorder:
        SimulationLoop(town, PolicyRuntime(worker, town.spec), recorder=recorder).run(23)
    other = make_town([7, 8])
    with TrajectoryService(whole, town.spec, town.rows, reward_parts=2, ticks=100) as recorder:
        SimulationLoop(other, PolicyRuntime(worker, town.spec), recorder=recorder).run(23)
    assert [len(b["actions"]) for b in blocks] == [7, 7, 7, 2]
    assert recorder.ticks == 23
    for name, array in whole[0].items():
        np.testing.assert_array_equal(np.concatenate([b[name] for b in blocks]), array, err_msg=name)


def test_a_failed_run_hands_on_no_short_block(town, worker):
    blocks = Blocks()
    recorder = TrajectoryService(blocks, town.spec, town.rows, ticks=50)
    with pytest.raises(ZeroDivisionError), recorder:
        SimulationLoop(town, PolicyRuntime(worker, town.spec), recorder=recorder).run(9, [lambda s: 1 // (s.tick - 5)])
    assert blocks == []


def test_a_block_fits_its_budget(town):
    assert block_ticks(town.spec, 6) == 1024
    assert block_ticks(town.spec, 10_000_000) == 16
