"""The reward of one world's agents for one tick: parts, then guards. Runs after the world's own tick.

Guards, in this order: no positive reward within ``exit_hold`` ticks of an exit (ahead of one that the state
announces, and for the slot after one), the bound of a tick, the bound of an episode. The penalty of an exit is
added after them. What they change is the part ``guard``.
"""

from __future__ import annotations

from townlet.config.rewards import REWARD_PARTS
from townlet.rewards.social import social_parts
from townlet.rewards.state import Earnings, RewardSettings, RewardState
from townlet.world.compiled import compiled
from townlet.world.names import (
    EV_ARRIVED,
    EV_EXIT,
    EV_FAINT,
    EV_ON_TIME,
    EV_WAGES,
    EXIT_COLLAPSE,
    EXIT_EVICTION,
    EXIT_NEGLECT,
)
from townlet.world.state import WorldState
from townlet.world.tables import Tables

__all__ = ["begin_rewards", "exit_is_near", "reward_world"]

(
    _NEEDS,
    _SHAPING,
    _WAGES,
    _PUNCTUALITY,
    _SURVIVAL,
    _FAINT,
    _EXIT,
    _CHAT,
    _HARMONY,
    _TIES,
    _GUARD,
) = range(len(REWARD_PARTS))
_COUNT = len(REWARD_PARTS)


@compiled
def _deficit(state: WorldState, settings: RewardSettings, w: int, a: int) -> float:
    """Weighted sum of squared deficits."""
    agents = state.agents
    hunger = 1.0 - float(agents.hunger[w, a])
    energy = 1.0 - float(agents.energy[w, a])
    hygiene = 1.0 - float(agents.hygiene[w, a])
    return (
        settings.hunger_weight * hunger * hunger
        + settings.energy_weight * energy * energy
        + settings.hygiene_weight * hygiene * hygiene
    )


@compiled
def _potential(settings: RewardSettings, deficit: float) -> float:
    """Grows with satisfaction and is never negative, so that ending a life forfeits it."""
    whole = settings.hunger_weight + settings.energy_weight + settings.hygiene_weight
    return settings.shaping_scale * (whole - deficit)


@compiled
def exit_is_near(state: WorldState, tables: Tables, settings: RewardSettings, w: int, a: int) -> bool:
    """Whether the state announces that the life may end within ``exit_hold`` ticks (a debtor's, at midnight)."""
    agents, rules, hold = state.agents, tables.rules, settings.exit_hold
    if int(agents.hungry_ticks[w, a]) > rules.collapse_ticks - 1 - hold and agents.hungry_ticks[w, a] > 0:
        return True
    if int(agents.neglect_ticks[w, a]) > rules.neglect_ticks - 1 - hold and agents.neglect_ticks[w, a] > 0:
        return True
    owed = int(agents.rent_unpaid[w, a])
    if owed >= rules.rent_days:
        return True
    if owed + 1 < rules.rent_days or rules.day_ticks - int(state.clock.tick[w]) % rules.day_ticks > hold:
        return False
    return owed > 0 or float(agents.money[w, a]) < rules.rent


@compiled
def _begin_life(state: WorldState, settings: RewardSettings, memory: RewardState, w: int, a: int) -> None:
    memory.account[w, a] = 0.0
    memory.since[w, a] = 0
    memory.deficit[w, a] = _deficit(state, settings, w, a)


@compiled
def begin_rewards(state: WorldState, settings: RewardSettings, memory: RewardState) -> None:
    """Open the accounts of fresh worlds."""
    for w in range(memory.account.shape[0]):
        for a in range(memory.account.shape[1]):
            memory.hold[w, a] = 0
            if state.agents.present[w, a]:
                _begin_life(state, settings, memory, w, a)


@compiled
def _guard(settings: RewardSettings, memory: RewardState, raw: float, held: bool, w: int, a: int) -> float:
    """The reward that the guards let pass."""
    reward = min(raw, 0.0) if held else raw
    reward = min(max(reward, -settings.tick_bound), settings.tick_bound)
    if int(memory.since[w, a]) >= settings.episode_ticks:
        memory.account[w, a] = 0.0
        memory.since[w, a] = 0
    before = float(memory.account[w, a])
    after = before + reward
    if abs(after) > settings.episode_bound:
        after = min(max(after, -settings.episode_bound), settings.episode_bound)
        reward = after - before
    memory.account[w, a] = after
    memory.since[w, a] += 1
    return reward


@compiled
def _exit_penalty(settings: RewardSettings, reason: int) -> float:
    if reason == EXIT_EVICTION:
        return -settings.eviction_penalty
    if reason in (EXIT_COLLAPSE, EXIT_NEGLECT):
        return -settings.collapse_penalty
    return 0.0


@compiled
def _earn(
    state: WorldState,
    tables: Tables,
    settings: RewardSettings,
    memory: RewardState,
    earnings: Earnings,
    held: bool,
    w: int,
    a: int,
) -> None:
    """Write the parts and the total of an agent that lived when the tick began."""
    agents, amount = state.agents, state.events.amount
    n = w * agents.present.shape[1] + a
    deficit = float(memory.deficit[w, a])
    shaping, survival, penalty = -_potential(settings, deficit), 0.0, 0.0
    chat, harmony, ties = 0.0, 0.0, 0.0
    if amount[w, a, EV_EXIT] > 0.0:
        penalty = _exit_penalty(settings, int(agents.exit_reason[w, a]))
    else:
        deficit = _deficit(state, settings, w, a)
        memory.deficit[w, a] = deficit
        shaping += settings.shaping_discount * _potential(settings, deficit)
        survival = settings.survival
        chat, harmony, ties = social_parts(state, settings, int(memory.stage[0]), w, a)
        held = held or exit_is_near(state, tables, settings, w, a)
    needs = -settings.need_scale * deficit
    wages = settings.wage_scale * float(amount[w, a, EV_WAGES])
    punctuality = settings.punctuality_bonus * float(amount[w, a, EV_ON_TIME])
    faint = -settings.faint_penalty * float(amount[w, a, EV_FAINT])
    raw = needs + shaping + wages + punctuality + survival + faint + chat + harmony + ties
    reward = _guard(settings, memory, raw, held, w, a)
    parts = earnings.parts
    parts[n, _NEEDS] = needs
    parts[n, _SHAPING] = shaping
    parts[n, _WAGES] = wages
    parts[n, _PUNCTUALITY] = punctuality
    parts[n, _SURVIVAL] = survival
    parts[n, _FAINT] = faint
    parts[n, _EXIT] = penalty
    parts[n, _CHAT] = chat
    parts[n, _HARMONY] = harmony
    parts[n, _TIES] = ties
    parts[n, _GUARD] = reward - raw
    earnings.rewards[n] = reward + penalty
    earnings.clipped[n] = abs(raw) > settings.tick_bound


@compiled
def reward_world(
    state: WorldState, tables: Tables, settings: RewardSettings, memory: RewardState, earnings: Earnings, w: int
) -> None:
    """Pay the agents of world ``w`` for the tick just done; rows that were empty before it get zeros."""
    agents, amount = state.agents, state.events.amount
    count = agents.present.shape[1]
    for a in range(count):
        n = w * count + a
        ended = amount[w, a, EV_EXIT] > 0.0
        arrived = amount[w, a, EV_ARRIVED] > 0.0
        held = ended or int(memory.hold[w, a]) > 0
        if ended:
            memory.hold[w, a] = settings.exit_hold
        elif held:
            memory.hold[w, a] -= 1
        if arrived:
            _begin_life(state, settings, memory, w, a)
        earnings.terminated[n] = ended
        if ended or (agents.present[w, a] and not arrived):
            _earn(state, tables, settings, memory, earnings, held, w, a)
        else:
            earnings.clipped[n] = False
            earnings.rewards[n] = 0.0
            for p in range(_COUNT):
                earnings.parts[n, p] = 0.0
