"""What everything above the environments knows of a town that is stepped: ``Engine``, and the result of a step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from townlet.api import ActionArray, BoolArray, FloatArray, ObservationBatch, ObservationSpec
from townlet.telemetry.kpis import TownKpis

__all__ = ["Engine", "Guide", "StepResult"]


@dataclass(frozen=True, slots=True)
class StepResult:
    """What one step of ``N`` rows brought. Arrays may be views that the next step writes into again.

    Attributes:
        observations: what the rows see now, after the step.
        rewards: float32 ``[N]``, for the actions of this step; 0 for rows that were not active.
        reward_parts: float32 ``[N, P]``, named by ``Engine.reward_part_names``; a row's parts sum to its reward.
        terminated: bool ``[N]``: a life ended in this step. The row is inactive until a newcomer takes it.
        truncated: bool ``[N]``: an episode was cut for a reason outside the town; an engine never does.
    """

    observations: ObservationBatch
    rewards: FloatArray
    reward_parts: FloatArray
    terminated: BoolArray
    truncated: BoolArray


@runtime_checkable
class Engine(Protocol):
    """``W`` worlds of ``A`` agent slots stepped together; ``N = W * A`` rows, row ``w * A + a``."""

    @property
    def spec(self) -> ObservationSpec:
        """What the observations mean."""
        ...

    @property
    def worlds(self) -> int:
        """``W``."""
        ...

    @property
    def agents(self) -> int:
        """``A``."""
        ...

    @property
    def rows(self) -> int:
        """``N``."""
        ...

    @property
    def tick(self) -> int:
        """Ticks since the last reset; the worlds of an engine share it."""
        ...

    @property
    def agent_names(self) -> tuple[str, ...]:
        """Names of the ``A`` slots, the same in each world."""
        ...

    @property
    def reward_part_names(self) -> tuple[str, ...]:
        """Names of the ``P`` parts of a reward."""
        ...

    def reset(self, seeds: Sequence[int] | None = None) -> ObservationBatch:
        """Fresh worlds, one seed each (the seeds of before without an argument), and what their rows see."""
        ...

    def observe(self, into: ObservationBatch | None = None) -> ObservationBatch:
        """What the rows see now, written into ``into`` or into the engine's own buffer."""
        ...

    def step(self, actions: ActionArray, into: ObservationBatch | None = None) -> StepResult:
        """One tick.

        Args:
            actions: int64 ``[N]``; inactive rows take action 0.
            into: where to write the next observations; the engine's own buffer without.

        Raises:
            BackendContractError: if an action is not possible by the mask of the last observation.
            ContractError: if ``actions`` has a wrong shape or dtype.
        """
        ...

    def policy_seeds(self) -> list[int]:
        """One seed a world for the policy's own random state, drawn from the world's ``policy`` stream."""
        ...

    def kpis(self) -> TownKpis:
        """What was measured since the last reset."""
        ...

    def save(self, path: Path) -> None:
        """Write everything that the future depends on into the folder ``path``."""
        ...

    def load(self, path: Path) -> None:
        """Continue from what :meth:`save` wrote. Raises SnapshotError, with nothing changed, if it does not fit."""
        ...


class Guide(Protocol):
    """Says what agents that pursue goals could choose, and which action serves their goal now."""

    def choices(
        self, rows: NDArray[np.intp], goal: ActionArray, left: NDArray[np.int64]
    ) -> tuple[BoolArray, BoolArray]:
        """Whose goal is over, and what they could choose.

        Args:
            rows: who is led: intp ``[n]``, rows of the engine.
            goal: what each pursues: int64 ``[n]``.
            left: for how many ticks more: int64 ``[n]``; goals that are over are noted in both.

        Returns:
            The mask, bool ``[n, G]``, and who is asked, bool ``[n]``.
        """
        ...

    def habits(self, rows: NDArray[np.intp], goal: ActionArray) -> ActionArray:
        """The primitive action that serves each goal: int64 ``[n]``."""
        ...
