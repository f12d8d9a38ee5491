"""What training hands back: frozen, checked, versioned values that are also the ``--json`` output of ``train``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from townlet.api import BCMetrics, PPOMetrics
from townlet.config.rewards import SocialStage
from townlet.config.training import PPODataMode
from townlet.evaluation.gate import GateResult
from townlet.markup import card, facts, folded, table

__all__ = [
    "RESULT_SCHEMA",
    "AnnealStageResult",
    "AnnealSummary",
    "BCTrainingResult",
    "CandidateResult",
    "PPOTrainingResult",
    "ReplaySummary",
    "RolloutSummary",
    "Status",
    "TrainingResult",
    "Verdict",
    "results_reference",
]

RESULT_SCHEMA: Literal[1] = 1
"""Version of the layout of every result. It grows by new optional fields; anything else is a new number."""

Verdict = Literal["PASS", "HOLD", "FAIL"]
"""What the gate after an anneal stage says: go on; go on, but look at the drift; roll back and end."""

Status = Literal["completed", "interrupted", "time_limit"]
"""How a phase came to its end: all done, stopped by a person, or out of the time that it was given."""


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, protected_namespaces=())

    schema_version: Literal[1] = Field(RESULT_SCHEMA, description="Version of this layout.")

    def _repr_html_(self) -> str:
        """For Jupyter: its own fields; objections, numbers and parts below."""
        plain: list[tuple[str, object]] = []
        below: list[str] = []
        for name in type(self).model_fields:
            value, title = getattr(self, name), name.replace("_", " ")
            if isinstance(value, _Result):
                below.append(folded(title, value._repr_html_()))
            elif isinstance(value, BCMetrics | PPOMetrics):
                below.append(folded(title, facts(value.model_dump(exclude={"extra"}).items())))
            elif isinstance(value, dict) and value:
                below.append(folded(title, table(("figure", "value"), value.items())))
            elif isinstance(value, tuple):
                stages = [each for each in value if isinstance(each, AnnealStageResult)]
                below += [folded(f"stage {e.stage} ({e.mode}): {e.verdict}", e._repr_html_()) for e in stages]
                plain += [(title, each) for each in value if isinstance(each, str)]
            elif isinstance(value, str | int | float) and name != "schema_version":
                plain.append((title, value))
        return card(type(self).__name__, facts(plain), *below)


class CandidateResult(_Result):
    """How the outcome did when it was evaluated after training."""

    seeds: int = Field(ge=0, description="Towns it was evaluated on; none of them was trained on.")
    metrics: dict[str, float] = Field(description="Means over the towns, by name.")
    passed: bool = Field(description="Whether the evaluation counts as passed.")
    passes: int = Field(ge=0, description="Passed evaluations in a row of this checkpoint.")
    required_passes: int = Field(ge=1, description="Passes in a row that make it a candidate for promotion.")
    candidate: bool = Field(description="Whether it may be promoted.")
    objections: tuple[str, ...] = Field(
        (), description="Objections of the gates of the training itself; with any, it may not be promoted."
    )
    gate: GateResult | None = Field(
        None,
        description="The last evaluation compared with the teacher, figure by figure, and why it passed or not.",
    )


class BCTrainingResult(_Result):
    """The outcome of behaviour cloning."""

    kind: Literal["bc"] = "bc"
    status: Status = Field(description="How it ended.")
    metrics: BCMetrics | None = Field(description="What cloning reached; None where it was interrupted before.")
    accuracy_threshold: float = Field(ge=0, le=1, description="Held-out accuracy that was required.")
    passed: bool = Field(description="Whether the accuracy reached the threshold and beat the majority action.")
    flags: tuple[str, ...] = Field((), description="Requirements not met, in words.")
    transitions: int = Field(ge=0, description="Demonstrated transitions to learn from.")
    fingerprint: str = Field(description="Digest of the weights.")
    checkpoint: str | None = Field(None, description="Folder of the checkpoint; None where none was written.")
    seconds: float = Field(ge=0, description="Wall time, seconds.")
    candidate: CandidateResult | None = Field(None, description="Evaluation after training.")

    @property
    def objections(self) -> tuple[str, ...]:
        """Why it is not a candidate, whatever it reaches in a town."""
        return () if self.passed else self.flags or ("the clone did not reach the required accuracy",)

    def numbers(self) -> dict[str, float]:
        """What the gates of an anneal schedule show of it."""
        return {} if self.metrics is None else {"loss": self.metrics.loss, "accuracy": self.metrics.accuracy}


class PPOTrainingResult(_Result):
    """The outcome of PPO, in any of its data modes."""

    kind: Literal["ppo"] = "ppo"
    status: Status = Field(description="How it ended.")
    data: PPODataMode = Field(description="Where the experience came from.")
    updates: int = Field(ge=0, description="Updates done, those before a resume included.")
    samples: int = Field(ge=0, description="Active transitions learned from, each counted once.")
    initial_fingerprint: str = Field(description="Digest of the weights before the first update.")
    fingerprint: str = Field(description="Digest of the weights in the checkpoint.")
    reward_first: float | None = Field(description="Mean reward per agent and tick in the first tenth of the updates.")
    reward_last: float | None = Field(description="Mean reward per agent and tick in the last tenth of the updates.")
    metrics: PPOMetrics | None = Field(description="The last update; None where none was done.")
    baselines: dict[str, float] = Field(
        default_factory=dict, description="Loss, reward and queue conflicts that a next stage is compared with."
    )
    social_stage: SocialStage | None = Field(None, description="Social reward stage at the end, where scheduled.")
    checkpoint: str | None = Field(None, description="Folder of the last checkpoint.")
    seconds: float = Field(ge=0, description="Wall time of this call, seconds.")
    candidate: CandidateResult | None = Field(None, description="Evaluation after training.")

    @property
    def objections(self) -> tuple[str, ...]:
        """PPO has no gate of its own: none."""
        return ()


class AnnealStageResult(_Result):
    """One stage of the anneal schedule and what its gate said."""

    kind: Literal["anneal_stage"] = "anneal_stage"
    stage: int = Field(ge=0, description="Index in the schedule.")
    cycle: int = Field(ge=0, description="Training cycle.")
    mode: Literal["bc", "ppo"] = Field(description="Cloning, or learning from reward.")
    social_stage: SocialStage | None = Field(None, description="Social reward stage, where scheduled.")
    bc_weight: float = Field(ge=0, description="Weight of the cloning term at the stage's start.")
    teacher_ratio: float = Field(ge=0, le=1, description="Share of the teacher's decisions in its demonstrations.")
    verdict: Verdict = Field(description="PASS, HOLD for drift, FAIL for a gate not reached.")
    flags: tuple[str, ...] = Field((), description="Objections, in words.")
    baseline: dict[str, float] = Field(default_factory=dict, description="Numbers it was compared with.")
    current: dict[str, float] = Field(default_factory=dict, description="The same numbers of this stage.")
    initial_fingerprint: str = Field(description="Digest of the weights before the stage.")
    fingerprint: str = Field(description="Digest of the weights after the stage and a rollback.")
    rolled_back: bool = Field(False, description="Whether the weights from before the stage were put back.")
    checkpoint: str | None = Field(None, description="Folder of the checkpoint after the stage.")
    bc: BCTrainingResult | None = Field(None, description="Details of a bc stage.")
    ppo: PPOTrainingResult | None = Field(None, description="Details of a ppo stage.")


class AnnealSummary(_Result):
    """The outcome of a whole anneal schedule."""

    kind: Literal["anneal"] = "anneal"
    status: Status = Field(description="How it ended.")
    verdict: Verdict = Field(description="The worst of the stages: PASS, HOLD or FAIL.")
    stages: tuple[AnnealStageResult, ...] = Field((), description="Stages done, in order.")
    fingerprint: str = Field(description="Digest of the weights in the checkpoint.")
    checkpoint: str | None = Field(None, description="Folder of the last checkpoint.")
    seconds: float = Field(ge=0, description="Wall time of this call, seconds.")
    candidate: CandidateResult | None = Field(None, description="Evaluation after training.")

    @property
    def objections(self) -> tuple[str, ...]:
        """Why it is not a candidate, whatever it reaches in a town: the flags of each stage that did not pass."""
        return tuple(
            f"stage {stage.stage + 1} ({stage.mode}): {stage.verdict}: {flag}"
            for stage in self.stages
            if stage.verdict != "PASS"
            for flag in stage.flags or ("no reason given",)
        )


class RolloutSummary(_Result):
    """A recorded rollout."""

    kind: Literal["rollout"] = "rollout"
    dataset: str = Field(description="Folder of the dataset.")
    policy: str = Field(description="Backend that acted.")
    worlds: int = Field(ge=1, description="Towns.")
    ticks: int = Field(ge=0, description="Ticks of each town.")
    transitions: int = Field(ge=0, description="Decisions of agents that were there.")
    reward_mean: float = Field(description="Mean reward per agent and tick.")


class ReplaySummary(_Result):
    """A pass over a recorded dataset."""

    kind: Literal["replay"] = "replay"
    dataset: str = Field(description="Folder of the dataset.")
    batches: int = Field(ge=0, description="Batches read.")
    transitions: int = Field(ge=0, description="Decisions of agents that were there.")
    baselines: dict[str, float] = Field(description="Baseline numbers of the dataset, by name.")


TrainingResult = Annotated[BCTrainingResult | PPOTrainingResult | AnnealSummary, Field(discriminator="kind")]
"""What ``townlet train`` writes as ``result.json`` and prints with ``--json``."""


def results_reference() -> str:
    """The page ``docs/reference/training_results.md``."""
    parts = [
        "# Results of training\n\n<!-- Generated by docs/generate_metrics.py; do not edit. -->\n\n"
        "`townlet train` writes one of the first three, by its `kind`, to `result.json` in the folder of the run, and\n"
        "prints it under `result` with `--json`. Fields are only ever added; anything else is a new `schema_version`.\n"
    ]
    for model in (
        BCTrainingResult,
        PPOTrainingResult,
        AnnealSummary,
        AnnealStageResult,
        CandidateResult,
        RolloutSummary,
        ReplaySummary,
    ):
        rows = [f"| `{name}` | {field.description or field.default} |" for name, field in model.model_fields.items()]
        head = f"\n## {model.__name__}\n\n{(model.__doc__ or '').strip()}\n\n| field | meaning |\n| --- | --- |\n"
        parts.append(head + "\n".join(rows) + "\n")
    return "".join(parts)
