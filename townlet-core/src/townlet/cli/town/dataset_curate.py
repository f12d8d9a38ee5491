"""``townlet dataset curate``: keep the lives or worlds that meet a criterion."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from townlet.cli.options import debug_option, json_option
from townlet.cli.output import counted, emit, emit_json

__all__ = ["command"]


@click.command("curate")
@click.argument("path", metavar="DATASET", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="DIR", help="Folder of the new dataset.")
@click.option(
    "--by", "unit", type=click.Choice(["episode", "world"]), default="episode", show_default=True, help="What to keep."
)
@click.option(
    "--metric",
    default="reward_mean",
    show_default=True,
    help="return, reward_mean, length, or reward_PART for a part of the reward.",
)
@click.option("--min", "minimum", type=float, default=None, help="Lowest score to keep.")
@click.option("--max", "maximum", type=float, default=None, help="Highest score to keep.")
@click.option("--top", type=float, default=None, metavar="SHARE", help="Share of the best to keep, such as 0.5.")
@json_option
@debug_option
def command(
    path: Path,
    out: Path,
    unit: Literal["episode", "world"],
    metric: str,
    minimum: float | None,
    maximum: float | None,
    top: float | None,
    as_json: bool,
) -> None:
    """Write a dataset of the lives, or of the whole worlds, that meet a criterion.

    \b
    Example:  townlet dataset curate data/first --metric reward_mean --top 0.5 --out data/best

    JSON keys: path, digest, how, transitions, share (of the transitions), reward_mean, reward_mean_before.
    """
    from townlet.data import Criterion, curate, open_dataset

    dataset = open_dataset(path)
    manifest = curate(dataset, out, Criterion(metric, minimum, maximum, top), unit)
    kept = open_dataset(out, verify=False)
    how = str((manifest.derived_from or {}).get("how", ""))
    share = manifest.transitions / dataset.transitions
    before, after = dataset.metrics.get("reward_mean", 0.0), manifest.metrics.get("reward_mean", 0.0)
    if as_json:
        emit_json(
            {
                "path": str(out),
                "digest": kept.digest,
                "how": how,
                "transitions": manifest.transitions,
                "share": share,
                "reward_mean": after,
                "reward_mean_before": before,
            }
        )
        return
    emit(f"kept {how}")
    emit(f"{out}: {counted(manifest.transitions, 'transition')}, {share:.1%} of before")
    emit(f"mean reward a tick: {before:+.5f} before, {after:+.5f} now")
