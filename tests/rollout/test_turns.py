"""Sides of towns that take turns bring what their loops bring one after the other, bit by bit."""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import fields

import numpy as np
import pytest

from townlet.api import ArrayState, Decision
from townlet.minds.runtime import PolicyRuntime
from townlet.rollout import Collector, RolloutBuffer, Side, TakingTurns
from townlet.rollout.turns import _part_of

TICKS = 23


class Towns:
    """Groups of towns with a policy each of whose rows counts its decisions."""

    def __init__(self, make_town, worker, seeds, ticks=TICKS):
        self.towns = [make_town(group) for group in seeds]
        self.runtimes = [PolicyRuntime(worker, town.spec) for town in self.towns]
        self.buffers = [RolloutBuffer(town.spec, ticks, town.rows, reward_parts=2) for town in self.towns]
        self.collectors = [
            Collector(town, runtime, buffer)
            for town, runtime, buffer in zip(self.towns, self.runtimes, self.buffers, strict=True)
        ]
        self.loops = [collector.loop for collector in self.collectors]

    def arrays(self):
        return [{name: array.copy() for name, array in buffer.arrays().items()} for buffer in self.buffers]

    def begin(self):
        for collector in self.collectors:
            collector.begin()

    def finish(self, outcome):
        return [collector.finish(outcome) for collector in self.collectors]


@pytest.fixture
def make(make_town, worker):
    return lambda *seeds, **options: Towns(make_town, worker, seeds, **options)


def assert_equal(ours, theirs):
    for mine, other in zip(ours, theirs, strict=True):
        assert mine.keys() == other.keys()
        for name, array in mine.items():
            np.testing.assert_array_equal(array, other[name], err_msg=name)


@pytest.mark.parametrize("seeds", [([7], [8]), ([7, 8], [9]), ([1], [2, 3, 4], [5])], ids=["1+1", "2+1", "1+3+1"])
@pytest.mark.parametrize("least_rows", [1, 1000], ids=["in-a-thread", "without"])
def test_taking_turns_changes_nothing(make, seeds, least_rows):
    straight, turning = make(*seeds), make(*seeds)
    with TakingTurns([Side([loop]) for loop in turning.loops], least_rows=least_rows) as turns:
        for _ in range(3):
            for collector in straight.collectors:
                collector.collect()
            turning.begin()
            turning.finish(turns.run(TICKS, [()] * len(seeds)))
            assert_equal(turning.arrays(), straight.arrays())
    for one, other in zip(turning.runtimes, straight.runtimes, strict=True):
        assert_equal([one.state_arrays()], [other.state_arrays()])


def test_the_towns_live_in_a_thread_of_their_own(make):
    towns, seen = make([7], [8]), set()
    step = towns.towns[0].step
    towns.towns[0].step = lambda *args, **words: (seen.add(threading.current_thread().name), step(*args, **words))[1]
    with TakingTurns([Side([loop]) for loop in towns.loops], least_rows=1) as turns:
        towns.begin()
        turns.run(TICKS, [(), ()])
    assert seen
    assert threading.main_thread().name not in seen


def test_few_rows_are_not_worth_a_thread(make):
    towns, seen = make([7], [8]), set()
    step = towns.towns[0].step
    towns.towns[0].step = lambda *args, **words: (seen.add(threading.current_thread().name), step(*args, **words))[1]
    with TakingTurns([Side([loop]) for loop in towns.loops]) as turns:
        towns.begin()
        stats = towns.finish(turns.run(TICKS, [(), ()]))
    assert seen == {threading.main_thread().name}
    assert all(each.town_seconds > 0 for each in stats)


def test_one_side_is_decided_for_while_the_other_lives(make):
    """Each decision looks whether a town lives meanwhile: one after the other, none ever would."""
    towns = make([7], [8], ticks=20)
    living, met = threading.Event(), []

    def lives(step):
        def lived(*args, **words):
            living.set()
            time.sleep(0.005)
            outcome = step(*args, **words)
            living.clear()
            return outcome

        return lived

    def decides(decide):
        return lambda *args, **words: (met.append(living.wait(0.05)), decide(*args, **words))[1]

    for town, runtime in zip(towns.towns, towns.runtimes, strict=True):
        town.step = lives(town.step)
        runtime.decide = decides(runtime.decide)
    with TakingTurns([Side([loop]) for loop in towns.loops], least_rows=1) as turns:
        towns.begin()
        stats = towns.finish(turns.run(20, [(), ()]))
    assert sum(met) > 10, "of some forty decisions"
    assert sum(each.deciding_seconds for each in stats) > 0


def test_watchers_see_the_ticks_of_their_own_loop_in_order(make):
    towns, seen = make([7], [8, 9]), ([], [])
    with TakingTurns([Side([loop]) for loop in towns.loops], least_rows=1) as turns:
        towns.begin()
        turns.run(9, [(lambda step: seen[0].append((step.tick, len(step.decision.actions))),), ()])
    assert seen[0] == [(tick, 3) for tick in range(9)]


def test_ctrl_c_ends_all_sides_after_the_same_tick(make):
    towns = make([7], [8])

    def press(step):
        if step.tick == 4:
            os.kill(os.getpid(), signal.SIGINT)

    with TakingTurns([Side([loop]) for loop in towns.loops], least_rows=1) as turns:
        towns.begin()
        outcome = turns.run(TICKS, [(press,), ()])
    assert outcome.interrupted
    assert [town.tick for town in towns.towns] == [outcome.ticks] * 2
    assert 5 <= outcome.ticks < TICKS


def test_an_error_waits_for_the_towns_that_are_in_the_thread(make):
    towns = make([7], [8])
    living = threading.Event()
    step = towns.towns[0].step

    def slowly(*args, **words):
        living.set()
        time.sleep(0.05)
        result = step(*args, **words)
        living.clear()
        return result

    def fail(*_, **__):
        assert living.wait(1)
        raise RuntimeError("no mind")

    towns.towns[0].step, towns.runtimes[1].decide = slowly, fail
    with TakingTurns([Side([loop]) for loop in towns.loops], least_rows=1) as turns:
        towns.begin()
        with pytest.raises(RuntimeError, match="no mind"):
            turns.run(TICKS, [(), ()])
        assert not living.is_set()


def test_an_error_of_a_town_comes_out_of_its_thread(make):
    towns = make([7], [8])

    def fall_apart(*_, **__):
        raise RuntimeError("the town fell apart")

    towns.towns[1].step = fall_apart
    with TakingTurns([Side([loop]) for loop in towns.loops], least_rows=1) as turns:
        towns.begin()
        with pytest.raises(RuntimeError, match="fell apart"):
            turns.run(TICKS, [(), ()])


@pytest.mark.parametrize("told", [("log_probs", "values", "logits"), ()], ids=["all", "actions-alone"])
def test_a_part_of_a_decision_is_whole(told):
    """It is made past the checks, so it must not lack a field that a decision has."""
    shapes = {"log_probs": (6,), "values": (6,), "logits": (6, 3)}
    rng = np.random.default_rng(1)
    arrays = {name: rng.normal(size=shapes[name]).astype(np.float32) for name in told}
    decision = Decision(np.arange(6), ArrayState({"key": np.arange(6)}), **arrays)
    part = _part_of(decision, slice(2, 5))
    expected = Decision(np.arange(2, 5), ArrayState(), **{name: array[2:5] for name, array in arrays.items()})
    for field in fields(Decision):
        np.testing.assert_equal(getattr(part, field.name), getattr(expected, field.name), err_msg=field.name)
