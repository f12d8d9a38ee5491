"""The registry of runs, datasets, checkpoints, evaluations and releases: one SQLite file in the runs folder."""

from townlet.registry.logbook import RunEntry, logged_run
from townlet.registry.promotion import PromotionManager, PromotionStatus, resolve_release
from townlet.registry.records import CheckpointRecord, DatasetRecord, EvaluationRecord, PromotionRecord, RunRecord
from townlet.registry.schema import SCHEMA_VERSION
from townlet.registry.store import Registry

__all__ = [
    "SCHEMA_VERSION",
    "CheckpointRecord",
    "DatasetRecord",
    "EvaluationRecord",
    "PromotionManager",
    "PromotionRecord",
    "PromotionStatus",
    "Registry",
    "RunEntry",
    "RunRecord",
    "logged_run",
    "resolve_release",
]
