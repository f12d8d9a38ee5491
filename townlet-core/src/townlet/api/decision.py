"""What a policy answers, and the memory it carries from tick to tick."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from townlet.api.batch import ActionArray, FloatArray
from townlet.api.checks import check_array, check_rows
from townlet.api.slow import Thought
from townlet.errors import ContractError

__all__ = ["ArrayState", "Decision", "PolicyState", "stack_states"]


@runtime_checkable
class PolicyState(Protocol):
    """Memory and random state of a policy, as a value: named arrays whose first axis is the row.

    That first axis is a rule: the state of ``W`` worlds is the states of single worlds stacked, so a world
    behaves the same alone and among others, and core can snapshot, slice and join states it knows nothing of.
    """

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """The state as named arrays, each with ``N`` entries on its first axis."""
        ...

    def with_arrays(self, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """A state of the same kind that holds ``arrays``. Raises ContractError if names or dtypes differ."""
        ...


@dataclass(frozen=True, slots=True)
class ArrayState:
    """A ready-made :class:`PolicyState`: a frozen set of named arrays. ``ArrayState()`` remembers nothing.

    Attributes:
        values: name to array ``[N, ...]``.
    """

    values: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        lengths = {name: len(a) if a.ndim else -1 for name, a in self.values.items()}
        if len(set(lengths.values())) > 1 or -1 in lengths.values():
            raise ContractError(f"every array of a policy's state must have one entry per row, found {lengths}")

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """The named arrays."""
        return self.values

    def with_arrays(self, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The same kind of state with other arrays of the same names and dtypes."""
        mine = {name: a.dtype.str for name, a in self.values.items()}
        theirs = {name: a.dtype.str for name, a in arrays.items()}
        if mine != theirs:
            raise ContractError(f"this policy's state holds {mine}, found {theirs}")
        return type(self)(dict(arrays))


def stack_states(states: Sequence[PolicyState]) -> PolicyState:
    """Join the states of several worlds, row after row. Raises ContractError for an empty sequence."""
    if not states:
        raise ContractError("stack_states needs at least one state")
    first = states[0]
    names = list(first.arrays())
    return first.with_arrays({name: np.concatenate([s.arrays()[name] for s in states]) for name in names})


@dataclass(frozen=True, slots=True)
class Decision:
    """One action per row, and what the policy knows about them.

    Attributes:
        actions: int64 ``[N]``, indices into ``ObservationSpec.actions``.
        state: what to hand to the next call.
        log_probs: float32 ``[N]``, natural logarithm of the probability with which the action was drawn.
        values: float32 ``[N]``, expected discounted return in units of reward.
        logits: float32 ``[N, K]``, before masking.
        thoughts: what became known of the minds of some rows on this tick: plans and their reasons.

    Raises:
        ContractError: if a dtype or shape does not fit.
    """

    actions: ActionArray
    state: PolicyState
    log_probs: FloatArray | None = None
    values: FloatArray | None = None
    logits: FloatArray | None = None
    thoughts: tuple[Thought, ...] = ()

    def __post_init__(self) -> None:
        check_array("Decision", "actions", self.actions, np.int64, (-1,))
        rows = len(self.actions)
        if self.log_probs is not None:
            check_array("Decision", "log_probs", self.log_probs, np.float32, (rows,))
        if self.values is not None:
            check_array("Decision", "values", self.values, np.float32, (rows,))
        if self.logits is not None:
            check_array("Decision", "logits", self.logits, np.float32, (rows, -1))
        for name, array in self.state.arrays().items():
            if array.shape[:1] != (rows,):  # a name is not put together on each tick
                check_rows("Decision", f"state[{name!r}]", array, rows)
