"""Same seed, same everything: whatever the company, the threads, the process, the compiler."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from townlet.world import new_state, reset_world
from townlet.world.chance import draw, stream_keys
from townlet.world.start import copy_state
from townlet.world.state import Streams, state_fields

HERE = Path(__file__).parent
GOLDEN = HERE / "golden" / "traces.json"
TRACES = [
    ("hamlet", 1, 1500, "primitive"),
    ("hamlet", 2, 1500, "primitive"),
    ("riverside", 1, 1500, "primitive"),
    ("generated", 3, 600, "primitive"),
    ("hamlet", 1, 1500, "goals"),
    ("riverside", 1, 1500, "goals"),
]


def assert_equal(one, two):
    assert one.keys() == two.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], two[name], err_msg=name)


def test_world_3_of_256_equals_the_same_world_alone(crowd):
    many = crowd("hamlet", range(100, 356)).step(300)
    alone = crowd("hamlet", [103]).step(300)
    assert_equal(many.world(3), alone.world(0))


@pytest.mark.parametrize(("threads", "actions"), [(2, "primitive"), (3, "primitive"), (8, "primitive"), (3, "goals")])
def test_threads_do_not_matter(crowd, threads, actions):
    one = crowd("hamlet", range(7), actions=actions).step(400)
    many = crowd("hamlet", range(7), threads=threads, actions=actions).step(400)
    for w in range(7):
        assert_equal(one.world(w), many.world(w))


def test_other_seeds_are_other_lives(crowd):
    worlds = crowd("hamlet", [1, 2])
    assert not np.array_equal(worlds.state.agents.personality[0], worlds.state.agents.personality[1])


def test_a_reset_world_equals_a_new_one(crowd):
    used = crowd("hamlet", [1, 2]).step(700)
    other = used.world(0)
    reset_world(used.state, used.town, 1, 55)
    assert_equal(used.world(0), other)
    fresh = crowd("hamlet", [55])
    assert_equal(used.world(1), fresh.world(0))


def test_copies_continue_alike(crowd):
    one = crowd("hamlet", [4]).step(300)
    two = crowd("hamlet", [9])
    copy_state(one.state, two.state)
    two.random = [np.random.Generator(np.random.PCG64(8))]
    one.random = [np.random.Generator(np.random.PCG64(8))]
    assert_equal(one.step(300).world(), two.step(300).world())


@pytest.mark.parametrize(("name", "seed", "ticks", "actions"), TRACES)
def test_golden_traces(crowd, digest, name, seed, ticks, actions):
    """The rules are as they were. After a change of rules, write them anew: TOWNLET_WRITE_GOLDEN=1 pytest ..."""
    found = digest(crowd(name, [seed], actions=actions).step(ticks).world())
    key = f"{name}-{seed}-{ticks}-{actions}"
    golden = json.loads(GOLDEN.read_text())
    if os.environ.get("TOWNLET_WRITE_GOLDEN"):
        golden[key] = found
        GOLDEN.write_text(json.dumps(golden, indent=2, sort_keys=True) + "\n")
    assert golden[key] == found


SCRIPT = """
import sys, json
sys.path.insert(0, {here!r})
import conftest
from townlet.config.town import TownConfig
from townlet.world.compiled import jit_enabled
town = TownConfig(map="hamlet", outside=conftest.LIVELY, lives=conftest.HARD, actions={actions!r})
crowd = conftest.Crowd(town, [21])
digests = [conftest.digest_of(crowd.step(100).world()) for _ in range(6)]
print(json.dumps([jit_enabled(), digests]))
"""


@pytest.mark.parametrize("actions", ["primitive", "goals"])
def test_interpreted_rules_give_the_same_as_compiled_ones(crowd, digest, actions):
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-W", "error", "-c", SCRIPT.format(here=str(HERE), actions=actions)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=300)
    jit, digests = json.loads(done.stdout)
    assert not jit
    compiled = crowd("hamlet", [21], actions=actions)
    assert [digest(compiled.step(100).world()) for _ in range(6)] == digests


def test_the_worlds_numbers_are_those_of_townlet_rng():
    from townlet import rng

    key = stream_keys(np.array([5, 6], np.uint64))
    streams = Streams(key, np.zeros((2, 3), np.uint64))
    drawn = [draw(streams, 1, 2) for _ in range(5)]
    assert drawn == rng.uniform(key[1, 2:3], np.arange(5, dtype=np.uint64)).tolist()
    assert streams.counter.tolist() == [[0, 0, 0], [0, 0, 5]]


@pytest.mark.parametrize("seeds", [[], [-1], [2**64]])
def test_seeds_are_checked(crowd, seeds):
    with pytest.raises(ValueError, match="seeds must be"):
        new_state(crowd("hamlet", [1]).town, seeds)


def test_nothing_is_rebound_or_reshaped_by_a_step(crowd):
    worlds = crowd("hamlet", [1])
    before = {name: array.ctypes.data for name, _, array in state_fields(worlds.state)}
    worlds.step(50)
    assert before == {name: array.ctypes.data for name, _, array in state_fields(worlds.state)}
