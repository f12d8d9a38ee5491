"""``WithoutMap``: a mind that was taught without a map, in a town that shows one."""

from __future__ import annotations

from townlet.api import Decision, FloatArray, ObservationBatch, PolicyBackendProtocol, PolicyState, Values

__all__ = ["WithoutMap"]


class WithoutMap:
    """A policy that is shown everything but the map. What it answers and what it remembers are its own.

    It is the same mind as in a town without a map, whose features are the same: so is its fingerprint.

    Args:
        policy: was made for a spec without a map.
    """

    def __init__(self, policy: PolicyBackendProtocol) -> None:
        self.policy = policy

    def initial_state(self, rows: int, seed: int) -> PolicyState:
        """The policy's."""
        return self.policy.initial_state(rows, seed)

    def decide(self, observations: ObservationBatch, state: PolicyState, *, explore: bool = False) -> Decision:
        """What the policy decides."""
        return self.policy.decide(_features_of(observations), state, explore=explore)

    def values(self, observations: ObservationBatch, state: PolicyState) -> FloatArray | None:
        """The policy's values, float32 ``[N]``; None where it gives none."""
        seen = _features_of(observations)
        if isinstance(self.policy, Values):
            return self.policy.values(seen, state)
        return self.policy.decide(seen, state).values

    def fingerprint(self) -> str:
        """The policy's."""
        return self.policy.fingerprint()

    def close(self) -> None:
        """Close the policy."""
        self.policy.close()


def _features_of(observations: ObservationBatch) -> ObservationBatch:
    """The observations with an empty map; all arrays are views."""
    return ObservationBatch(
        observations.map[:, :0, :0, :0],
        observations.features,
        observations.action_mask,
        observations.active,
        observations.episode_start,
        observations.asked,
    )
