"""Where jobs run: in this process, in others of this machine, or on a Ray cluster, with the same bytes."""

from townlet.executors.here import InProcess
from townlet.executors.opening import EXECUTORS, open_executor
from townlet.executors.pieces import pieces_of
from townlet.executors.protocol import Executor, Headway, Resident, Stages, Watch, WorkerHeadway
from townlet.executors.recording import record
from townlet.executors.rehearsal import rehearsed

__all__ = [
    "EXECUTORS",
    "Executor",
    "Headway",
    "InProcess",
    "Resident",
    "Stages",
    "Watch",
    "WorkerHeadway",
    "open_executor",
    "pieces_of",
    "record",
    "rehearsed",
]
