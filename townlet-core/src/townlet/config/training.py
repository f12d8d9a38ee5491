"""How a town's minds are taught: demonstrations, behaviour cloning, PPO, the anneal schedule, checkpoints."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from townlet.api import BCSettings, PPOSettings
from townlet.config.model import Section
from townlet.config.rewards import SocialStage

__all__ = [
    "AnnealConfig",
    "AnnealStageConfig",
    "BCTrainingConfig",
    "CheckpointsConfig",
    "CloningConfig",
    "CloningSchedule",
    "ConstraintConfig",
    "DemonstrationsConfig",
    "EntropySchedule",
    "LearningRateSchedule",
    "PPODataMode",
    "PPOTrainingConfig",
    "ReferenceSchedule",
    "RolloutConfig",
    "ScheduleConfig",
    "SocialScheduleConfig",
    "SocialStepConfig",
    "TrainingConfig",
    "UpdateConfig",
]

PPODataMode = Literal["rollout", "replay", "mixed"]
"""Where PPO's experience comes from: fresh rollouts, a recorded dataset, or rollouts with a cloning term."""


class ScheduleConfig(Section):
    """A number that moves from ``start`` to ``end`` while training goes on, and stays at ``end`` after that."""

    start: float = Field(0.0, ge=0, description="Value at the first update.")
    end: float = Field(0.0, ge=0, description="Value at the last update of the schedule.")
    shape: Literal["constant", "linear", "cosine"] = Field(
        "linear", description="How it moves; constant stays at start."
    )
    updates: int | None = Field(None, ge=1, description="Length of the schedule, updates; None: the whole phase.")


class LearningRateSchedule(ScheduleConfig):
    """Step size of Adam."""

    start: float = Field(2e-4, gt=0, le=1, description="Step size at the first update.")
    end: float = Field(5e-5, gt=0, le=1, description="Step size at the last update of the schedule.")


class EntropySchedule(ScheduleConfig):
    """Weight of the entropy bonus."""

    start: float = Field(0.0, ge=0, description="Weight at the first update; a cloned policy does best with 0.")
    end: float = Field(0.0, ge=0, description="Weight at the last update of the schedule.")


class ReferenceSchedule(ScheduleConfig):
    """Weight of the KL to the cloned policy."""

    start: float = Field(0.1, ge=0, description="Weight at the first update.")
    end: float = Field(0.02, ge=0, description="Weight at the last update of the schedule.")


class CloningSchedule(ScheduleConfig):
    """Weight of the cloning term in the mixed mode."""

    start: float = Field(0.5, ge=0, description="Weight at the first update.")
    end: float = Field(0.0, ge=0, description="Weight at the last update of the schedule.")


class DemonstrationsConfig(Section):
    """What the learner imitates: a recorded dataset, or recordings of a teacher made when training starts."""

    dataset: str | None = Field(None, description="Folder of a recorded dataset; None to record the teacher.")
    teacher: str = Field(
        "scripted",
        min_length=1,
        description="Backend whose behaviour is recorded; of a dataset in which several minds played, the one whose "
        "rows teach.",
    )
    teacher_options: dict[str, Any] = Field(
        default_factory=dict,
        description="Options of the teacher's backend; they also choose among minds of that name in such a dataset.",
    )
    ask_every: int | None = Field(
        None,
        ge=1,
        description="Of a teacher that chooses goals while the learner chooses primitive actions: ticks after which it "
        "is asked again at the latest. None: as often as it was taught with.",
    )
    worlds: int = Field(16, ge=1, le=4096, description="Towns recorded side by side, each with its own seed.")
    ticks: int = Field(
        5000, ge=1, description="Ticks recorded of each town: as many days as the clone is to live through."
    )
    validation: float = Field(0.1, gt=0, lt=1, description="Share of the lives that is held out for judging.")
    exploration: float = Field(
        0.02,
        ge=0,
        le=0.5,
        description="Share of ticks on which a random possible action is taken while the teacher's choice is "
        "recorded, so that the learner also sees how the teacher recovers.",
    )
    greedy: bool = Field(
        False,
        description="Whether a learner that leads lives takes its most likely action there, as it does when it is "
        "judged; otherwise it draws its actions. The teacher never draws.",
    )
    memory_mib: int = Field(
        1024,
        ge=16,
        description="Memory in which each recording is shuffled (an anneal run makes one recording per bc stage and "
        "learns from all of them); what does not fit is read from disk in every pass.",
    )


class CloningConfig(BCSettings):
    """Settings of behaviour cloning, with the defaults that the anneal schedule was measured with.

    A clone for its own sake comes closer with a ``class_balance`` of 0.4 (``benchmarks/learning/clone.yaml``).
    """

    batch_size: int = Field(512, ge=1, description="Transitions per gradient step.")
    learning_rate: float = Field(2e-3, gt=0, description="Adam's step size at the start; annealed to a tenth.")
    class_balance: float = Field(
        0.0,
        ge=0,
        le=1,
        description="Exponent of the inverse class frequency in the loss: 0 for no balancing, 1 for full balance.",
    )
    seed: int = Field(0, ge=0, description="Seed of the order of the batches; 0: the config's own seed.")


class BCTrainingConfig(Section):
    """Behaviour cloning."""

    settings: CloningConfig = Field(default_factory=CloningConfig, description="Settings passed to the learner.")
    accuracy_threshold: float = Field(
        0.90, ge=0, le=1, description="Held-out accuracy to reach; it must also beat the majority action."
    )


class RolloutConfig(Section):
    """How experience is gathered for each update.

    Towns that begin together share their clock and their age. A rollout shorter than a day would show the learner
    mornings only, then nights only, and none would show what the first day's spending does to the fifth. So they are
    in groups whose ages, and hours, differ.
    """

    worlds: int = Field(16, ge=1, le=4096, description="Towns stepped side by side.")
    ticks: int = Field(500, ge=1, le=100_000, description="Ticks of each town for one update.")
    threads: Annotated[int, Field(ge=1, le=64)] | Literal["auto"] = Field(
        "auto",
        description="Threads that step the towns; results do not depend on it. auto: one for every 16 towns of a "
        "group, but one core is left for deciding; on an executor's worker 1.",
    )
    episode_ticks: int = Field(
        5000, ge=1, description="Age at which a town is replaced by a fresh one, which truncates its lives, ticks."
    )
    groups: int = Field(
        4,
        ge=1,
        le=64,
        description="Groups of towns whose ages are spread evenly over episode_ticks, so that each update sees early "
        "and late days; at most one per town.",
    )


class UpdateConfig(PPOSettings):
    """Settings of a PPO update, with defaults that suit a town: what one does today is paid for days later."""

    gamma: float = Field(0.9995, gt=0, le=1, description="Discount per tick; its horizon is two days.")
    gae_lambda: float = Field(0.97, ge=0, le=1, description="Lambda of generalised advantage estimation.")
    value_lambda: float | None = Field(
        0.995, ge=0, le=1, description="Lambda of the returns that the critic learns; None: gae_lambda."
    )
    epochs: int = Field(3, ge=1, description="Passes over the rollout.")
    minibatches: int = Field(8, ge=1, description="Gradient steps per pass.")
    target_kl: float | None = Field(
        0.02, gt=0, description="Stop the update once the KL exceeds 1.5 times this; None: never."
    )


class ConstraintConfig(Section):
    """A limit on lost days: agent-days on which a need falls to 0.3, which the town's reward does not know of.

    Each lost day costs a price, in units of reward, on the tick on which it is lost. The price rises while more days
    are lost than the limit allows and falls while fewer are (a Lagrange multiplier, moved after each update). It is
    part of what is learned from and of nothing else: rewards in metrics, recordings and evaluations are the town's.
    """

    lost_days: float | None = Field(
        None, ge=0, le=1, description="Share of agent-days that may be lost, such as 0.005; None: no limit."
    )
    price: float = Field(0.3, ge=0, description="Price of a lost day at the first update, in units of reward.")
    step: float = Field(
        0.5, ge=0, description="How much the price moves at each update, times the share lost beyond the limit."
    )
    highest: float = Field(3.0, ge=0, description="The price never rises beyond this.")

    @model_validator(mode="after")
    def _check_price(self) -> Self:
        if self.price > self.highest:
            raise ValueError(f"the first price must not be above the highest, found {self.price} and {self.highest}")
        return self

    def moved(self, price: float, lost: float) -> float:
        """The price after an update in whose rollout the share ``lost`` of the agent-days was lost."""
        if self.lost_days is None:
            return 0.0
        return min(max(price + self.step * (lost - self.lost_days), 0.0), self.highest)


class PPOTrainingConfig(Section):
    """Proximal policy optimisation, update after update."""

    data: PPODataMode = Field("rollout", description="Where the experience comes from.")
    updates: int = Field(200, ge=1, description="Number of updates.")
    max_seconds: float | None = Field(
        None, gt=0, description="Wall time after which no new update starts, seconds; None: no limit."
    )
    initial: str | None = Field(None, description="Folder of the checkpoint to start from; None: fresh weights.")
    rollout: RolloutConfig = Field(default_factory=RolloutConfig, description="How experience is gathered.")
    settings: UpdateConfig = Field(
        default_factory=UpdateConfig,
        description="Settings passed to the learner; step size, entropy, KL and cloning weight follow the schedules "
        "below.",
    )
    learning_rate: LearningRateSchedule = Field(
        default_factory=LearningRateSchedule, description="Step size over the updates."
    )
    entropy: EntropySchedule = Field(default_factory=EntropySchedule, description="Entropy weight over the updates.")
    critic_warmup: int = Field(
        20,
        ge=0,
        description="Number of first updates in which only the critic learns, if the weights come from cloning.",
    )
    reference_kl: ReferenceSchedule = Field(
        default_factory=ReferenceSchedule,
        description="Weight of the KL to the cloned policy, if the weights come from cloning.",
    )
    bc_weight: CloningSchedule = Field(
        default_factory=CloningSchedule, description="Weight of the cloning term in the mixed mode."
    )
    bc_batch: int = Field(1024, ge=1, description="Demonstrated transitions added to each rollout in the mixed mode.")
    constraint: ConstraintConfig = Field(
        default_factory=ConstraintConfig, description="A limit on lost days, with a price that keeps it."
    )

    @model_validator(mode="after")
    def _check_constraint(self) -> Self:
        if self.constraint.lost_days is not None and self.data == "replay":
            raise ValueError(
                "constraint.lost_days needs towns, where days are lost: a recording (data: replay) has none"
            )
        return self


class AnnealStageConfig(Section):
    """One stage of the way from imitation to reward."""

    cycle: int = Field(ge=0, description="Number of the training cycle; the social reward stage follows it.")
    mode: Literal["bc", "ppo"] = Field(description="Clone the teacher, or learn from reward.")
    epochs: int = Field(1, ge=1, description="Passes over the demonstrations (bc) or updates (ppo).")
    bc_weight: float = Field(0.0, ge=0, description="Weight of the cloning term of a ppo stage at its start.")
    teacher_ratio: float = Field(
        0.0,
        ge=0,
        le=1,
        description="Share of decisions that the teacher takes while this stage's demonstrations are gathered (bc); "
        "the learner takes the others, and the recording says what the teacher would have done.",
    )


def _default_stages() -> tuple[AnnealStageConfig, ...]:
    return (
        AnnealStageConfig(cycle=0, mode="bc", epochs=2, teacher_ratio=1.0),
        AnnealStageConfig(cycle=1, mode="bc", epochs=1, teacher_ratio=0.3),
        AnnealStageConfig(cycle=2, mode="bc", epochs=1, teacher_ratio=0.0),
        AnnealStageConfig(cycle=3, mode="bc", epochs=1, teacher_ratio=0.0),
        AnnealStageConfig(cycle=4, mode="bc", epochs=1, teacher_ratio=0.0),
        AnnealStageConfig(cycle=5, mode="bc", epochs=6, teacher_ratio=0.0),
        AnnealStageConfig(cycle=6, mode="ppo", epochs=150),
    )


class AnnealConfig(Section):
    """The way from imitation to reward, with gates between the stages."""

    stages: tuple[AnnealStageConfig, ...] = Field(
        default_factory=_default_stages, min_length=1, description="Stages in order of their cycles."
    )
    loss_drift: float = Field(
        0.10, ge=0, description="Relative increase of the loss since the previous stage that causes a HOLD."
    )
    queue_drift: float = Field(
        0.15, ge=0, description="Relative increase of queue conflicts or of their intensity that causes a HOLD."
    )

    @model_validator(mode="after")
    def _check_stages(self) -> Self:
        cycles = [stage.cycle for stage in self.stages]
        if cycles != sorted(cycles):
            raise ValueError(f"stages must be in the order of their cycles, found {cycles}")
        if self.stages[0].mode != "bc":
            raise ValueError("the first stage must clone the teacher (mode: bc), or there is nothing to anneal from")
        return self


class SocialStepConfig(Section):
    """From this cycle on, this social reward stage."""

    cycle: int = Field(ge=0, description="First cycle of the stage.")
    stage: SocialStage = Field(description="Social part of the reward.")


class SocialScheduleConfig(Section):
    """Social reward stages over training cycles. Without steps the town's own stage holds throughout."""

    steps: tuple[SocialStepConfig, ...] = Field((), description="In order of their cycles.")
    updates_per_cycle: int = Field(50, ge=1, description="Updates that count as one cycle in plain PPO training.")

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        cycles = [step.cycle for step in self.steps]
        if cycles != sorted(set(cycles)):
            raise ValueError(f"steps must be in the order of their cycles, each once, found {cycles}")
        return self


class CheckpointsConfig(Section):
    """When to save checkpoints."""

    every: int = Field(10, ge=1, description="Updates between two checkpoints.")
    keep: int = Field(
        3, ge=1, description="Number of latest checkpoints to keep, besides the one that the result names."
    )


class TrainingConfig(Section):
    """How the town's minds are taught."""

    backend: str | None = Field(
        None,
        description="Backend that learns; None: policy.backend where that can learn, the pytorch backend otherwise.",
    )
    options: dict[str, Any] = Field(
        default_factory=dict,
        description="Options of the learner's backend; policy.options are used where it is the same.",
    )
    demonstrations: DemonstrationsConfig = Field(default_factory=DemonstrationsConfig, description="What to imitate.")
    bc: BCTrainingConfig = Field(default_factory=BCTrainingConfig, description="Behaviour cloning.")
    ppo: PPOTrainingConfig = Field(default_factory=PPOTrainingConfig, description="PPO.")
    anneal: AnnealConfig = Field(default_factory=AnnealConfig, description="From cloning to PPO.")
    social: SocialScheduleConfig = Field(
        default_factory=SocialScheduleConfig, description="Social reward stages over training cycles."
    )
    checkpoints: CheckpointsConfig = Field(default_factory=CheckpointsConfig, description="When to save checkpoints.")
    evaluate: bool = Field(
        True, description="Evaluate the result on the seeds of the evaluation and register a candidate."
    )
