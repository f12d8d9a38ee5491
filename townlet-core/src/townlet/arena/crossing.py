"""Cross-play: every mind among people of every other, in several shares."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from townlet.arena.matches import Setting
from townlet.arena.measures import measured
from townlet.arena.results import Cell, CrossPlay
from townlet.arena.suites import Suite
from townlet.config import load_document
from townlet.evaluation import estimate
from townlet.play import MindSpec, Outcome

__all__ = ["SHARES", "cross_play", "crossings"]

SHARES = (0.125, 0.5, 0.875)
"""One in eight, half, and all but one in eight."""

_DAYS = 3.0
_OFFSET = 1_000_000
"""Towns of the matrix lie so far behind those of the scenarios."""

Crossing = tuple[Setting, MindSpec]


def crossings(suite: Suite, minds: Sequence[MindSpec]) -> tuple[Crossing, ...]:
    """What is to be played: each ordered pair in each share, in the default town; a pair of one mind once."""
    config = load_document(None, suite.interface.overrides("the matrix")).config
    ticks = round(_DAYS * config.town.time.day_ticks)
    seeds = tuple(range(suite.first_seed + _OFFSET, suite.first_seed + _OFFSET + suite.seeds))
    found: list[Crossing] = []
    for focal in minds:
        for other in minds:
            for share in SHARES if focal is not other else (0.5,):
                setting = Setting(
                    name=other.requested,
                    config=config,
                    focal=f"{100 * share:g}%",
                    background=((other, 1.0),),
                    seeds=seeds,
                    ticks=ticks,
                )
                found.append((setting, focal))
    return tuple(found)


def cross_play(crossed: Sequence[Crossing], outcomes: Sequence[Outcome], minds: Sequence[MindSpec]) -> CrossPlay:
    """The matrix, from the outcomes of :func:`crossings` in their order."""
    cells, returns = [], {}
    for (setting, focal), outcome in zip(crossed, outcomes, strict=True):
        values = measured(outcome, outcome)
        share = float(setting.focal.rstrip("%")) / 100
        alone = focal.requested == setting.name
        mine = values["focal_return"]
        if alone:  # everybody is of one mind: the whole town counts
            mine = 0.5 * (values["focal_return"] + values["background_return"])
        returns[focal.requested, setting.name, share] = mine
        cells.append(
            Cell(
                focal=focal.requested,
                background=setting.name,
                share=share,
                focal_return=estimate(mine),
                background_return=estimate(mine if alone else values["background_return"]),
            )
        )
    names = [mind.requested for mind in minds]
    gaps = {}
    for name in names:
        among_others = [returns[name, other, share] for other in names if other != name for share in SHARES]
        gaps[name] = estimate(returns[name, name, 0.5] - np.mean(among_others, axis=0))
    first = crossed[0][0]
    return CrossPlay(
        shares=SHARES,
        seeds=first.seeds,
        days=first.ticks / first.config.town.time.day_ticks,
        cells=tuple(cells),
        self_minus_cross=gaps,
    )
