"""``townlet bench``: how fast towns step on this machine."""

from __future__ import annotations

from pathlib import Path

import click

from townlet.cli.options import read_config, shared_options
from townlet.cli.output import emit, emit_json, emit_table

__all__ = ["command"]


@click.command("bench", epilog="Example:  townlet bench --worlds 1 --worlds 64 --policy scripted")
@shared_options
@click.option("--worlds", "sizes", type=click.IntRange(min=1), multiple=True, default=(1, 16, 64), show_default=True)
@click.option("--policy", default=None, metavar="SPEC", help="Also with this policy's decisions; the config's without.")
@click.option(
    "--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Threads that step the towns."
)
@click.option(
    "--seconds", type=click.FloatRange(min=0.05), default=1.0, show_default=True, help="Time to measure each row for."
)
def command(
    config_path: Path | None,
    overrides: tuple[str, ...],
    seed: int | None,
    as_json: bool,
    sizes: tuple[int, ...],
    policy: str | None,
    threads: int,
    seconds: float,
) -> None:
    """Measure agent-steps per second: towns alone with random actions, then with a policy's decisions.

    Figures of a busy machine vary: the last column counts processor time, which other programs disturb less.

    JSON keys: schema_version, config_id, speeds (what, worlds, agents, threads, agent_steps, seconds, per_second,
    per_processor_second).
    """
    from townlet.evaluation.speed import policy_speed, world_speed

    config = read_config(config_path, overrides, seed=seed).config
    named = policy or config.policy.backend
    speeds = [world_speed(config, size, seconds=seconds, threads=threads) for size in sizes]
    speeds += [policy_speed(config, named, size, seconds=seconds) for size in sizes]
    if as_json:
        documents = [speed.model_dump(mode="json") for speed in speeds]
        emit_json({"schema_version": 1, "config_id": config.config_id, "speeds": documents})
        return
    emit(f"agent-steps per second, {config.config_id}\n")
    rows = [
        (s.what, str(s.worlds), str(s.worlds * s.agents), f"{s.per_second:,.0f}", f"{s.per_processor_second:,.0f}")
        for s in speeds
    ]
    emit_table(("DECIDED BY", "TOWNS", "AGENTS", "A SECOND", "A SECOND OF PROCESSOR TIME"), rows)
