"""The one loop, the buffer it fills, and the recorder that turns its steps into trajectories."""

from townlet.rollout.buffer import RolloutBuffer
from townlet.rollout.collect import Collector, RolloutStats
from townlet.rollout.interrupt import Interruptible, end_is_asked
from townlet.rollout.loop import LoopOutcome, SimulationLoop
from townlet.rollout.memory import ArrayMemory
from townlet.rollout.snapshot import RunSnapshot, find_snapshot, read_snapshot, restore_run, write_snapshot
from townlet.rollout.spans import side_by_side
from townlet.rollout.step import Mind, Recorder, Step, Watcher
from townlet.rollout.trajectory import BlockWriter, TrajectoryService, block_ticks
from townlet.rollout.turns import WORTH_A_THREAD, Side, TakingTurns

__all__ = [
    "WORTH_A_THREAD",
    "ArrayMemory",
    "BlockWriter",
    "Collector",
    "Interruptible",
    "LoopOutcome",
    "Mind",
    "Recorder",
    "RolloutBuffer",
    "RolloutStats",
    "RunSnapshot",
    "Side",
    "SimulationLoop",
    "Step",
    "TakingTurns",
    "TrajectoryService",
    "Watcher",
    "block_ticks",
    "end_is_asked",
    "find_snapshot",
    "read_snapshot",
    "restore_run",
    "side_by_side",
    "write_snapshot",
]
