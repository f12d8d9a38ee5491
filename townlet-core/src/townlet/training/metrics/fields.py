"""The fields of ``metrics.jsonl``: one table, from which the reference is generated and the lines are checked."""

from __future__ import annotations

from dataclasses import dataclass

from townlet.api import BCMetrics, PPOMetrics

__all__ = ["METRICS", "MetricField", "WALL_CLOCK", "reference"]

WALL_CLOCK = frozenset(
    {
        "seconds",
        "samples_per_second",
        "agent_ticks_per_second",
        "update_seconds",
        "deciding_seconds",
        "town_seconds",
    }
)
"""Fields that say how long something took: the only ones that differ between a resumed and an unbroken run."""


@dataclass(frozen=True, slots=True)
class MetricField:
    """One documented field.

    Attributes:
        name: key in the line.
        phase: ``"any"``, ``"bc"``, ``"ppo"`` or ``"anneal"``: the lines that hold it.
        meaning: what it is, with its unit.
    """

    name: str
    phase: str
    meaning: str


_LINE = (
    MetricField("schema", "any", "Version of this layout: 1."),
    MetricField("phase", "any", "`bc`: one epoch; `ppo`: one update; `anneal`: the gate after one stage."),
    MetricField("stage", "any", "Index of the anneal stage; 0 outside an anneal run."),
    MetricField("cycle", "any", "Training cycle, which the social reward stage follows."),
    MetricField("step", "any", "Epochs or updates done in this phase, counted from 1."),
    MetricField("total", "any", "Epochs or updates that there will be at most."),
    MetricField("samples", "any", "Transitions consumed so far in this phase."),
    MetricField("seconds", "any", "Wall time since the phase began or was resumed, seconds."),
    MetricField("samples_per_second", "any", "`samples` of this step over its wall time."),
)
_TOWN = (
    MetricField(
        "agent_ticks_per_second",
        "ppo",
        "Ticks that the decisions of this step lasted, over its wall time; `samples_per_second` where each agent "
        "decides on each tick.",
    ),
    MetricField("reward_mean", "ppo", "Mean reward per agent and tick of the rollout."),
    MetricField("return_mean", "ppo", "Mean undiscounted return of the lives seen whole that ended; absent if none."),
    MetricField("lives_ended", "ppo", "Lives that ended in the rollout."),
    MetricField("active_share", "ppo", "Share of slots that somebody lived in."),
    MetricField("reward_<part>", "ppo", "Mean of a part of the reward per agent and tick; the parts sum to the mean."),
    MetricField(
        "lost_days", "ppo", "Days lost (a need fell to 0.3), per agent-day; absent where they are not counted."
    ),
    MetricField("lost_day_price", "ppo", "What a lost day costs in the next update; absent without a limit on them."),
    MetricField("queue_conflicts", "ppo", "Times somebody pushed in, per agent-day."),
    MetricField("queue_conflict_intensity", "ppo", "Summed intensity of those conflicts, per agent-day."),
    MetricField("conflicts_avoided", "ppo", "Times somebody gave way politely, per agent-day."),
    MetricField("chats", "ppo", "Chats that succeeded, per agent-day."),
    MetricField("chats_failed", "ppo", "Chats that failed, per agent-day."),
    MetricField("shared_meals", "ppo", "Meals shared, per agent-day."),
    MetricField("shift_takeovers", "ppo", "Shifts taken over, per agent-day."),
    MetricField("social_stage", "ppo", "Social reward stage: 0 OFF, 1 C1, 2 C2, 3 C3; absent where not scheduled."),
    MetricField("critic_only", "ppo", "1 while only the critic learns (its warm-up after cloning), else 0."),
    MetricField("entropy_coefficient", "ppo", "Weight of the entropy bonus in this update."),
    MetricField("kl_coefficient", "ppo", "Weight of the KL to the cloned policy in this update."),
    MetricField("bc_coefficient", "ppo", "Weight of the cloning term in this update."),
    MetricField("update_seconds", "ppo", "Wall time of the gradient steps alone, seconds."),
    MetricField("deciding_seconds", "ppo", "Wall time in which the rollout waited for the policy, seconds."),
    MetricField(
        "town_seconds",
        "ppo",
        "Wall time in which the rollout waited for the towns, seconds. While some towns live through a tick in a "
        "thread, others are decided for: that time is not waited for.",
    ),
)
_GATE = (
    MetricField("passed", "anneal", "1 for PASS, 0 for HOLD or FAIL."),
    MetricField("flags", "anneal", "Number of objections; their words are in the result."),
    MetricField("baseline_<name>", "anneal", "Number of the stage before that this one was compared with."),
    MetricField("current_<name>", "anneal", "The same number of this stage."),
    MetricField("rolled_back", "anneal", "1 where the weights from before the stage were put back."),
)
_RENAMED = {"samples": "update_samples", "seconds": "update_seconds"}


def _contract(model: type[BCMetrics] | type[PPOMetrics], phase: str, skip: frozenset[str]) -> tuple[MetricField, ...]:
    return tuple(
        MetricField(_RENAMED.get(name, name), phase, field.description or "")
        for name, field in model.model_fields.items()
        if name not in skip
    )


METRICS: tuple[MetricField, ...] = (
    *_LINE,
    *_contract(PPOMetrics, "ppo", frozenset({"seconds", "extra"})),
    *_TOWN,
    MetricField("train_loss", "bc", BCMetrics.model_fields["train_loss"].description or ""),
    MetricField("loss", "bc", BCMetrics.model_fields["loss"].description or ""),
    MetricField("accuracy", "bc", BCMetrics.model_fields["accuracy"].description or ""),
    MetricField("majority_accuracy", "bc", BCMetrics.model_fields["majority_accuracy"].description or ""),
    *_GATE,
)


def reference() -> str:
    """The page ``docs/reference/metrics.md``."""
    head = (
        "# Metrics of training\n\n"
        "<!-- Generated by docs/generate_metrics.py; do not edit. -->\n\n"
        "`townlet train` writes one JSON object a line to `metrics.jsonl` in the folder of the run, as it goes.\n"
        "A number that is not finite is written as `null`. A learner leaves out what it does not tell, and adds\n"
        "numbers of its own by free names (`extra` of its metrics). After `--resume`\n"
        "the file goes on where the checkpoint was written; every field but "
        + ", ".join(f"`{name}`" for name in sorted(WALL_CLOCK))
        + "\nis then what an unbroken run would have written.\n"
    )
    titles = {
        "any": "In every line",
        "ppo": "In lines of phase `ppo`",
        "bc": "In lines of phase `bc`",
        "anneal": "In lines of phase `anneal`",
    }
    parts = [head]
    for phase, title in titles.items():
        rows = [f"| `{field.name}` | {field.meaning} |" for field in METRICS if field.phase == phase]
        parts.append(f"\n## {title}\n\n| field | meaning |\n| --- | --- |\n" + "\n".join(rows) + "\n")
    return "".join(parts)
