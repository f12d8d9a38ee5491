"""What a phase of PPO is to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from townlet.config.root import TownletConfig
from townlet.config.training import PPODataMode, ScheduleConfig

__all__ = ["PPOPlan"]

_DATA_MODES: dict[str, PPODataMode] = {"replay": "replay", "rollout": "rollout", "mixed": "mixed"}
_NEVER = ScheduleConfig(start=0.0, end=0.0)


@dataclass(frozen=True, slots=True)
class PPOPlan:
    """One phase of PPO.

    Attributes:
        data: where the experience comes from.
        updates: how many.
        offset: updates that earlier stages did of the same schedules.
        span: length of the schedules of step size, entropy and KL, updates; 0 for ``updates``.
        bc_weight: weight of the cloning term over the phase; it needs demonstrations.
        critic_warmup: first updates in which only the critic learns, where the weights come from cloning.
        cycle: training cycle of the whole phase; None: one each ``social.updates_per_cycle`` updates.
        stage: index of the anneal stage.
    """

    data: PPODataMode
    updates: int
    offset: int = 0
    span: int = 0
    bc_weight: ScheduleConfig = field(default=_NEVER)
    critic_warmup: int = 0
    cycle: int | None = None
    stage: int = 0

    @classmethod
    def of_run(cls, config: TownletConfig, mode: str) -> Self:
        """The one phase of plain PPO; a mode other than ``ppo`` says where its experience comes from."""
        ppo = config.training.ppo
        data = _DATA_MODES.get(mode, ppo.data)
        return cls(data, ppo.updates, bc_weight=ppo.bc_weight, critic_warmup=ppo.critic_warmup)

    @classmethod
    def of_stage(cls, config: TownletConfig, index: int) -> Self:
        """The phase of an anneal stage: schedules run over all ppo stages, the cloning weight to the next stage's."""
        stages, stage = config.training.anneal.stages, config.training.anneal.stages[index]
        epochs = [each.epochs if each.mode == "ppo" else 0 for each in stages]
        following = stages[index + 1].bc_weight if index + 1 < len(stages) else 0.0
        offset = sum(epochs[:index])
        return cls(
            "mixed" if stage.bc_weight > 0 else "rollout",
            stage.epochs,
            offset=offset,
            span=sum(epochs),
            bc_weight=ScheduleConfig(start=stage.bc_weight, end=min(following, stage.bc_weight)),
            critic_warmup=config.training.ppo.critic_warmup if offset == 0 else 0,
            cycle=stage.cycle,
            stage=index,
        )

    def cycle_of(self, update: int, updates_per_cycle: int) -> int:
        """The training cycle of an update."""
        return update // updates_per_cycle if self.cycle is None else self.cycle
