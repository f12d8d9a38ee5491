"""The tables of the registry, as a list of migrations: the n-th brings version n - 1 to version n."""

from __future__ import annotations

__all__ = ["MIGRATIONS", "SCHEMA_VERSION"]

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE runs (
        id TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        started TEXT NOT NULL,
        finished TEXT,
        status TEXT NOT NULL CHECK (status IN ('running', 'done', 'interrupted', 'failed')),
        config_id TEXT NOT NULL,
        config_digest TEXT NOT NULL,
        policy TEXT NOT NULL,
        folder TEXT,
        summary TEXT NOT NULL
    );
    CREATE INDEX runs_by_time ON runs (started);
    CREATE TABLE datasets (
        digest TEXT PRIMARY KEY,
        path TEXT NOT NULL,
        registered TEXT NOT NULL,
        run TEXT REFERENCES runs (id),
        config_id TEXT NOT NULL,
        transitions INTEGER NOT NULL,
        policy TEXT NOT NULL,
        metrics TEXT NOT NULL
    );
    CREATE TABLE checkpoints (
        digest TEXT PRIMARY KEY,
        path TEXT NOT NULL,
        registered TEXT NOT NULL,
        run TEXT REFERENCES runs (id),
        backend TEXT NOT NULL,
        config_digest TEXT NOT NULL,
        parent TEXT,
        metrics TEXT NOT NULL
    );
    CREATE TABLE evaluations (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at TEXT NOT NULL,
        policy TEXT NOT NULL,
        checkpoint TEXT REFERENCES checkpoints (digest),
        run TEXT REFERENCES runs (id),
        passed INTEGER CHECK (passed IN (0, 1)),
        settings TEXT NOT NULL,
        metrics TEXT NOT NULL,
        by TEXT NOT NULL
    );
    CREATE INDEX evaluations_by_checkpoint ON evaluations (checkpoint, id);
    """,
    """
    CREATE TABLE promotions (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at TEXT NOT NULL,
        action TEXT NOT NULL CHECK (action IN ('promote', 'hold', 'rollback')),
        checkpoint TEXT NOT NULL REFERENCES checkpoints (digest),
        previous TEXT,
        after_evaluation INTEGER NOT NULL,
        passes INTEGER NOT NULL,
        metrics TEXT NOT NULL,
        reason TEXT NOT NULL,
        by TEXT NOT NULL
    );
    """,
    """
    ALTER TABLE checkpoints ADD COLUMN objections TEXT NOT NULL DEFAULT '[]';
    ALTER TABLE evaluations ADD COLUMN gate TEXT NOT NULL DEFAULT '{}';
    """,
)

SCHEMA_VERSION = len(MIGRATIONS)
