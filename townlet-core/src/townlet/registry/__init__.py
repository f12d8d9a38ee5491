"""The registry of runs, datasets, checkpoints, evaluations and releases: one SQLite file in the runs folder."""

from townlet.registry.leftovers import Leftover, find_leftovers, remove_leftovers
from townlet.registry.logbook import RunEntry, enter_recovered, logged_run
from townlet.registry.promotion import PromotionManager, PromotionStatus, resolve_release
from townlet.registry.records import CheckpointRecord, DatasetRecord, EvaluationRecord, PromotionRecord, RunRecord
from townlet.registry.schema import SCHEMA_VERSION
from townlet.registry.store import Registry

__all__ = [
    "SCHEMA_VERSION",
    "CheckpointRecord",
    "DatasetRecord",
    "EvaluationRecord",
    "Leftover",
    "PromotionManager",
    "PromotionRecord",
    "PromotionStatus",
    "Registry",
    "RunEntry",
    "RunRecord",
    "enter_recovered",
    "find_leftovers",
    "logged_run",
    "remove_leftovers",
    "resolve_release",
]
