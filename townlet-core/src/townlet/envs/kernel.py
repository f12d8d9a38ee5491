"""The compiled step of an engine: world, rewards, counters, masks and observations of some worlds in one call."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from townlet.observations.surroundings import Surroundings
from townlet.observations.writer import Sheets, observe_world
from townlet.rewards.reward import begin_rewards, reward_world
from townlet.rewards.state import Earnings, RewardSettings, RewardState
from townlet.telemetry.accumulate import Counters, Pay, measure_world
from townlet.world.compiled import compiled, jit_enabled
from townlet.world.masks import mask_world
from townlet.world.state import WorldState
from townlet.world.tables import Tables
from townlet.world.tick import tick_world
from townlet.world.views import viewer

__all__ = ["ENTRY_POINTS", "Contents", "advance", "begin", "first_forbidden", "retarget"]


class Contents(NamedTuple):
    """Everything a step reads or writes, but for actions and the caller's observation arrays."""

    state: WorldState
    tables: Tables
    surroundings: Surroundings
    settings: RewardSettings
    memory: RewardState
    earnings: Earnings
    pay: Pay
    counters: Counters
    mask: Annotated[NDArray[np.bool_], "N K", "what is possible now"]
    asked: Annotated[NDArray[np.bool_], "N", "whose next action counts"]


F = TypeVar("F", bound=Callable[..., Any])


def _quietly(entry: F) -> F:
    """Interpreted, uint64 that wraps around (as random numbers must) would warn; compiled, it does not."""
    if jit_enabled():
        return entry

    @wraps(entry)
    def quiet(*args: Any) -> Any:
        with np.errstate(over="ignore"):
            return entry(*args)

    return quiet  # type: ignore[return-value]


as_contents = viewer(Contents)
as_sheets = viewer(Sheets)


@compiled
def begin(contents_ref: Any) -> None:
    """Open the accounts of fresh worlds."""
    contents = as_contents(contents_ref)
    begin_rewards(contents.state, contents.settings, contents.memory)


@compiled
def first_forbidden(contents_ref: Any, actions: NDArray[np.int64]) -> int:
    """The first row whose action is out of range or not possible, or -1; rows that nobody asked are not heard."""
    contents = as_contents(contents_ref)
    mask, asked = contents.mask, contents.asked
    kinds = mask.shape[1]
    heard_all = contents.tables.rules.ask_every == 0
    for n in range(mask.shape[0]):
        action = actions[n]
        if (heard_all or asked[n]) and (action < 0 or action >= kinds or not mask[n, action]):
            return n
    return -1


@compiled
def retarget(table: NDArray[np.int64], sheets: Sheets) -> None:
    """Point a bound :class:`Sheets` of the same shapes at other arrays; order and layout as ``bind`` writes them."""
    table[0] = sheets.map.ctypes.data
    table[5] = sheets.features.ctypes.data
    table[8] = sheets.action_mask.ctypes.data
    table[11] = sheets.active.ctypes.data
    table[13] = sheets.episode_start.ctypes.data
    table[15] = sheets.asked.ctypes.data


@compiled
def _look_world(contents: Contents, sheets: Sheets, w: int, thread: int) -> None:
    count = contents.state.agents.present.shape[1]
    mask = contents.mask
    mask_world(contents.state, contents.tables, mask, contents.asked, w)
    for n in range(w * count, (w + 1) * count):
        for k in range(mask.shape[1]):
            sheets.action_mask[n, k] = mask[n, k]
        sheets.asked[n] = contents.asked[n]
    observe_world(contents.state, contents.tables, contents.surroundings, sheets, w, thread)


@_quietly
@compiled
def advance(contents_ref: Any, sheets_ref: Any, actions: NDArray[np.int64], first: int, last: int, thread: int) -> None:
    """One tick of the worlds ``first`` .. ``last - 1``, each while its data is in the cache.

    With no actions at all (int64 ``[0]``) no time passes: masks and observations are written, nothing else.
    (One entry point for both, because each one that contains the writers compiles them anew.)
    """
    contents, sheets = as_contents(contents_ref), as_sheets(sheets_ref)
    state, tables = contents.state, contents.tables
    for w in range(first, last):
        if len(actions) > 0:
            tick_world(state, tables, actions, w)
            reward_world(state, tables, contents.settings, contents.memory, contents.earnings, w)
            measure_world(state, tables, contents.counters, contents.asked, contents.pay, w)
        _look_world(contents, sheets, w, thread)


ENTRY_POINTS = (begin, first_forbidden, advance)
