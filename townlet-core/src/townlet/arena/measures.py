"""What is measured of a town with strangers in it, from the sums that every key figure comes from.

Sources: normalised scores, interquartile mean and stratified bootstrap, Agarwal et al., "Deep reinforcement learning
at the edge of the statistical precipice" (NeurIPS 2021); focal and background returns, Leibo et al., "Scalable
evaluation of multi-agent reinforcement learning with Melting Pot" (ICML 2021); Gini of numbers of either sign,
Raffinetti, Siletti and Vernizzi, "On the Gini coefficient normalization when attributes with negative values are
considered" (2015).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from townlet.evaluation import Estimate, interquartile_mean
from townlet.play import Outcome
from townlet.telemetry.measures import column

__all__ = ["MEASURED", "gini", "measured", "stratified"]

Sample = NDArray[np.float64]

MEASURED: dict[str, str] = {
    "focal_return": "reward per agent-day of the people under test",
    "background_return": "reward per agent-day of the others",
    "presence": "what the others gain (or lose) by your presence, reward per agent-day",
    "focal_exits": "lives ended per agent-day, of the people under test",
    "background_exits": "lives ended per agent-day, of the others",
    "focal_conflicts": "queue conflicts begun per agent-day, by the people under test",
    "background_conflicts": "queue conflicts begun per agent-day, by the others",
    "gini_return": "inequality of return over the whole town (Gini, 0 to 1)",
    "gini_needs": "inequality of the mean need over the whole town (Gini, 0 to 1)",
    "work_share": "wages of the people under test per head, over those of the whole town per head",
    "food_share": "meals of the people under test per head, over those of the whole town per head",
}
"""Every measure with what it says, in the order of tables."""

_RESAMPLES = 2000
_TAIL = 0.025


def gini(values: Sample) -> Sample:
    """The Gini coefficient over the last axis: 0 for equals, towards 1 for one who has all.

    For numbers of either sign it is normalised by the mean of their absolute values, which leaves it between 0 and 1.
    0 where all are 0.
    """
    count = values.shape[-1]
    spread = np.abs(values[..., :, None] - values[..., None, :]).sum((-1, -2)) / (2.0 * count * count)
    size = np.abs(values).mean(-1)
    found: Sample = np.divide(spread, size, out=np.zeros_like(size), where=size > 0)
    return found


def measured(outcome: Outcome, baseline: Outcome) -> dict[str, Sample]:
    """The measures of each town: name to float64 ``[W]``, names as in :data:`MEASURED`.

    Args:
        outcome: the scenario with a mind under test, role 0 of its cast.
        baseline: the same towns with a mind of the background in its places.
    """
    sums, days = outcome.kpis.agent_sums, float(outcome.kpis.day_ticks)
    focal = outcome.players == 0

    def per_day(name: str, who: NDArray[np.bool_], of: Sample = sums) -> Sample:
        ticks = (of[..., column("ticks")] * who).sum(1)
        total = (of[..., column(name)] * who).sum(1) * days
        rate: Sample = np.divide(total, ticks, out=np.zeros_like(total), where=ticks > 0)
        return rate

    def share(name: str) -> Sample:
        values = sums[..., column(name)]
        mine, all_of_them = (values * focal).sum(1) / focal.sum(1), values.mean(1)
        part: Sample = np.divide(mine, all_of_them, out=np.ones_like(mine), where=all_of_them > 0)
        return part

    lived = np.maximum(sums[..., column("ticks")], 1.0)
    needs = sum(sums[..., column(need)] for need in ("hunger", "energy", "hygiene")) / (3.0 * lived)
    return {
        "focal_return": per_day("reward", focal),
        "background_return": per_day("reward", ~focal),
        "presence": per_day("reward", ~focal) - per_day("reward", ~focal, baseline.kpis.agent_sums),
        "focal_exits": per_day("exit", focal),
        "background_exits": per_day("exit", ~focal),
        "focal_conflicts": per_day("conflict", focal),
        "background_conflicts": per_day("conflict", ~focal),
        "gini_return": gini(sums[..., column("reward")] / lived),
        "gini_needs": gini(needs),
        "work_share": share("wages"),
        "food_share": share("finished_table"),
    }


def stratified(samples: Sequence[Sample]) -> Estimate:
    """Mean and interquartile mean over several scenarios, each weighing the same, with intervals.

    Resampled within each scenario, so that the interval says how much other towns would change, not other scenarios.

    Args:
        samples: float64 ``[K]`` each, one a scenario, equally long.
    """
    table = np.stack(samples)
    scenarios, towns = table.shape
    picks = np.random.Generator(np.random.PCG64(0)).integers(0, towns, (_RESAMPLES, scenarios, towns))
    drawn = table[np.arange(scenarios)[None, :, None], picks].reshape(_RESAMPLES, -1)
    low, high = np.quantile(drawn.mean(axis=1), [_TAIL, 1.0 - _TAIL])
    iqm_low, iqm_high = np.quantile(interquartile_mean(drawn), [_TAIL, 1.0 - _TAIL])
    return Estimate(
        mean=float(table.mean()),
        low=float(low),
        high=float(high),
        iqm=float(interquartile_mean(table.reshape(-1))),
        iqm_low=float(iqm_low),
        iqm_high=float(iqm_high),
        std=float(table.mean(axis=1).std(ddof=1)) if scenarios > 1 else 0.0,
        seeds=table.size,
    )
