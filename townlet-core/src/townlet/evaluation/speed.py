"""How fast towns step on this machine: agent-steps per second, with random and with a policy's decisions."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from townlet.config import TownletConfig
from townlet.envs.engine import TownEngine
from townlet.policy.runtime import PolicyRuntime
from townlet.rollout import SimulationLoop

__all__ = ["Speed", "policy_speed", "world_speed"]

_WARM_UP = 50


class Speed(BaseModel):
    """What was measured."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    what: str = Field(description="What decided: random or a policy's name.")
    worlds: int = Field(ge=1, description="Towns stepped together.")
    agents: int = Field(ge=1, description="Agent slots a town.")
    threads: int = Field(ge=1, description="Threads that stepped the towns.")
    agent_steps: int = Field(ge=1, description="Agent-steps measured.")
    seconds: float = Field(gt=0, description="Wall time they took, seconds.")
    per_second: float = Field(gt=0, description="Agent-steps per second of wall time.")
    per_processor_second: float = Field(
        gt=0, description="Agent-steps per second of processor time, which other programs disturb less."
    )


def world_speed(config: TownletConfig, worlds: int, *, seconds: float = 1.0, threads: int = 1) -> Speed:
    """Step ``worlds`` towns with random possible actions; observations are written as the config says.

    Drawing the actions is done between the measured pieces and does not count.
    """
    engine = TownEngine(config, range(worlds), threads=threads)
    generator = np.random.Generator(np.random.PCG64(0))
    engine.reset()

    def piece(_: int) -> tuple[float, float]:
        seen = engine.observe()
        noise = generator.random(seen.action_mask.shape, np.float32)
        actions = (noise * seen.action_mask).argmax(axis=1).astype(np.int64)
        wall, busy = time.perf_counter(), time.process_time()
        engine.step(actions)
        return time.perf_counter() - wall, time.process_time() - busy

    return _measure("random", engine, piece, seconds, ticks=1)


def policy_speed(config: TownletConfig, policy: str, worlds: int, *, seconds: float = 1.0) -> Speed:
    """Step ``worlds`` towns with a policy's decisions, as ``run`` and ``evaluate`` do.

    Raises:
        BackendError, CheckpointError: if the policy cannot run.
    """
    engine = TownEngine(config, range(worlds))
    runtime = PolicyRuntime.from_config(config, engine.spec, backend=policy, on_missing="error")
    loop = SimulationLoop(engine, runtime)

    def piece(ticks: int) -> tuple[float, float]:
        wall, busy = time.perf_counter(), time.process_time()
        loop.run(ticks)
        return time.perf_counter() - wall, time.process_time() - busy

    try:
        return _measure(policy, engine, piece, seconds, ticks=20)
    finally:
        runtime.close()


def _measure(
    what: str, engine: TownEngine, piece: Callable[[int], tuple[float, float]], seconds: float, *, ticks: int
) -> Speed:
    """Run pieces of ``ticks`` ticks until ``seconds`` are measured; a piece says its wall and processor time."""
    for _ in range(max(_WARM_UP // ticks, 1)):
        piece(ticks)
    wall = busy = 0.0
    steps = 0
    while wall < seconds:
        took = piece(ticks)
        wall, busy, steps = wall + took[0], busy + took[1], steps + ticks * engine.rows
    return Speed(
        what=what,
        worlds=engine.worlds,
        agents=engine.agents,
        threads=engine.threads,
        agent_steps=steps,
        seconds=wall,
        per_second=steps / wall,
        per_processor_second=steps / max(busy, 1e-9),
    )
