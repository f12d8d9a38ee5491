"""Which way is better, for each key figure, and which figures lead a table."""

from __future__ import annotations

from townlet.telemetry.kpis import KPI_NAMES

__all__ = ["HEADLINES", "LABELS", "higher_is_better", "is_judged", "label", "word"]

HEADLINES: tuple[str, ...] = (
    "reward",
    "self_sufficiency",
    "mean_need",
    "attendance",
    "starvations",
    "exits",
    "queue_conflicts",
    "chats",
    "shared_meals",
    "wages",
)
"""Figures that a short table and a verdict in words speak of, most important first."""

_LESS_IS_BETTER = frozenset(
    {
        "low_need_share",
        "late_share",
        "lateness",
        "starvations",
        "evictions",
        "exits",
        "faints",
        "queue_conflicts",
        "conflict_intensity",
        "bumps",
        "ghost_steps",
        "guarded_share",
        "clipped_share",
    }
)
_NEITHER = frozenset({"spent", "rent", "shift_takeovers", *(n for n in KPI_NAMES if n.startswith("finished_"))})

LABELS: dict[str, str] = {
    "reward": "reward (per agent-day)",
    "self_sufficiency": "self-sufficiency (share of agent-days)",
    "mean_need": "mean need (0 to 1)",
    "attendance": "attendance (share of shifts)",
    "starvations": "starvations (per agent-day)",
    "exits": "lives ended (per agent-day)",
    "queue_conflicts": "queue conflicts (per agent-day)",
    "chats": "chats (per agent-day)",
    "shared_meals": "shared meals (per agent-day)",
    "wages": "wages (coins per agent-day)",
    "late_share": "late (share of arrivals)",
    "finished_table": "meals (per agent-day)",
    "finished_shower": "showers (per agent-day)",
    "conflict_intensity": "conflict intensity (0 to 1)",
    "reward_mean": "reward (per agent and tick)",
    "reward_std": "its standard deviation",
    "log_prob_mean": "mean log-probability of the action",
    "value_mean": "mean value",
}
"""What a person reads for a figure, with its unit."""


_WORDS = {
    "reward": "reward",
    "self_sufficiency": "self-sufficiency",
    "mean_need": "mean need",
    "attendance": "attendance",
    "starvations": "starvations",
    "exits": "lives ended",
    "queue_conflicts": "queue conflicts",
    "chats": "chats",
    "shared_meals": "shared meals",
    "wages": "wages",
}
"""The same without a unit, for sentences and narrow tables."""


def higher_is_better(name: str) -> bool:
    """Whether more of the figure is better; asked only of figures that are judged."""
    return name not in _LESS_IS_BETTER


def is_judged(name: str) -> bool:
    """Whether one direction of the figure is better at all."""
    return name not in _NEITHER


def label(name: str) -> str:
    """What a person reads for a figure."""
    return LABELS.get(name, name.replace("_", " "))


def word(name: str) -> str:
    """A figure's name in a sentence, without its unit."""
    return _WORDS.get(name, name.replace("_", " "))
