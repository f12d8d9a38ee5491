"""The same rules without a compiler are the oracle of the compiled ones: equal to the last bit."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SCRIPT = """
import hashlib
import numpy as np
from townlet.config.root import TownletConfig
from townlet.envs import TownEngine
from townlet.world.state import state_fields

engine = TownEngine(TownletConfig.model_validate({"town": {"map": "hamlet", "actions": ACTIONS},
                                                  "observation": {"variant": VARIANT},
                                                  "rewards": {"shaping_scale": 0.1, "social_stage": "C3"}}), [11])
rng = np.random.default_rng(4)
digest, mask = hashlib.sha256(), engine.observe().action_mask
for tick in range(TICKS):
    if tick % 40 == 0:  # a life in fast forward: hunger and quarrels come sooner
        engine.state.agents.hunger[:] *= np.float32(0.5)
        engine.state.ties.rivalry[:] = np.minimum(engine.state.ties.rivalry + np.float32(0.1), 1)
    draws = rng.random(mask.shape)
    draws[:, 6] += 0.5
    result = engine.step(np.where(mask, draws, -1.0).argmax(1))
    seen = result.observations
    mask = seen.action_mask
    for array in (seen.map, seen.features, mask, result.rewards, result.reward_parts):
        digest.update(np.ascontiguousarray(array).tobytes())
for _, _, array in state_fields(engine.state):
    digest.update(np.ascontiguousarray(array).tobytes())
for array in (*engine.memory, *engine.counters):
    digest.update(np.ascontiguousarray(array).tobytes())
print(digest.hexdigest())
"""


def digest(variant: str, ticks: int, actions: str, *, compiled: bool) -> str:
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "0" if compiled else "1"}
    script = SCRIPT.replace("VARIANT", repr(variant)).replace("TICKS", str(ticks)).replace("ACTIONS", repr(actions))
    command = [sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning", "-c", script]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variant", "ticks", "actions"),
    [
        ("hybrid", 400, "primitive"),
        ("full", 60, "primitive"),
        ("compact", 400, "primitive"),
        ("hybrid", 400, "goals"),
    ],
)
def test_compiled_equals_interpreted(variant: str, ticks: int, actions: str) -> None:
    assert digest(variant, ticks, actions, compiled=True) == digest(variant, ticks, actions, compiled=False)
