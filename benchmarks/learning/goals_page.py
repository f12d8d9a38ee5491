"""The part of docs/reference/learning.md on minds of goals, and its picture, of what runs.py and others.py wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Row = dict[str, Any]

TITLE = "## From nothing, in goals"
_WORDS = {
    "sb3": "Stable-Baselines3 PPO, its defaults",
    "maskable": "sb3-contrib MaskablePPO, its defaults",
    "cleanrl-style": "CleanRL-style PPO, its settings",
}
_COLOURS = {"sb3": "#009E73", "maskable": "#CC79A7", "cleanrl-style": "#E69F00"}
_OURS = ("#0072B2", "#56B4E9", "#D55E00")


def read(results: Path) -> tuple[Row, Row, Row, Row]:
    """What rules, our runs, those in steps and others reach, as their files say. The last two may not be there yet."""
    rules, ours = (json.loads((results / f"{name}.json").read_text()) for name in ("rules", "goals"))
    files = (results / f"{name}.json" for name in ("steps", "others"))
    none = {"rows": [], "measured": ours["measured"]}
    steps, others = (json.loads(file.read_text()) if file.exists() else none for file in files)
    return rules, ours, steps, others


def interval(value: Row, sign: str = "") -> str:
    """Mean and interval, as a cell of a table."""
    return f"{value['mean']:{sign}.3f} [{value['low']:{sign}.3f}, {value['high']:{sign}.3f}]"


def _line(name: str, row: Row, *, against: bool = True) -> str:
    minus = row["minus_default"]
    cells = [name, interval(row["reward"]), interval(minus["reward"], "+") if against else ""]
    cells += [interval(row["self_sufficiency"]), interval(minus["self_sufficiency"], "+") if against else ""]
    cells += [f"{row['seconds']:,.0f}" if "seconds" in row else "", f"{row['decisions']:,}" if "seconds" in row else ""]
    return "| " + " | ".join(cells) + " |"


HEAD = """
Learned from nothing in the towns of `benchmarks/learning/goals.yaml`, judged greedily in {towns} towns that nobody was
trained on (seeds from {first:,} on), {days} days each. Differences are paired by town with the default rules, which act
by the tick, where they are best; brackets are 95 % bootstrap intervals. Measured {measured}.

| policy | reward | minus default | self-sufficiency | minus default | processor seconds | decisions |
|---|---|---|---|---|---|---|"""

SPENT = """
Processor seconds are of one core that other work shared; judging is not counted. Of ours they are what one run took
({processor_seconds:,.0f} s), each update an equal part of it."""

STEPS = """
Minds that are taught in steps (`benchmarks/learning/steps.py`) begin from a clone of the default rules, or end as a
clone in primitive actions; the best of a step's last checkpoints, by towns of their own, goes on. Their time is that of
all steps together, cloning and choosing included; decisions are those that PPO learned from.
"""

OTHERS = """
The other trainers had {least:,.0f} s each or a little more, in {worlds} towns of eight agents. They know steps only,
not decisions: on most ticks nobody is asked and whatever they give is ignored, and they learn from all of them.
"""

FOOT = """
![Reward against decisions and against processor time](../images/learning-goals.svg)

The picture shows means of {watched} other towns that nobody was trained on; the dashed lines are the rules.
Nobody who has not learned yet earns more than 0."""


def section(results: Path) -> list[str]:
    """The lines of that part."""
    rules, ours, steps, others = read(results)
    days = sorted({each["measured"] for each in (rules, ours, steps, others)})
    lines = [TITLE, HEAD.format(**rules | {"measured": " and ".join(days)})]
    lines += [_line("default rules", rules["default"], against=False), _line("classic rules", rules["classic"])]
    lines += [_line(f"**{row['name']}**", row) for row in ours["rows"]]
    lines += [_line(f"**{row['name']}**", row) for row in steps["rows"]]
    lines += [_line(_WORDS[row["name"]], row) for row in others["rows"]]
    lines.append(SPENT.format(**ours))
    if steps["rows"]:
        lines.append(STEPS.rstrip())
    if others["rows"]:
        lines.append(
            OTHERS.format(least=min(row["seconds"] for row in others["rows"]), worlds=others["worlds"]).rstrip()
        )
    return [*lines, FOOT.format(**rules)]


def draw(results: Path, picture: Path) -> None:
    """Reward against decisions, and against processor time."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    matplotlib.rcParams["svg.hashsalt"] = "townlet"
    rules, ours, _, others = read(results)
    figure, axes = pyplot.subplots(1, 2, figsize=(10, 4.4), layout="constrained", sharey=True)
    for axis in axes:
        axis.axhline(
            rules["default"]["reward"]["mean"], color="black", linestyle="--", linewidth=1, label="default rules"
        )
        axis.axhline(
            rules["classic"]["reward"]["mean"], color="grey", linestyle="--", linewidth=1, label="classic rules"
        )
        axis.grid(alpha=0.3)
    curves = [(row["name"], row, colour) for row, colour in zip(ours["rows"], _OURS, strict=False)]
    curves += [(_WORDS[row["name"]], row, _COLOURS[row["name"]]) for row in others["rows"]]
    start = float("nan") if others["rows"] else 0.0  # a logarithm has no zero
    for name, row, colour in curves:
        rewards = [point["reward"] for point in row["points"]]
        style = {"color": colour, "linewidth": 1.4, "marker": "o", "markersize": 2.5}
        axes[0].plot([point["decisions"] / 1e6 or start for point in row["points"]], rewards, label=name, **style)
        axes[1].plot([point["seconds"] / 60 for point in row["points"]], rewards, **style)
    axes[0].set_xlabel("million decisions of the learner")
    if others["rows"]:
        axes[0].set_xscale("log")
    else:
        axes[0].set_ylim(0, 1)
    axes[1].set_xlabel("minutes of one core")
    axes[0].set_ylabel("reward an agent-day")
    axes[0].set_title("Against decisions")
    axes[1].set_title("Against processor time")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=8)
    figure.savefig(picture, metadata={"Date": None})
    pyplot.close(figure)
