"""Telling observer plugins what came of a run."""

from __future__ import annotations

from townlet.api import RunSummary
from townlet.play.outcome import Outcome
from townlet.plugins import Observers

__all__ = ["tell_observers"]


def tell_observers(outcome: Outcome, run_id: str) -> tuple[str, ...]:
    """Tell every observer plugin of an outcome; what went wrong with one of them, in words.

    Args:
        outcome: what came of it.
        run_id: what the run is called.
    """
    observers = Observers.load()
    observers.run_finished(
        RunSummary(
            run_id=run_id,
            ticks=outcome.ticks,
            policy=outcome.provenance.to_json(),
            kpis=outcome.kpis.summary(),
            interrupted=outcome.interrupted,
            folder=None if outcome.dataset is None else str(outcome.dataset),
        )
    )
    return tuple(str(failure) for failure in observers.failures)
