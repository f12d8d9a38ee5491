"""A pipe that nobody writes to, a device without end, a socket, a folder, a link to itself where a file should be.

Nothing here may lead out of the test's own folder: what is written to a place is written through its links.
"""

from __future__ import annotations

import os
import random
import shutil
import socket
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from . import subjects
from .asking import ask
from .conftest import ROOT
from .subjects import HAMLET, Subject, Words

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="files of POSIX")]

LONGEST = 20.0
MANY = int(os.environ.get("TOWNLET_HOSTILE_CASES", "24")) > 200
SEED = int(os.environ.get("TOWNLET_HOSTILE_SEED", "14"))
ALWAYS = ("a pipe", "a device without end")


def _socket(place: Path) -> None:
    before = Path.cwd()
    os.chdir(place.parent)  # the address of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as opened:
            opened.bind(place.name)
    finally:
        os.chdir(before)


def _device(place: Path, name: str, minor: int) -> None:
    """A device in the test's own folder where this user may make one: beside one in /dev they could write."""
    if os.geteuid() != 0:
        place.symlink_to(f"/dev/{name}")
        return
    try:
        os.mknod(place, stat.S_IFCHR | 0o666, os.makedev(1, minor))
    except OSError:
        os.mkfifo(place)  # a container without that right


def _other(place: Path) -> Path:
    """A file beside the place that is nothing of Townlet's."""
    file = place.with_name("another")
    file.write_bytes(OTHERS)
    return file


OTHERS = b"root:x:0:0:root:/root:/bin/sh\n"

ODD: dict[str, Callable[[Path], None]] = {
    "a pipe": os.mkfifo,
    "a socket": _socket,
    "a device without end": lambda place: _device(place, "zero", 5),
    "a device of nothing": lambda place: _device(place, "null", 3),
    "a full device": lambda place: _device(place, "full", 7),
    "a folder": lambda place: place.mkdir(),
    "a link to itself": lambda place: place.symlink_to(place),
    "a link to nothing": lambda place: place.symlink_to("nowhere"),
    "a link to a file of another kind": lambda place: place.symlink_to(_other(place)),
}


@contextmanager
def odd(place: Path, kind: str) -> Iterator[None]:
    """Something odd at a place, for the time being; what was there comes back."""
    aside = place.with_name(f"{place.name}.aside")
    there = place.exists()
    if there:
        place.rename(aside)
    try:
        ODD[kind](place)
        yield
    finally:
        shutil.rmtree(place) if place.is_dir() and not place.is_symlink() else place.unlink(missing_ok=True)
        for left in ("another", "nowhere"):
            place.with_name(left).unlink(missing_ok=True)
        if there:
            aside.rename(place)


def tried(places: dict[Path, list[Words]], home: Path) -> tuple[int, list[str]]:
    """How many commands were asked, and those whose answer a person could not live with."""
    faults, count, rng = [], 0, random.Random(SEED)
    ask(("config", "check", *HAMLET), limit=300)  # what is imported and compiled once takes its time now
    for place, commands in places.items():
        for words in commands:
            for kind in ODD if MANY else (*ALWAYS, *rng.sample([kind for kind in ODD if kind not in ALWAYS], 2)):
                with odd(place, kind):
                    answer = ask(words, limit=LONGEST)
                    kept = os.path.lexists(place)
                count += 1
                fault = answer.fault() or (None if kept else "what was there is gone")
                if fault is not None:
                    said = f"{fault}\n    {answer.err[:300]}"
                    faults.append(f"{kind} at {place.name} | townlet {' '.join(words)} | {said}")
                for path in home.glob("out*"):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
    return count, faults


def all_is_well(count: int, faults: list[str], least: int) -> None:
    assert not faults, f"{len(faults)} of {count}:\n" + "\n".join(faults[:25])
    assert count >= least


def test_what_is_given_by_name(home: Path) -> None:
    given = home / "given.yaml"
    word = str(given)
    commands: list[Words] = [
        ("config", "check", word),
        ("config", "show", word),
        ("run", "--config", word, "--ticks", "1", "--no-registry"),
        ("config", "check", "--set", f"town.map={word}"),
        ("config", "check", *HAMLET, "--set", f"town.affordances={word}"),
        ("arena", "stub", "--suite", word, "--lint"),
        ("arena", "stub", "--suite", word),
        ("run", *HAMLET, "--backend", f"scripted:{word}", "--ticks", "1", "--no-registry"),
        ("promote", word, "--runs", "elsewhere"),
        ("report", word, "--out", "out.html"),
        ("dataset", "inspect", word),
        ("dataset", "verify", word),
        ("dataset", "recover", word, "--runs", "elsewhere"),
        ("dataset", "import", word, "--out", "out-town"),
        ("replay", word),
        ("view", word, "--out", "out.html"),
        ("inspect", word, "--agent", "alice", "--tick", "1"),
        ("run", "--resume", word, "--ticks", "1", "--no-registry"),
        ("train", "--resume", word, "--runs", "elsewhere"),
        ("tune", "--resume", word, "--runs", "elsewhere"),
        ("export", word, "--out", "out.onnx"),
        ("runs", "list", "--runs", word),
        ("runs", "clean", "--runs", word),
        ("releases", "--runs", word),
    ]
    all_is_well(*tried({given: commands}, home), least=90)


def test_where_something_is_to_be_written(home: Path) -> None:
    if not (home / "town").exists():
        subjects.recordings(home)
    place = home / "taken"
    word = str(place)
    commands: list[Words] = [
        ("run", *HAMLET, "--ticks", "2", "--record", word, "--no-registry"),
        ("rollout", *HAMLET, "--ticks", "2", "--worlds", "1", "--out", word, "--no-registry"),
        ("run", *HAMLET, "--ticks", "2", "--snapshot-every", "1", "--snapshots", word, "--no-registry"),
        ("view", "town", "--out", word),
        ("report", "town", "--out", word),
        ("dataset", "split", "town", "--train", word, "--held-out", "out-b"),
        ("dataset", "export", "town", "--out", word),
        ("config", "schema", "-o", word),
        ("evaluate", *HAMLET, "--seeds", "1", "--days", "0.001", "--runs", word),
    ]
    all_is_well(*tried({place: commands}, home), least=30)


def test_the_files_of_our_folders(home: Path) -> None:
    pytest.importorskip("matplotlib")
    found: list[Subject] = [*subjects.configs(home, ROOT)]
    found += subjects.recordings(home) if not (home / "town").exists() else []
    found += [*subjects.runs(home), subjects.checkpoint(home)]
    places = {subject.file: list(subject.commands)[:3] for subject in found}
    places[home / "town" / "shard-00000.safetensors"] = [("dataset", "verify", "town"), ("replay", "town")]
    places[home / "ckpt" / "weights"] = [("promote", "ckpt", "--hold", "--reason", "r", "--runs", "elsewhere")]
    registry = subjects.registry(home)
    places[registry] = [("runs", "list", "--runs", "registered"), ("releases", "--runs", "registered")]
    all_is_well(*tried(places, home), least=70)
