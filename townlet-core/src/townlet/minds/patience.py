"""``Patience``: a slow mind played as a policy. Its agents act by plans, and by a fallback where there is none."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator

from townlet.api import Decision, ObservationBatch, ObservationSpec, PolicyBackendProtocol, PolicyState, SlowMind, Words
from townlet.config.patience import PatienceConfig
from townlet.errors import ContractError
from townlet.minds.mailbox import Mailbox
from townlet.minds.mixture import MixturePolicy
from townlet.minds.patience_state import PatientState, first_arrays
from townlet.minds.patience_turn import Turn

__all__ = ["Patience", "slow_minds"]


class Patience:
    """Asks a slow mind for plans and follows them.

    In lockstep the town waits for each answer. In real time the fallback acts until an answer is there; what was done
    is what is recorded, so a recording of such a run is lived again exactly. Questions under way are part of the state:
    they are put again where it is restored by another process.

    Args:
        mind: who is asked.
        fallback: acts where there is no plan. It decides each tick for all rows, so its memory is that of who watches.
        spec: what the observations mean.
        settings: how the mind is asked.
        name: of the mind's backend, for errors.
        clock: seconds; replaced in tests.
    """

    def __init__(
        self,
        mind: SlowMind,
        fallback: PolicyBackendProtocol,
        spec: ObservationSpec,
        settings: PatienceConfig,
        *,
        name: str = "slow",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.mind, self.fallback, self.spec, self.settings = mind, fallback, spec, settings
        self.words = Words(spec)
        self.mailbox = Mailbox(mind, name, most_steps=settings.most_steps, clock=clock)
        self.agent_names: tuple[str, ...] = ()
        """Names of the slots of a town, for questions; without them an agent is told of by number."""

    @property
    def waits(self) -> bool:
        """Whether the town waits for answers."""
        return self.settings.mode == "lockstep"

    def initial_state(self, rows: int, seed: int) -> PatientState:
        """Nobody has a plan, and everybody may ask."""
        own = first_arrays(self.spec, rows, seed, steps=self.settings.most_steps, waits=self.waits)
        return PatientState(own, self.fallback.initial_state(rows, seed))

    def decide(self, observations: ObservationBatch, state: PolicyState, *, explore: bool = False) -> Decision:
        """Follow plans, drop those whose conditions hold, ask where there is none.

        Args:
            observations: of all rows.
            state: of this policy.
            explore: each question draws by itself; without, equal questions are equal, and put once in a town.

        Raises:
            BackendContractError: if the mind breaks the contract; a plan that cannot be taken does not, it is counted.
            ContractError: for another policy's state.
        """
        if not isinstance(state, PatientState):
            raise ContractError(f"a slow mind needs its own state, found a {type(state).__name__}")
        turn = Turn(self, observations, state, explore=explore)
        turn.note_lives()
        turn.take_answers()
        turn.drop_plans()
        turn.ask()
        if self.waits:
            turn.wait()
        elif self.settings.tick_seconds:
            self.mailbox.keep_pace(self.settings.tick_seconds)
        return turn.decision()

    def values(self, observations: ObservationBatch, state: PolicyState) -> None:
        """None: a slow mind is not asked for the value of what it sees."""

    def fingerprint(self) -> str:
        """Digest of the mind, the fallback and how the mind is asked."""
        told = self.settings.model_dump(mode="json")
        text = json.dumps([self.mind.fingerprint(), self.fallback.fingerprint(), told], sort_keys=True)
        return hashlib.sha256(f"patience-1:{text}".encode()).hexdigest()

    def close(self) -> None:
        """Close both."""
        self.mind.close()
        self.fallback.close()


def slow_minds(policy: PolicyBackendProtocol, prefix: str = "") -> Iterator[tuple[str, Patience]]:
    """The slow minds in a policy, each with what stands before the names of its arrays in the policy's state."""
    if isinstance(policy, Patience):
        yield prefix, policy
    elif isinstance(policy, MixturePolicy):
        yield from slow_minds(policy.teacher, f"{prefix}teacher.")
        yield from slow_minds(policy.learner, f"{prefix}learner.")
