"""Where rollouts lie: arrays of the learner's own, into which Townlet writes, again and again.

A learner need not have this; without it Townlet has arrays of its own. It is here to be changed: into memory that a
device copies from, that is mapped from a file, or that lies as your update wants to read it.
"""

from townlet.api import ObservationBatch, ObservationSpec, RolloutArrays


class NumpyMemory:
    """A RolloutMemory in Townlet's sense, of plain NumPy arrays."""

    def __init__(self, spec: ObservationSpec, ticks: int, rows: int, spans: bool) -> None:
        self.arrays = RolloutArrays.empty(spec, ticks, rows, spans=spans)

    def slot(self, tick: int, rows: slice) -> ObservationBatch:
        """Views: what some rows see at a tick. The policy is shown these very objects when it is to decide on them."""
        return self.arrays.slot(tick).take(rows)
