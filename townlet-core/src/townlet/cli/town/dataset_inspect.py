"""``townlet dataset inspect``: what a dataset holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from townlet.cli.options import debug_option, json_option
from townlet.cli.output import JSONValue, counted, emit, emit_json
from townlet.cli.tables import emit_facts, emit_table

if TYPE_CHECKING:
    from townlet.data import Dataset, EpisodeTable

__all__ = ["command"]


@click.command("inspect")
@click.argument("path", metavar="DATASET", type=click.Path(path_type=Path))
@click.option("--full", is_flag=True, help="Show every baseline and every shard.")
@json_option
@debug_option
def command(path: Path, full: bool, as_json: bool) -> None:
    """Show what a dataset holds: towns, policy, lives, actions, rewards.

    \b
    Example:  townlet dataset inspect data/first

    JSON keys: path, digest, schema_version, created, layout, complete, interruption, config_id, config_digest,
    observation_fingerprint, variant, policy, worlds, agents, rows, agent_names, seeds, ticks, transitions, logits,
    bytes, shards (name, ticks, transitions, size, sha256), segments (first_tick, ticks, seeds), tags, derived_from,
    metrics (name to number), actions (name to share), episodes (count, terminated, truncated, cut, length_mean,
    length_median, length_max, return_mean, return_min, return_max).
    """
    from townlet.data import index_episodes, open_dataset

    dataset = open_dataset(path, verify=False)
    episodes = index_episodes(dataset)
    if as_json:
        emit_json(_document(dataset, episodes))
    else:
        _show(dataset, episodes, full=full)


def _lives(episodes: EpisodeTable) -> dict[str, float | None]:
    from townlet.data.episodes import OUTCOMES

    any_life = len(episodes) > 0
    found: dict[str, float | None] = {"count": len(episodes)}
    for number, outcome in enumerate(OUTCOMES):
        found[outcome] = int((episodes.outcome == number).sum())
    lengths, returns = sorted(episodes.length.tolist()), episodes.returns.tolist()
    found["length_mean"] = sum(lengths) / len(lengths) if any_life else None
    found["length_median"] = lengths[len(lengths) // 2] if any_life else None
    found["length_max"] = lengths[-1] if any_life else None
    found["return_mean"] = sum(returns) / len(returns) if any_life else None
    found["return_min"] = min(returns, default=None)
    found["return_max"] = max(returns, default=None)
    return found


def _actions(dataset: Dataset) -> dict[str, float]:
    metrics = dataset.metrics
    return {name: metrics.get(f"action_{name}", 0.0) for name in dataset.spec.action_names}


def _document(dataset: Dataset, episodes: EpisodeTable) -> dict[str, JSONValue]:
    manifest = dataset.manifest
    return {
        "path": str(dataset.path),
        "digest": dataset.digest,
        "schema_version": manifest.schema_version,
        "created": manifest.created,
        "layout": manifest.layout,
        "complete": manifest.complete,
        "interruption": manifest.interruption,
        "config_id": manifest.config_id,
        "config_digest": manifest.config_digest,
        "observation_fingerprint": manifest.observation_fingerprint,
        "variant": dataset.spec.variant,
        "policy": dict(manifest.policy),
        "worlds": manifest.worlds,
        "agents": manifest.agents,
        "rows": manifest.rows,
        "agent_names": list(manifest.agent_names),
        "seeds": list(manifest.seeds),
        "ticks": manifest.ticks,
        "transitions": manifest.transitions,
        "logits": manifest.logits,
        "bytes": manifest.size,
        "shards": [shard.model_dump(mode="json", exclude={"segment"}) for shard in manifest.shards],
        "segments": [segment.model_dump(mode="json") for segment in manifest.segments],
        "tags": list(manifest.tags),
        "derived_from": manifest.derived_from,
        "metrics": dict(manifest.metrics),
        "actions": _actions(dataset),
        "episodes": _lives(episodes),
    }


def _show(dataset: Dataset, episodes: EpisodeTable, *, full: bool) -> None:
    from townlet.plugins.provenance import recorded_words

    manifest, lives = dataset.manifest, _lives(episodes)
    rows = [
        ("dataset", str(dataset.path)),
        ("digest", dataset.digest[:16]),
        ("recorded", f"{manifest.created}{'' if manifest.complete else f', cut short: {manifest.interruption}'}"),
        ("town", manifest.config_id or "unknown"),
        ("policy", recorded_words(manifest.policy)),
        ("observations", f"{dataset.spec.variant}, {manifest.observation_fingerprint[:16]}"),
        ("holds", _extent(dataset)),
        ("seeds", _seeds(manifest.seeds)),
        ("size", f"{manifest.size / 1e6:,.1f} MB in {counted(len(manifest.shards), 'shard')}"),
        ("lives", f"{lives['count']:,}: " + ", ".join(f"{lives[o]:,} {o}" for o in ("terminated", "truncated", "cut"))),
    ]
    if len(episodes):
        rows.append(
            (
                "their length",
                f"{lives['length_mean']:,.0f} ticks on average, half of them at most {lives['length_median']:,}",
            )
        )
        rows.append(
            ("their return", f"{lives['return_mean']:+.3f} ({lives['return_min']:+.3f} to {lives['return_max']:+.3f})")
        )
    if manifest.logits:
        rows.append(("logits", "kept"))
    if manifest.tags:
        rows.append(("tags", ", ".join(manifest.tags)))
    descent = manifest.derived_from or {}
    if "minari" in descent:
        rows.append(("imported", f"from the Minari dataset {descent['minari']}"))
    elif "dataset" in descent:
        rows.append(("cut from", f"{descent['dataset']}: {descent.get('how', 'unknown')}"))
    emit_facts(rows)
    emit()
    emit_table(
        ("action", "share", ""),
        [(name, f"{share:.2%}", "#" * round(40 * share)) for name, share in _actions(dataset).items()],
    )
    emit()
    from townlet.evaluation.names import label

    shown = manifest.metrics if full else _headlines(dataset)
    emit_table(("baseline", "value"), [(label(name), f"{value:,.6g}") for name, value in shown.items()])
    if full:
        emit()
        emit_table(
            ("shard", "ticks", "transitions", "MB"),
            [(s.name, f"{s.ticks:,}", f"{s.transitions:,}", f"{s.size / 1e6:,.1f}") for s in manifest.shards],
        )


_KPIS = (
    "self_sufficiency",
    "mean_need",
    "attendance",
    "late_share",
    "wages",
    "finished_table",
    "chats",
    "queue_conflicts",
    "conflict_intensity",
    "exits",
)


def _headlines(dataset: Dataset) -> dict[str, float]:
    """The baselines to show at first: rewards and their parts, what the policy told, leading key figures."""
    metrics = dataset.metrics
    parts = [f"reward_{part}_mean" for part in dataset.manifest.reward_parts]
    parts = [name for name in parts if abs(metrics.get(name, 0.0)) >= 1e-12]
    names = ("reward_mean", "reward_std", *parts, "log_prob_mean", "value_mean", *_KPIS)
    return {name: metrics[name] for name in names if name in metrics}


def _extent(dataset: Dataset) -> str:
    manifest = dataset.manifest
    if manifest.layout == "episodes":
        return f"{counted(manifest.transitions, 'transition')} of chosen lives"
    return (
        f"{counted(manifest.transitions, 'transition')}: {counted(manifest.worlds, 'world')} x "
        f"{counted(manifest.agents, 'agent')} x {counted(manifest.ticks, 'tick')}"
    )


def _seeds(seeds: tuple[int, ...]) -> str:
    if len(seeds) > 4:
        return f"{seeds[0]}, {seeds[1]}, ... {seeds[-1]} ({len(seeds)})"
    return ", ".join(map(str, seeds)) or "none"
