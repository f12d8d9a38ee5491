"""One connection to the registry's file: WAL, waiting for others, errors in words, schema brought up to date."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from townlet.errors import RegistryError
from townlet.registry.schema import MIGRATIONS, SCHEMA_VERSION

__all__ = ["FILE_NAME", "Database"]

FILE_NAME = "registry.sqlite"
WAIT_SECONDS = 30.0

Value = str | int | float | None


class Database:
    """The registry's file, opened. Several processes may have it open at once and write.

    Args:
        path: the file; made, with its folder, where ``create`` is true.
        create: whether it may be made.

    Raises:
        RegistryError: it is missing, no registry, of a newer version, or cannot be opened.
    """

    def __init__(self, path: Path, *, create: bool = True) -> None:
        self.path = path
        if not create and not path.exists():
            raise RegistryError(
                "there is no registry here",
                where=str(path),
                details=(
                    "nothing has been recorded here yet; if the registry is elsewhere, give its folder:  --runs DIR",
                ),
            )
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists() and not path.is_file():  # SQLite would wait for a pipe, and write beside a device
                raise RegistryError("the registry is not a regular file", where=str(path))
            self._connection = sqlite3.connect(path, timeout=WAIT_SECONDS, isolation_level=None)
        except (OSError, sqlite3.Error) as problem:
            raise RegistryError(f"the registry cannot be opened: {problem}", where=str(path)) from problem
        try:
            self._connection.row_factory = sqlite3.Row
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        # Turning WAL on needs the file for itself and does not wait by itself; somebody else may be doing the same.
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode = WAL").fetchone()
                self._connection.execute("PRAGMA synchronous = FULL")
                self._connection.execute("PRAGMA foreign_keys = ON")
                break
            except sqlite3.OperationalError as problem:
                if "locked" not in str(problem) or time.monotonic() > deadline:
                    raise self._error(problem) from problem
                time.sleep(0.02)
            except sqlite3.Error as problem:
                raise self._error(problem) from problem
        self._migrate()

    def _migrate(self) -> None:
        if self._version() == SCHEMA_VERSION:
            return
        with self.writing():
            version = self._version()
            if version > SCHEMA_VERSION:
                raise RegistryError(
                    f"the registry has schema version {version}; this Townlet knows {SCHEMA_VERSION}",
                    where=str(self.path),
                    details=("a newer Townlet wrote it: upgrade this one, or use another folder",),
                )
            if version == 0 and self.rows(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            ):
                raise RegistryError("this SQLite file is not a registry", where=str(self.path))
            for script in MIGRATIONS[version:]:
                for statement in script.split(";"):
                    if statement.strip():
                        self._execute(statement)
            self._execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _version(self) -> int:
        return int(self.rows("PRAGMA user_version")[0][0])

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction that holds the right to write from its first statement; all of it or nothing."""
        self._execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._execute("COMMIT")

    def write(self, statement: str, values: Sequence[Value] = ()) -> int:
        """Run one statement inside :meth:`writing`; the id of the row that it inserted."""
        return int(self._execute(statement, values).lastrowid or 0)

    def rows(self, statement: str, values: Sequence[Value] = ()) -> list[sqlite3.Row]:
        """The rows of a query."""
        return self._execute(statement, values).fetchall()

    def _execute(self, statement: str, values: Sequence[Value] = ()) -> sqlite3.Cursor:
        try:
            return self._connection.execute(statement, tuple(values))
        except sqlite3.Error as problem:
            raise self._error(problem) from problem

    def _error(self, problem: sqlite3.Error) -> RegistryError:
        return RegistryError(f"the registry cannot be used: {problem}", where=str(self.path))

    def close(self) -> None:
        """Close the connection. May be called twice."""
        self._connection.close()
