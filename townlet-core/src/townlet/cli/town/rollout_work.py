"""What ``townlet rollout`` does: opens towns, minds and a dataset, runs the loop, enters the run."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from townlet.cli.compiling import say_that_it_compiles
from townlet.cli.output import as_typed, counted, emit, emit_json, warn
from townlet.cli.town.recording import recording
from townlet.cli.town.run_progress import Progress
from townlet.config import ConfigDocument, TownletConfig
from townlet.data import Dataset, open_dataset
from townlet.data.manifest import MANIFEST_NAME
from townlet.envs.engine import TownEngine
from townlet.errors import BackendError
from townlet.minds.policy_names import choose_policy
from townlet.minds.runtime import PolicyRuntime
from townlet.plugins import Selection
from townlet.registry import resolve_release
from townlet.rollout import SimulationLoop

__all__ = ["RolloutRequest", "RolloutResult", "record_rollout", "report_rollout"]

Told = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutRequest:
    """What was asked for; see the options of ``townlet rollout``."""

    document: ConfigDocument
    backend: str | None = None
    disabled: tuple[str, ...] = ()
    worlds: int = 8
    ticks: int | None = None
    days: float = 1.0
    out: Path | None = None
    explore: bool = False
    threads: int = 1
    tags: tuple[str, ...] = ()
    runs: Path = Path("runs")
    keep: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutResult:
    """What there is to report.

    Attributes:
        dataset: what was recorded, opened.
        run_id: entry in the registry, or None.
        interrupted: whether a person ended it early.
        failure: what stopped the policy half-way, or None.
        seconds: wall time of running and writing.
        warnings: what a person should know.
    """

    dataset: Dataset
    run_id: str | None
    interrupted: bool
    failure: BackendError | None
    seconds: float
    warnings: tuple[str, ...]


def record_rollout(request: RolloutRequest) -> RolloutResult:
    """Run the towns and record them.

    Raises:
        TownletError: whatever makes it impossible, or ends it half-way. What was recorded whole by then is kept;
            where that is because the policy failed, it is the result's ``failure`` and not raised.
    """
    config = request.document.config
    if request.backend is not None:
        config = choose_policy(config, request.backend)
    ticks = request.ticks or max(1, round(request.days * config.town.time.day_ticks))
    out = request.out or request.runs / "datasets" / f"{config.config_id}-s{config.seed}-w{request.worlds}-t{ticks}"
    warnings: list[str] = []

    def told(message: str) -> None:
        warnings.append(message)
        warn(message)

    say_that_it_compiles()
    engine = TownEngine(config, [config.seed + world for world in range(request.worlds)], threads=request.threads)
    runtime = _open_runtime(request, config, engine, told)
    started = time.perf_counter()
    runs = request.runs if request.keep else None
    failure, run_id = None, None
    try:
        with recording(
            out, engine, runtime.provenance(), kind="rollout", runs=runs, tags=request.tags, warn=told
        ) as made:
            run_id = made.run_id
            with Progress(ticks, engine.worlds) as progress:
                loop = SimulationLoop(engine, runtime, explore=request.explore, recorder=made.recorder)
                made.interrupted = loop.run(ticks, [progress.advance]).interrupted
    except BackendError as error:
        if not (out / MANIFEST_NAME).is_file():
            raise  # nothing could be kept
        failure = error
    finally:
        runtime.close()
        engine.close()
    return RolloutResult(
        dataset=open_dataset(out, verify=False),
        run_id=run_id,
        interrupted=made.interrupted,
        failure=failure,
        seconds=time.perf_counter() - started,
        warnings=tuple(warnings),
    )


def _open_runtime(
    request: RolloutRequest, config: TownletConfig, engine: TownEngine, told: Callable[[str], None]
) -> PolicyRuntime:
    document = request.document

    def where(key: str) -> str:
        if request.backend is not None and key == "policy.backend":
            return f"--backend {request.backend}"
        return document.where(key)

    runtime = PolicyRuntime.from_config(
        config,
        engine.spec,
        where=where,
        selection=Selection.from_environment(request.disabled),
        release=lambda: resolve_release(request.runs),
        base=None if document.path is None else document.path.parent,
        warn=told,
    )
    runtime.agent_names = engine.agent_names
    runtime.start(engine.agents, engine.policy_seeds())
    return runtime


def report_rollout(result: RolloutResult, *, as_json: bool) -> None:
    """Print what was recorded."""
    dataset, manifest = result.dataset, result.dataset.manifest
    per_second = manifest.ticks * manifest.rows / result.seconds
    if as_json:
        emit_json(
            {
                "run_id": result.run_id,
                "dataset": str(dataset.path),
                "digest": dataset.digest,
                "config_id": manifest.config_id,
                "seeds": list(manifest.seeds),
                "worlds": manifest.worlds,
                "agents": manifest.agents,
                "ticks": manifest.ticks,
                "transitions": manifest.transitions,
                "bytes": manifest.size,
                "shards": len(manifest.shards),
                "interrupted": result.interrupted,
                "failure": None if result.failure is None else str(result.failure),
                "policy": dict(manifest.policy),
                "metrics": dict(manifest.metrics),
                "seconds": round(result.seconds, 6),
                "agent_steps_per_second": round(per_second, 1),
                "warnings": list(result.warnings),
            }
        )
        return
    state = "failed after" if result.failure else "interrupted after" if result.interrupted else "recorded"
    emit(
        f"{state} {counted(manifest.ticks, 'tick')} of {counted(manifest.worlds, 'world')} "
        f"with {counted(manifest.agents, 'agent')}: {counted(manifest.transitions, 'transition')} "
        f"by {manifest.policy.get('active')}"
    )
    emit(f"dataset: {dataset.path}  ({manifest.size / 1e6:,.1f} MB, {counted(len(manifest.shards), 'shard')})")
    emit(f"speed: {per_second:,.0f} agent-steps/s, reward {manifest.metrics.get('reward_mean', 0.0):+.4f} a tick")
    emit(f"look at it with:  townlet dataset inspect {as_typed(dataset.path)}")
