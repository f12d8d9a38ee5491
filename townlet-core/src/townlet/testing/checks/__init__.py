"""The checks, one file a level."""

from townlet.testing.checks import (
    cloning,
    conduct,
    determinism,
    exactly,
    hygiene,
    learning,
    numbers,
    packaging,
    protocol,
    resources,
    rollouts,
    semantics,
    senses,
    slow,
    spans,
    updates,
)

__all__ = ["ALL_CHECKS"]

ALL_CHECKS = (
    *packaging.CHECKS,
    *hygiene.CHECKS,
    *protocol.CHECKS,
    *semantics.CHECKS,
    *conduct.FIRST,
    *updates.EARLY,
    *conduct.EARLY,
    *determinism.CHECKS,
    *learning.CHECKS,
    *exactly.FIRST,
    *updates.CHECKS,
    *spans.CHECKS,
    *exactly.CHECKS,
    *senses.CHECKS,
    *cloning.CHECKS,
    *conduct.CHECKS,
    *numbers.CHECKS,
    *rollouts.CHECKS,
    *resources.CHECKS,
    *slow.CHECKS,
)
"""Every check, level by level, in the order in which they run."""
