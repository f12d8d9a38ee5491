"""The one place that asks the minds of a town, keeps their memory, and checks that they follow the contract."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NoReturn, Self

import numpy as np
from numpy.typing import NDArray

from townlet.api import (
    ArrayState,
    BoolArray,
    Decision,
    FloatArray,
    ObservationBatch,
    ObservationSpec,
    PolicyBackendProtocol,
    PolicyState,
    Values,
)
from townlet.envs.protocol import Guide
from townlet.errors import BackendContractError, ContractError
from townlet.minds.blame import blamed, located
from townlet.minds.checking import check_decision, check_values
from townlet.minds.ledger import Ledger
from townlet.minds.parts import Part, Rows, Seats, joined, stacked
from townlet.minds.patience import slow_minds
from townlet.minds.possession import Pilot, piloted
from townlet.minds.pursuing import LedBatch
from townlet.plugins.provenance import Provenance

__all__ = ["PolicyRuntime"]

_UNNAMED = Provenance(requested="unnamed", active="unnamed")


class PolicyRuntime:
    """The minds of some towns, with their memory, those who are possessed, and where they came from.

    It is what loops ask (:class:`townlet.rollout.Mind`). Each mind is asked once per tick, for the rows that it plays.
    Each decision is checked: one action a row, in range, and possible by the mask.

    Args:
        policy: the one mind of all rows; :meth:`of_parts` takes several.
        spec: what the observations mean.
        provenance: where the policy came from; by default that of an unnamed one.
    """

    def __init__(
        self, policy: PolicyBackendProtocol, spec: ObservationSpec, provenance: Provenance | None = None
    ) -> None:
        told = provenance or _UNNAMED
        self._begin((Part(policy, told),), spec, told, None)

    @classmethod
    def of_parts(cls, parts: Sequence[Part], spec: ObservationSpec, provenance: Provenance, seats: Seats) -> Self:
        """Several minds in each town.

        Args:
            parts: the minds.
            spec: what the observations mean.
            provenance: of all of them together.
            seats: says which of them plays which slot of a town.
        """
        runtime = cls.__new__(cls)
        runtime._begin(tuple(parts), spec, provenance, seats)
        return runtime

    def _begin(
        self, parts: tuple[Part, ...], spec: ObservationSpec, provenance: Provenance, seats: Seats | None
    ) -> None:
        self.spec = spec
        self.parts = parts
        """The minds."""
        self.agent_names: tuple[str, ...] = ()
        """Names of the slots of a world, for messages; without them an error names slots by number."""
        self.guide: Guide | None = None
        """Leads the agents of minds that choose goals in a town of primitive actions; None where nobody does."""
        self._provenance = provenance
        self._seats = seats
        self._pilots: dict[int, Pilot] = {}
        self._possessed: list[str] = []
        self._states: list[PolicyState] = []
        self._agents = 0
        self._worlds = 0
        self._players: Rows | None = None  # the mind of each row; None where one plays all
        self._rows: list[Rows] = []  # the rows of each mind

    # -- what is active

    @property
    def policy(self) -> PolicyBackendProtocol:
        """The one mind of all rows. Raises ContractError where there are several."""
        if self._seats is not None:
            raise ContractError("several minds play this town: see parts")
        return self.parts[0].policy

    @property
    def active(self) -> str:
        """What acts: ``"scripted"``, ``"stub"``, ``"mixture"``, ..., ``"cast"`` for several minds."""
        return self._provenance.active

    @property
    def requested(self) -> str:
        """Name that was asked for."""
        return self._provenance.requested

    def provenance(self) -> Provenance:
        """What is active and why, as it is now."""
        prints = [part.policy.fingerprint() for part in self.parts]
        told = replace(self._provenance, possessed=tuple(self._possessed))
        if self._seats is None:
            return told.with_fingerprint(prints[0])
        minds = tuple(mind.with_fingerprint(one) for mind, one in zip(told.minds, prints, strict=True))
        text = "\n".join(["cast-1", *(f"{mind.who} {mind.fingerprint}" for mind in minds)])
        return replace(told, minds=minds, fingerprint=hashlib.sha256(text.encode()).hexdigest())

    def possess(self, row: int, pilot: Pilot, *, name: str = "") -> None:
        """Let ``pilot`` decide for the agent of ``row``; the memory of its mind, and all others, stay."""
        self._pilots[row] = pilot
        self._possessed.append(name or f"row {row}")

    def release(self, row: int) -> None:
        """Give the agent of ``row`` back to its own mind; nothing happens where nobody holds it."""
        self._pilots.pop(row, None)

    # -- acting

    @property
    def started(self) -> bool:
        """Whether there is a state to act from."""
        return bool(self._states)

    def start(self, agents: int, seeds: Sequence[int]) -> None:
        """Begin ``len(seeds)`` towns of ``agents`` slots; each seed is that of a town's policy stream.

        Raises:
            BackendRunError: if an error in a backend's own code came out of it.
        """
        self._agents, self._worlds = agents, len(seeds)
        everybody = np.arange(agents * len(seeds))
        if self._seats is None:
            self._players, self._rows = None, [everybody]
        else:
            self._players = np.concatenate([self._seats(seed) for seed in seeds])
            self._rows = [everybody[self._players == number] for number in range(len(self.parts))]
        self._states = [self._first_state(number, seeds) for number in range(len(self.parts))]

    def _first_state(self, number: int, seeds: Sequence[int]) -> PolicyState:
        part = self.parts[number]
        try:
            states = [part.policy.initial_state(self._agents, seed) for seed in seeds]
            return stacked(states, None if self._seats is None else self._rows[number])
        except (Exception, SystemExit) as error:  # noqa: BLE001 (a backend's own code)
            _blame(error, part, "made its first state")

    def decide(self, observations: ObservationBatch, *, explore: bool = False) -> Decision:
        """Choose an action for each row and keep the states for the next call.

        Raises:
            BackendContractError: if a mind answered with a wrong shape or an action that is not possible; it
                names backend, agent and action. All states are as before the call.
            BackendRunError: if an error in a backend's own code came out of it; the states are as before, too.
            ContractError: if :meth:`start` was not called.
        """
        self._require_start()
        if self._players is None:
            decision = self._ask(0, observations, explore)
            self._states[0] = decision.state
        else:
            asked = [number for number, rows in enumerate(self._rows) if len(rows)]
            told = [self._ask(number, observations.take(self._rows[number]), explore) for number in asked]
            for number, answer in zip(asked, told, strict=True):
                self._states[number] = answer.state
            rows = [self._rows[number] for number in asked]
            decision = joined(list(zip(rows, told, strict=True)), observations.rows, _NOTHING)
        return piloted(decision, observations, self._pilots) if self._pilots else decision

    def values(self, observations: ObservationBatch) -> FloatArray | None:
        """The value of observations without acting: nothing is remembered of the question. Raises as ``decide``.

        Returns:
            float32 ``[N]``, NaN in the rows of a mind that gives none; None where no mind does.
        """
        self._require_start()
        if self._players is None:
            return self._value(0, observations)
        found: FloatArray | None = None
        for number, rows in enumerate(self._rows):
            values = self._value(number, observations.take(rows)) if len(rows) else None
            if values is not None:
                if found is None:
                    found = np.full(observations.rows, np.nan, np.float32)
                found[rows] = values
        return found

    def _ask(self, number: int, observations: ObservationBatch, explore: bool) -> Decision:
        part = self.parts[number]
        if self.guide is not None:
            observations = LedBatch.of(observations, self.guide, self._rows[number])
        try:
            decision = part.policy.decide(observations, self._states[number], explore=explore)
        except (Exception, SystemExit) as error:  # noqa: BLE001 (a backend's own code)
            _blame(error, part, "chose actions")
        try:
            check_decision(decision, observations, part.provenance, self.spec, lambda row: self._name(number, row))
        except BackendContractError as error:
            raise located(error, part) from None
        return decision

    def _value(self, number: int, observations: ObservationBatch) -> FloatArray | None:
        part, state = self.parts[number], self._states[number]
        if self.guide is not None:
            observations = LedBatch.of(observations, self.guide, self._rows[number])
        found: FloatArray | None
        try:
            if isinstance(part.policy, Values):
                found = part.policy.values(observations, state)
            else:
                found = part.policy.decide(observations, state).values
        except (Exception, SystemExit) as error:  # noqa: BLE001 (a backend's own code)
            _blame(error, part, "valued observations")
        try:
            check_values(found, observations, part.provenance, lambda row: self._name(number, row))
        except BackendContractError as error:
            raise located(error, part, valuing=True) from None
        return found

    # -- slow minds

    def ledger(self, mind: int, world: int | None = None) -> Ledger | None:
        """What the mind of that number was asked since its towns began; None for one that answers on each tick.

        Args:
            mind: number of the mind.
            world: of one town only.

        Raises:
            ContractError: before :meth:`start`.
        """
        self._require_start()
        rows = slice(None) if world is None else self._rows[mind] // self._agents == world
        arrays = self._states[mind].arrays()
        found = [
            Ledger.of(arrays[f"{prefix}tally"][rows], arrays[f"{prefix}cost"][rows])
            for prefix, _ in slow_minds(self.parts[mind].policy)
        ]
        return sum(found[1:], found[0]) if found else None

    # -- memory and rows

    def rows_of(self, mind: int) -> BoolArray:
        """Which rows the mind of that number plays: bool ``[N]``. Raises ContractError before :meth:`start`."""
        self._require_start()
        mine = np.zeros(self._agents * self._worlds, np.bool_)
        mine[self._rows[mind]] = True
        return mine

    def state_of(self, mind: int) -> dict[str, NDArray[Any]]:
        """The memory of one mind as named arrays ``[N, ...]`` over all rows, zeros in rows that it does not play."""
        self._require_start()
        found = {}
        for name, array in self._states[mind].arrays().items():
            whole = np.zeros((self._agents * self._worlds, *array.shape[1:]), array.dtype)
            whole[self._rows[mind]] = array
            found[name] = whole
        return found

    def state_arrays(self) -> dict[str, NDArray[Any]]:
        """All memory as named arrays, for a snapshot: of several minds, with the mind's number before the name."""
        self._require_start()
        if self._players is None:
            return dict(self._states[0].arrays())
        return {f"{number}.{name}": a for number, s in enumerate(self._states) for name, a in s.arrays().items()}

    def restore(self, agents: int, seeds: Sequence[int], arrays: Mapping[str, NDArray[Any]]) -> None:
        """Continue from :meth:`state_arrays` of a run of the same minds.

        Args:
            agents: slots of a town.
            seeds: of the towns' policy streams, as for :meth:`start`.
            arrays: the memory.

        Raises:
            ContractError: if the arrays are not such a memory.
        """
        self.start(agents, seeds)
        self.remember(arrays)

    def remember(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Replace all memory by other arrays, as :meth:`state_arrays` gives them. Raises as :meth:`restore`."""
        self._require_start()
        alone = self._players is None
        states = []
        for number, state in enumerate(self._states):
            prefix = "" if alone else f"{number}."
            mine = {name.removeprefix(prefix): a for name, a in arrays.items() if name.startswith(prefix)}
            rows = len(self._rows[number])
            for name, array in mine.items():
                if array.ndim == 0 or len(array) != rows:
                    raise ContractError(f"the policy's state {name!r} has shape {list(array.shape)}, not {rows} rows")
            states.append(state.with_arrays(mine))
        self._states = states

    def close(self) -> None:
        """Close the policies."""
        for part in self.parts:
            part.policy.close()

    # -- the contract

    def _require_start(self) -> None:
        if not self._states:
            raise ContractError("the policy runtime was not started", details=("call start(agents, seeds) first",))

    def _name(self, number: int, row: int) -> str:
        """The agent of a mind's ``row``-th row."""
        return self.name_of(int(self._rows[number][row]))

    def name_of(self, row: int) -> str:
        """The agent of a row, in words: ``alice (town 3)``."""
        if not self._agents:
            return f"row {row}"
        world, slot = divmod(row, self._agents)
        name = self.agent_names[slot] if slot < len(self.agent_names) else f"agent {slot}"
        return name if self._worlds == 1 else f"{name} (town {world})"


_NOTHING = ArrayState()
"""The state that a decision of several minds carries: each keeps its own."""


def _blame(error: BaseException, part: Part, doing: str) -> NoReturn:
    named = blamed(error, part, doing)
    if named is None:
        raise error
    raise named from error
