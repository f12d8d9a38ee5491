"""The checks, one file a level."""

from townlet.testing.checks import (
    determinism,
    hygiene,
    learning,
    packaging,
    protocol,
    resources,
    rollouts,
    semantics,
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
    *updates.EARLY,
    *determinism.CHECKS,
    *learning.CHECKS,
    *updates.CHECKS,
    *spans.CHECKS,
    *rollouts.CHECKS,
    *resources.CHECKS,
    *slow.CHECKS,
)
"""Every check, level by level, in the order in which they run."""
