"""The one place that decides what is active, asks it, and holds it to the contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NoReturn, Self

import numpy as np
from numpy.typing import NDArray

from townlet.api import (
    BoolArray,
    Decision,
    FloatArray,
    ObservationBatch,
    ObservationSpec,
    PolicyBackendProtocol,
    PolicyState,
    Values,
    stack_states,
)
from townlet.config import TownletConfig
from townlet.errors import BackendContractError, ContractError
from townlet.minds.activation import PolicySource, activate_or_stub
from townlet.minds.blame import blamed
from townlet.minds.mixture import MixturePolicy
from townlet.minds.policy_names import BackendChoice, parse_policy
from townlet.minds.possession import Pilot, PossessedPolicy
from townlet.plugins import Selection
from townlet.plugins.options import Where, place

__all__ = ["PolicyRuntime", "Provenance"]

Provenance = dict[str, Any]
"""JSON-ready: ``requested``, ``active``, ``reason`` (None unless they differ), ``distribution``, ``version``,
``fingerprint``, and what the plugin layer adds."""


class PolicyRuntime:
    """The active policy with its state, mixture ratio, possession and provenance.

    It is what loops ask (:class:`townlet.rollout.Mind`). Each decision is checked: one action a row, in range, and
    possible by the mask.

    Args:
        policy: who acts.
        spec: what its observations mean.
        provenance: where the policy came from; by default that of an unnamed policy.

    :meth:`from_config` makes one of what a config asks for.
    """

    def __init__(
        self, policy: PolicyBackendProtocol, spec: ObservationSpec, provenance: Mapping[str, Any] | None = None
    ) -> None:
        self.spec = spec
        self.agent_names: tuple[str, ...] = ()
        """Names of the slots of a world, for messages; without them an error names slots by number."""
        self._policy = policy
        self._base = policy
        self._provenance: Provenance = dict(provenance or {"requested": "unnamed", "active": "unnamed", "reason": None})
        self._possessed: list[str] = []
        self._state: PolicyState | None = None
        self._agents = 0
        self._rows: NDArray[np.intp] = np.arange(0)

    @classmethod
    def from_config(  # noqa: PLR0913 (keywords with defaults, each a different fact)
        cls,
        config: TownletConfig,
        spec: ObservationSpec,
        *,
        backend: str | None = None,
        on_missing: Literal["stub", "error"] | None = None,
        where: Where = None,
        selection: Selection | None = None,
        release: Callable[[], Path] | None = None,
        base: Path | None = None,
        warn: Callable[[str], None] | None = None,
    ) -> Self:
        """The policy that a config asks for, or the stub where it cannot run and the config allows that.

        Args:
            config: its ``policy`` section and its seed count.
            spec: the observations of its town.
            backend: another policy than the config's, in a form of :mod:`townlet.minds.policy_names`; the config's
                options are used only if they were written for the same backend.
            on_missing: another answer than the config's to a backend that cannot run. Training and evaluation
                give ``"error"``.
            where: where the policy was named, or a function from config key to place (``ConfigDocument.where``).
            selection: which backends may be used; those of the environment variables by default.
            release: gives the folder of the promoted checkpoint.
            base: folder of the config file, from which a relative ``policy.options.checkpoint`` starts.
            warn: is told when the stub stands in; a StubFallbackWarning by default.

        Raises:
            BackendError: if the backend cannot run and that is not to be answered by the stub.
            CheckpointError: if a checkpoint is refused.
            UsageError: if the policy is not named in one of the forms.
        """
        asked = config.policy.backend if backend is None else backend
        written_for = parse_policy(config.policy.backend)
        source = PolicySource(
            spec=spec,
            options=config.policy.options,
            options_for=written_for.name if isinstance(written_for, BackendChoice) else "",
            seed=config.seed,
            where=where,
            selection=Selection.from_environment() if selection is None else selection,
            release=release,
            base=base,
        )
        activated = activate_or_stub(
            parse_policy(asked, where=place(where, "policy.backend")),
            source,
            on_missing=on_missing or config.policy.on_missing,
            warn=warn,
        )
        return cls(activated.policy, spec, activated.provenance)

    # -- what is active

    @property
    def policy(self) -> PolicyBackendProtocol:
        """Who acts, possession included."""
        return self._policy

    @property
    def active(self) -> str:
        """Name of the active backend: ``"scripted"``, ``"stub"``, ``"mixture"``, ..."""
        return str(self._provenance.get("active", ""))

    @property
    def requested(self) -> str:
        """Name that was asked for."""
        return str(self._provenance.get("requested", ""))

    @property
    def is_fallback(self) -> bool:
        """Whether the stub stands in for a backend that cannot run."""
        return self.active == "stub" and self.requested != "stub"

    @property
    def mixture_ratio(self) -> float | None:
        """The learner's share of a mixture; None where there is no mixture. Settable between ticks."""
        return self._base.ratio if isinstance(self._base, MixturePolicy) else None

    @mixture_ratio.setter
    def mixture_ratio(self, ratio: float) -> None:
        if not isinstance(self._base, MixturePolicy):
            raise ContractError(f"the policy {self.active!r} is no mixture and has no ratio")
        self._base.ratio = ratio

    def provenance(self) -> Provenance:
        """What is active and why, for records, datasets and JSON output; a fresh mapping."""
        told = {**self._provenance, "fingerprint": self._policy.fingerprint()}
        if self.mixture_ratio is not None:
            told["ratio"] = self.mixture_ratio
        if self._possessed:
            told["possessed"] = list(self._possessed)
        return told

    def possess(self, row: int, pilot: Pilot, *, name: str = "") -> None:
        """Put the agent of ``row`` into the hands of ``pilot``; its memory and everybody else's stay."""
        self._policy = PossessedPolicy(self._policy, row, pilot)
        self._possessed.append(name or f"row {row}")

    # -- acting

    @property
    def started(self) -> bool:
        """Whether there is a state to act from."""
        return self._state is not None

    def start(self, agents: int, seeds: Sequence[int]) -> None:
        """Begin ``len(seeds)`` towns of ``agents`` slots; each seed is that of a town's policy stream.

        Raises:
            BackendRunError: if an error in the backend's own code came out of it.
        """
        self._agents = agents
        try:
            self._state = stack_states([self._policy.initial_state(agents, seed) for seed in seeds])
        except (Exception, SystemExit) as error:  # noqa: BLE001 (a backend's own code)
            self._blame(error, "made its first state")
        self._rows = np.arange(agents * len(seeds))

    def decide(self, observations: ObservationBatch, *, explore: bool = False) -> Decision:
        """Choose an action for each row and keep the state for the next call.

        Raises:
            BackendContractError: if the policy answered with a wrong shape or an action that is not possible; it
                names backend, agent and action. The state is as before the call.
            BackendRunError: if an error in the backend's own code came out of it; the state is as before, too.
            ContractError: if :meth:`start` was not called.
        """
        state = self.state
        try:
            decision = self._policy.decide(observations, state, explore=explore)
        except (Exception, SystemExit) as error:  # noqa: BLE001 (a backend's own code)
            self._blame(error, "chose actions")
        self._check(observations, decision)
        self._state = decision.state
        return decision

    def values(self, observations: ObservationBatch) -> FloatArray | None:
        """The value of observations without acting: nothing is remembered of the question. Raises as ``decide``."""
        state = self.state
        found: FloatArray | None
        try:
            if isinstance(self._base, Values):
                found = self._base.values(observations, state)
            else:
                found = self._base.decide(observations, state).values
        except (Exception, SystemExit) as error:  # noqa: BLE001 (a backend's own code)
            self._blame(error, "valued observations")
        if found is not None and (found.dtype != np.float32 or found.shape != observations.active.shape):
            self._refuse(f"valued {observations.rows} rows with an array {found.dtype.name} {list(found.shape)}")
        self._finite("values", found, observations.active)
        return found

    @property
    def state(self) -> PolicyState:
        """The policy's memory, as a value. Raises ContractError before :meth:`start`."""
        if self._state is None:
            raise ContractError("the policy runtime was not started", details=("call start(agents, seeds) first",))
        return self._state

    @state.setter
    def state(self, state: PolicyState) -> None:
        self._state = state

    def state_arrays(self) -> dict[str, NDArray[Any]]:
        """The state as named arrays, for a snapshot."""
        return dict(self.state.arrays())

    def restore(self, agents: int, worlds: int, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from :meth:`state_arrays` of a run of the same policy.

        Raises:
            ContractError: if the arrays are not such a state.
        """
        self.start(agents, [0] * worlds)
        rows = agents * worlds
        for name, array in arrays.items():
            if array.ndim == 0 or len(array) != rows:
                raise ContractError(f"the policy's state {name!r} has shape {list(array.shape)}, not {rows} rows")
        self._state = self.state.with_arrays(arrays)

    def close(self) -> None:
        """Close the policy."""
        self._policy.close()

    # -- the contract

    def _finite(self, name: str, array: FloatArray | None, rows: BoolArray) -> None:
        """Refuse NaN, and infinity where it means nothing, in the rows that count. One pass where all is well."""
        if array is None or np.isfinite(np.add.reduce(array, axis=None)):
            return
        bad = np.isnan(array) | np.isposinf(array) if name == "logits" else ~np.isfinite(array)
        wrong = np.flatnonzero(rows & bad.reshape(len(bad), -1).any(axis=1))
        if len(wrong):
            row = int(wrong[0])
            more = () if len(wrong) == 1 else (f"the same in {len(wrong) - 1} further rows of this tick",)
            self._refuse(
                f"gave {name} that are not finite for {self.name_of(row)}",
                f"found {np.array2string(array[row], threshold=6)}",
                *more,
                "its weights may hold NaN: go back to the last good checkpoint",
            )

    def _blame(self, error: BaseException, doing: str) -> NoReturn:
        named = blamed(error, self._policy, self._provenance, doing)
        if named is None:
            raise error
        raise named from error

    def _check(self, observations: ObservationBatch, decision: object) -> None:
        if not isinstance(decision, Decision):
            self._refuse(f"answered with a {type(decision).__name__}, not a Decision")
        actions, mask = decision.actions, observations.action_mask
        if len(actions) != len(mask):
            self._refuse(f"answered with {len(actions)} actions for {len(mask)} rows")
        if len(self._rows) != len(mask):
            self._rows = np.arange(len(mask))
        if len(actions) and actions.view(np.uint64).max() >= mask.shape[1]:  # a negative number is a large one there
            row = int(np.flatnonzero((actions < 0) | (actions >= mask.shape[1]))[0])
            self._refuse(
                f"chose action number {actions[row]} for {self.name_of(row)}",
                f"there are {mask.shape[1]}, numbered from 0: {', '.join(self.spec.action_names)}",
            )
        counted = observations.asked
        self._finite("logits", decision.logits, counted)
        self._finite("log_probs", decision.log_probs, counted)
        self._finite("values", decision.values, counted)
        allowed = mask[self._rows, actions]
        if not allowed.all():
            wrong = np.flatnonzero(~allowed)
            row = int(wrong[0])
            names = self.spec.action_names
            possible = [names[k] for k in np.flatnonzero(mask[row])]
            more = [] if len(wrong) == 1 else [f"the same in {len(wrong) - 1} further rows of this tick"]
            self._refuse(
                f"chose {names[int(actions[row])]!r} for {self.name_of(row)}, which is not possible now",
                f"possible by the action mask: {', '.join(possible) or 'nothing'}",
                *more,
            )

    def _refuse(self, what: str, *details: str) -> NoReturn:
        distribution, version = self._provenance.get("distribution"), self._provenance.get("version")
        origin = (f"backend: {distribution} {version or ''}".rstrip(),) if distribution else ()
        raise BackendContractError(f"policy backend {self.active!r} {what}", details=(*details, *origin))

    def name_of(self, row: int) -> str:
        """The agent of a row, in words: ``alice (town 3)``."""
        if not self._agents:
            return f"row {row}"
        world, slot = divmod(row, self._agents)
        name = self.agent_names[slot] if slot < len(self.agent_names) else f"agent {slot}"
        return name if len(self._rows) == self._agents else f"{name} (town {world})"
