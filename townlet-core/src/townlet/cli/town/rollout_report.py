"""What a rollout is reported as."""

from __future__ import annotations

from collections.abc import Sequence

from townlet.cli.output import as_typed, counted, emit, emit_json
from townlet.data import open_dataset
from townlet.errors import ContractError
from townlet.play import Outcome
from townlet.visible import visible

__all__ = ["report_rollout"]


def report_rollout(outcome: Outcome, warnings: Sequence[str], *, as_json: bool) -> None:
    """Print what was recorded.

    Raises:
        BackendError: the failure of an outcome that kept no dataset.
    """
    if outcome.dataset is None:
        raise outcome.failure or ContractError("the rollout kept no dataset")
    dataset = open_dataset(outcome.dataset, verify=False)
    manifest = dataset.manifest
    per_second = manifest.ticks * manifest.rows / outcome.timing.seconds
    if as_json:
        emit_json(
            {
                "run_id": outcome.run,
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
                "interrupted": outcome.interrupted,
                "failure": None if outcome.failure is None else str(outcome.failure),
                "policy": dict(manifest.policy),
                "metrics": dict(manifest.metrics),
                "seconds": round(outcome.timing.seconds, 6),
                "agent_steps_per_second": round(per_second, 1),
                "warnings": list(warnings),
            }
        )
        return
    state = "failed after" if outcome.failure else "interrupted after" if outcome.interrupted else "recorded"
    emit(
        f"{state} {counted(manifest.ticks, 'tick')} of {counted(manifest.worlds, 'world')} "
        f"with {counted(manifest.agents, 'agent')}: {counted(manifest.transitions, 'transition')} "
        f"by {visible(outcome.provenance.words())}"
    )
    emit(f"dataset: {dataset.path}  ({manifest.size / 1e6:,.1f} MB, {counted(len(manifest.shards), 'shard')})")
    emit(f"speed: {per_second:,.0f} agent-steps/s, reward {manifest.metrics.get('reward_mean', 0.0):+.4f} a tick")
    emit(f"look at it with:  townlet dataset inspect {as_typed(dataset.path)}")
