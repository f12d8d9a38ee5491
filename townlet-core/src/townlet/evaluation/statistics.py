"""Intervals, paired differences and probabilities of improvement over seeds.

Sources: percentile bootstrap, Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13;
interquartile mean and probability of improvement, Agarwal et al., "Deep reinforcement learning at the edge of
the statistical precipice" (NeurIPS 2021), section 4. A sample is float64 ``[S]``, one number a seed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from townlet.errors import UsageError

__all__ = ["FEWEST_TOWNS", "Difference", "Estimate", "difference", "estimate", "interquartile_mean", "mean"]

Sample = NDArray[np.float64]
CONFIDENCE = 0.95
RESAMPLES = 2000

FEWEST_TOWNS = 5
"""Pairs below which nothing is called better or worse, and no gate is passed.

The bootstrap interval of a few pairs spans no more than they do: four that all lie on one side of zero, as chance
alone has it once in eight, would leave it clear of zero.
"""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Estimate(_Frozen):
    """What a sample says about a number."""

    mean: float = Field(description="Mean over seeds.")
    low: float = Field(description="Lower end of the 95 % bootstrap interval of the mean.")
    high: float = Field(description="Upper end of that interval.")
    iqm: float = Field(description="Interquartile mean: the mean of the middle half.")
    iqm_low: float = Field(description="Lower end of the 95 % bootstrap interval of the interquartile mean.")
    iqm_high: float = Field(description="Upper end of that interval.")
    std: float = Field(description="Standard deviation over seeds (n - 1).")
    seeds: int = Field(description="How many seeds.")


class Difference(_Frozen):
    """What paired samples say about B minus A on the same seeds."""

    mean: float = Field(description="Mean of B - A over seeds.")
    low: float = Field(description="Lower end of its 95 % bootstrap interval.")
    high: float = Field(description="Upper end of that interval.")
    probability_of_improvement: float = Field(
        description="Share of seeds on which B is better than A, ties counted half."
    )
    equal: float = Field(0.0, description="Share of seeds on which both did the same.")
    verdict: Literal["better", "worse", "no clear difference"] = Field(
        description="Better or worse where the interval is clear of zero, over at least five towns."
    )
    seeds: int = Field(description="How many pairs.")

    @property
    def better_on(self) -> float:
        """Share of seeds on which B is better than A; 0 where both did the same everywhere."""
        return self.probability_of_improvement - 0.5 * self.equal


def mean(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over the last axis."""
    result: NDArray[np.float64] = samples.mean(axis=-1)
    return result


def interquartile_mean(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of the middle half over the last axis; entries at the quartiles count by their share inside."""
    count = samples.shape[-1]
    edges = np.arange(count + 1, dtype=np.float64)
    inside = np.clip(np.minimum(edges[1:], 0.75 * count) - np.maximum(edges[:-1], 0.25 * count), 0.0, 1.0)
    result: NDArray[np.float64] = np.sort(samples, axis=-1) @ (inside / inside.sum())
    return result


def estimate(sample: Sample, *, seed: int = 0) -> Estimate:
    """Mean and interquartile mean of ``sample`` with their bootstrap intervals.

    Args:
        sample: float64 ``[S]``, finite, at least one. With one seed the interval is that number.
        seed: seed of the resampling, so that the same sample gives the same interval.

    Raises:
        UsageError: for an empty sample or one with numbers that are not finite.
    """
    sample = _checked(sample)
    low, high = _interval(sample, mean, seed)
    iqm_low, iqm_high = _interval(sample, interquartile_mean, seed)
    return Estimate(
        mean=float(sample.mean()),
        low=low,
        high=high,
        iqm=float(interquartile_mean(sample)),
        iqm_low=iqm_low,
        iqm_high=iqm_high,
        std=float(sample.std(ddof=1)) if len(sample) > 1 else 0.0,
        seeds=len(sample),
    )


def difference(a: Sample, b: Sample, *, higher_is_better: bool = True, seed: int = 0) -> Difference:
    """B minus A, seed by seed.

    Args:
        a: float64 ``[S]``, the first policy's numbers.
        b: float64 ``[S]``, the second's, on the same seeds in the same order.
        higher_is_better: the direction of improvement.
        seed: seed of the resampling.

    Raises:
        UsageError: if the samples are empty, not finite, or of different length.
    """
    a, b = _checked(a), _checked(b)
    if len(a) != len(b):
        raise UsageError(
            f"a paired comparison needs the same seeds for both, found {len(a)} and {len(b)}",
            details=("evaluate both policies on the same --seeds",),
        )
    deltas = b - a
    low, high = _interval(deltas, mean, seed)
    gains = deltas if higher_is_better else -deltas
    equal = float((gains == 0).mean())
    wins = float((gains > 0).mean() + 0.5 * equal)
    clear = len(deltas) >= FEWEST_TOWNS and (low > 0.0 or high < 0.0)
    verdict: Literal["better", "worse", "no clear difference"] = "no clear difference"
    if clear:
        verdict = "better" if (low > 0.0) == higher_is_better else "worse"
    return Difference(
        mean=float(deltas.mean()),
        low=low,
        high=high,
        probability_of_improvement=wins,
        equal=equal,
        verdict=verdict,
        seeds=len(deltas),
    )


def _interval(
    sample: Sample, statistic: Callable[[NDArray[np.float64]], NDArray[np.float64]], seed: int
) -> tuple[float, float]:
    generator = np.random.Generator(np.random.PCG64(seed))
    picks = generator.integers(0, len(sample), (RESAMPLES, len(sample)))
    tail = (1.0 - CONFIDENCE) / 2.0
    low, high = np.quantile(statistic(sample[picks]), [tail, 1.0 - tail])
    return float(low), float(high)


def _checked(sample: Sample) -> Sample:
    sample = np.asarray(sample, np.float64)
    if sample.ndim != 1 or not len(sample):
        raise UsageError("there is nothing to estimate from: no seeds", details=("ask for at least one seed",))
    if not np.isfinite(sample).all():
        raise UsageError(f"{int((~np.isfinite(sample)).sum())} of {len(sample)} seeds gave no finite number")
    return sample
