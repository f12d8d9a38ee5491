"""The social parts: what a chat and an avoided conflict are worth in each stage."""

from __future__ import annotations

from townlet.rewards.state import RewardSettings
from townlet.world.compiled import compiled
from townlet.world.names import EV_CHAT_OK, EV_CHAT_QUALITY, EV_CONFLICT_AVOIDED
from townlet.world.state import WorldState

__all__ = ["social_parts"]

_C1, _C2, _C3 = 1, 2, 3


@compiled
def social_parts(state: WorldState, settings: RewardSettings, stage: int, w: int, a: int) -> tuple[float, float, float]:
    """Parts ``chat``, ``harmony`` and ``ties`` of agent ``a``; zeros while one of its needs is below the floor."""
    agents, amount = state.agents, state.events.amount
    if stage < _C1:
        return 0.0, 0.0, 0.0
    lowest = min(float(agents.hunger[w, a]), float(agents.energy[w, a]), float(agents.hygiene[w, a]))
    if lowest < settings.social_need_floor:
        return 0.0, 0.0, 0.0
    chat, harmony, quality = 0.0, 0.0, 0.0
    if amount[w, a, EV_CHAT_OK] > 0.0:
        trust, familiarity, rivalry = 0.0, 0.0, 0.0
        other, ties = int(state.events.chat_with[w, a]), state.ties
        for t in range(ties.other.shape[2]):
            if other >= 0 and int(ties.other[w, a, t]) == other:
                trust = float(ties.trust[w, a, t])
                familiarity = float(ties.familiarity[w, a, t])
                rivalry = float(ties.rivalry[w, a, t])
        worth = settings.chat_base + settings.chat_trust * trust + settings.chat_familiarity * familiarity
        chat = settings.chat_scale * max(worth, 0.0)
        if stage >= _C3:
            good = 2.0 * float(amount[w, a, EV_CHAT_QUALITY]) - 1.0  # -1 .. 1
            quality = chat * settings.tie_quality * 0.5 * (good + trust - max(rivalry, 0.0))
    if stage >= _C2:
        harmony = settings.avoided_conflict * float(amount[w, a, EV_CONFLICT_AVOIDED])
    return chat, harmony, quality
