"""Hostile files, hundreds of them in minutes: refused in words, soon, whatever is wrong with which field.

``TOWNLET_HOSTILE_CASES=2000`` asks for so many of each kind of file; ``TOWNLET_HOSTILE_SEED`` for others.
"""

from __future__ import annotations

import os
import random
import resource
import shutil
import sqlite3
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from . import subjects
from .asking import ask
from .conftest import ROOT
from .damage import cases
from .subjects import Subject

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")]

CASES = int(os.environ.get("TOWNLET_HOSTILE_CASES", "24"))
SEED = int(os.environ.get("TOWNLET_HOSTILE_SEED", "14"))
MOST_BYTES = 2 << 30
"""Memory that all of it together may take."""

CELLS: tuple[object, ...] = (
    None, "", "x", "[]", "null", "{}", "[" * 100_000, '{"seeds": 5, "days": "x", "config_id": []}', b"\xff\x00", 1e308,
    -1, 2**62, "\x1b[2J", "9" * 5000, '{"reward": 1e999}', '{"a": "\\ud800"}',
)  # fmt: skip

found: list[str] = []


class Lane:
    """Asks commands about damaged files and gathers what nobody could live with."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.asked = 0
        self.faults: list[str] = []
        self.kept = {path.name for path in home.iterdir()}

    def ask(self, words: subjects.Words, what: str) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # of files that a refusal leaves to the collector
            answer = ask(words)
        self.asked += 1
        fault = answer.fault()
        if fault is not None:
            self.faults.append(f"{what} | townlet {' '.join(words)} | {fault}\n    {answer.err[:400]}")
        for path in self.home.iterdir():
            if path.name.startswith("out"):
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def attack(self, subject: Subject, count: int, seed: int) -> None:
        good = subject.file.read_bytes()
        try:
            for words in subject.commands:
                assert ask(words, limit=300).fault() is None, (subject.name, words)
            for name, data in cases(subject.document, random.Random(seed), count, subject.encode):
                if data == b"{}" and subject.name == "study's config.json":
                    continue  # a config that says nothing is the default town, whose study takes hours
                subject.file.write_bytes(data)
                for words in subject.commands:
                    self.ask(words, f"{subject.name}: {name}")
        finally:
            subject.file.write_bytes(good)


@pytest.fixture(scope="module")
def lane(home: Path) -> Iterator[Lane]:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    opened = Lane(home)
    yield opened
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10
    assert grown < MOST_BYTES, f"{grown:,} bytes were taken"
    assert opened.asked == 0 or opened.asked >= CASES


def check(lane: Lane, made: list[Subject] | Subject) -> None:
    for subject in made if isinstance(made, list) else [made]:
        lane.attack(subject, CASES // 4 if subject.name.startswith("study") else CASES, SEED)
    faults, lane.faults = lane.faults, []
    assert not faults, f"{len(faults)} of {lane.asked}:\n" + "\n".join(faults[:20])


def test_configs_maps_and_affordances(lane: Lane) -> None:
    check(lane, subjects.configs(lane.home, ROOT))


def test_datasets_and_snapshots(lane: Lane) -> None:
    check(lane, subjects.recordings(lane.home))


def test_folders_of_runs_and_studies(lane: Lane) -> None:
    pytest.importorskip("matplotlib")
    check(lane, subjects.runs(lane.home))


def test_checkpoints(lane: Lane) -> None:
    check(lane, subjects.checkpoint(lane.home))


def test_cells_of_the_registry(lane: Lane) -> None:
    file = subjects.registry(lane.home)
    good = file.read_bytes()
    rng = random.Random(SEED)
    with sqlite3.connect(file) as rows:
        run = rows.execute("SELECT id FROM runs").fetchone()[0]
        tables = [name for (name,) in rows.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        columns = {
            table: [row[1] for row in rows.execute(f"PRAGMA table_info({table})")]
            for table in tables
            if not table.startswith("sqlite")
        }
    rows.close()
    commands = subjects.registry_commands("registered", run)
    for words in commands:
        assert ask(words, limit=300).fault() is None, words
    for table, names in columns.items():
        for column in names:
            for value in CELLS if CASES > 200 else rng.sample(CELLS, 5):
                _restore(file, good)
                if _set(file, table, column, value):
                    for words in rng.sample(commands, 3):
                        lane.ask(words, f"{table}.{column} is {str(value)[:40]!r}")
    _restore(file, good)
    check(lane, [])


def test_schemas_of_the_registry(lane: Lane) -> None:
    file = (
        subjects.registry(lane.home)
        if not (lane.home / "registered").exists()
        else lane.home / "registered" / "registry.sqlite"
    )
    good = file.read_bytes()
    for statement in (
        "ALTER TABLE runs ADD COLUMN surprise TEXT", "ALTER TABLE evaluations ADD COLUMN surprise BLOB",
        "ALTER TABLE runs DROP COLUMN summary", "DROP TABLE promotions", "DROP TABLE evaluations",
        "PRAGMA user_version = 1", "PRAGMA user_version = 99", "PRAGMA user_version = -1",
        "DELETE FROM checkpoints", "UPDATE promotions SET action = 'rollback'",
    ):  # fmt: skip
        _restore(file, good)
        with sqlite3.connect(file) as rows:
            rows.execute("PRAGMA ignore_check_constraints = ON")
            rows.execute(statement)
        rows.close()
        for words in subjects.registry_commands("registered", "train"):
            lane.ask(words, statement)
    for data in (b"", b"no database" * 1000, good[:100], good[: len(good) // 2], good[:4096] + bytes(len(good) - 4096)):
        _restore(file, data)
        for words in subjects.registry_commands("registered", "train"):
            lane.ask(words, f"{len(data)} bytes of a registry")
    _restore(file, good)
    check(lane, [])


def _restore(file: Path, data: bytes) -> None:
    for path in file.parent.glob("registry.sqlite*"):
        path.unlink()
    file.write_bytes(data)


def _set(file: Path, table: str, column: str, value: object) -> bool:
    """Put a value into every cell of a column; False where SQLite refuses it, such as nothing in a key."""
    rows = sqlite3.connect(file)
    try:
        rows.execute("PRAGMA ignore_check_constraints = ON")
        rows.execute("PRAGMA foreign_keys = OFF")
        rows.execute(f"UPDATE {table} SET {column} = ?", (value,))
        rows.commit()
    except sqlite3.Error:
        return False
    finally:
        rows.close()
    return True


def test_minari_datasets(lane: Lane) -> None:
    h5py = pytest.importorskip("h5py")
    pytest.importorskip("minari")
    if not (lane.home / "town").exists():
        subjects.recordings(lane.home)
    folder = subjects.minari(lane.home)
    whole = lane.home / "minari-whole"
    shutil.copytree(folder, whole)
    words: subjects.Words = ("dataset", "import", "minari-town", "--out", "out-town")
    metadata = folder / "data" / "metadata.json"
    import json

    subject = Subject("minari metadata", metadata, [words], subjects.plain, json.loads(metadata.read_bytes()))
    lane.attack(subject, CASES, SEED)
    facts = json.loads(json.loads(metadata.read_bytes())["townlet"])
    inner = Subject(
        "facts", metadata, [words],
        lambda value: subjects.plain({**subject.document, "townlet": subjects.plain(value).decode()}), facts,
    )  # fmt: skip
    lane.attack(inner, CASES, SEED)
    for name, damage in hdf5_damage(h5py):
        shutil.rmtree(folder)
        shutil.copytree(whole, folder)
        with h5py.File(folder / "data" / "main_data.hdf5", "r+") as file:
            damage(file)
        lane.ask(words, f"minari data: {name}")
    data = (whole / "data" / "main_data.hdf5").read_bytes()
    rng = random.Random(SEED)
    for number in range(CASES):
        torn = bytearray(data if number % 2 else data[: rng.randrange(len(data))])
        for _ in range(20):
            if torn:
                torn[rng.randrange(min(len(torn), 4096))] = rng.randrange(256)
        (folder / "data" / "main_data.hdf5").write_bytes(torn)
        lane.ask(words, f"minari data: torn {number}")
    check(lane, [])


def hdf5_damage(h5py: object) -> list[tuple[str, Callable[[object], None]]]:
    """What can be wrong inside the file, by name."""
    import numpy as np

    def replaced(path: str, value: object) -> Callable[[object], None]:
        def change(file: object) -> None:
            group = file["episode_0"]  # type: ignore[index]
            del group[path]
            if value is not None:
                group[path] = value

        return change

    def attribute(name: str, value: object) -> Callable[[object], None]:
        def change(file: object) -> None:
            file["episode_0"].attrs[name] = value  # type: ignore[index]

        return change

    made = [(f"total_steps is {v!r}", attribute("total_steps", v))
            for v in (0, -1, 10**9, 2**62, 1.5, "x", np.arange(3))]  # fmt: skip
    made += [
        (f"{path} is {name}", replaced(path, value))
        for path in ("actions", "rewards", "terminations", "observations/features", "observations/action_mask",
                     "observations", "infos/log_probs", "infos")
        for name, value in {
            "gone": None, "empty": np.zeros(0), "a number": 5.0, "text": "x", "too long": np.zeros(10_000),
            "not finite": np.full(31, np.nan), "of another shape": np.zeros((31, 2, 2)), "huge": np.full(31, 1e300),
            "negative": np.full(31, -5), "complex": np.zeros(31, np.complex128),
        }.items()
    ]  # fmt: skip
    return made


@pytest.mark.parametrize(
    "words",
    [
        (".".join("a" * 5000) + "=1",), ("a[" + "9" * 5000 + "]=1",), ("town.map=" + "[" * 5000,),
        ("town.map=" + "{a: " * 39 + "1" + "}" * 39,), ("seed=" + "9" * 5000,), ("seed=1e999",), ("=",), ("a=&x [*x]",),
        ("town.map=\x00",), ("town.map=" + "x" * 100_000,), ("policy.backend=os:system",), ("seed[0]=1",),
        ("training.options.hidden=[-1]",), ("policy.options={a: \x1b}",), ("a.b.c.d=1", "a=1"), ("name=\ud800",),
    ],
)  # fmt: skip
def test_overrides(lane: Lane, words: tuple[str, ...]) -> None:
    asked = [part for word in words for part in ("--set", word)]
    answer = ask(("config", "check", *asked))
    assert answer.fault() is None, answer.err[:400]
    assert answer.code in (2, 4)
    assert len(answer.err) < 4000
