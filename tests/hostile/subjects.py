"""Whole files of every kind that Townlet reads, each with the commands that read it and the way it is signed."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from townlet.api import ObservationSpec
from townlet.checkpoints import write_checkpoint
from townlet.config import load_config
from townlet.errors import ContractError
from townlet.registry import PromotionManager, Registry
from townlet.storage import canonical_bytes, canonical_digest, content_digest

from .asking import ask

Words = tuple[str, ...]

HAMLET = ("--set", "town.map=hamlet")
MAP = "townlet-core/src/townlet/world/data/maps/hamlet.yaml"
AFFORDANCES = "townlet-core/src/townlet/world/data/affordances/core.yaml"


@dataclass(frozen=True)
class Subject:
    """A file to damage.

    Attributes:
        name: of the test.
        file: the file, whole.
        commands: what reads it.
        encode: a document to its bytes, signed where it is signed.
        document: what the bytes say.
    """

    name: str
    file: Path
    commands: Sequence[Words]
    encode: Callable[[Any], bytes]
    document: Any


def plain(value: Any) -> bytes:
    """JSON as anybody writes it."""
    return json.dumps(value).encode()


def signed(value: Any) -> bytes:
    """The one spelling of a document of ours, with a digest that is right, as somebody who means harm would make it."""
    if not isinstance(value, dict):
        return canonical_bytes(value)
    document = {key: item for key, item in value.items() if key != "digest"}
    if "config_digest" in document and "config" in document:
        document["config_digest"] = canonical_digest(document["config"])
    if "observation_fingerprint" in document:
        with contextlib.suppress(ContractError, KeyError, TypeError, ValueError, AttributeError):
            document["observation_fingerprint"] = ObservationSpec.from_json(document["observation"]).fingerprint()
    return canonical_bytes({**document, "digest": content_digest(document)})


def as_yaml(value: Any) -> bytes:
    """YAML in its JSON form: every JSON document is one."""
    return json.dumps(value).encode()


def do(*words: str) -> None:
    """A command that must work, since what follows stands on it."""
    answer = ask(words, limit=300)  # the first one compiles
    assert answer.code == 0, answer.err


def configs(home: Path, root: Path) -> list[Subject]:
    """A config, a map and a manifest of affordances."""
    config = yaml.safe_load(yaml.safe_dump(load_config(None, ["town.map=hamlet"]).model_dump(mode="json")))
    town_map = yaml.safe_load((root / MAP).read_text(encoding="utf-8"))
    core = yaml.safe_load((root / AFFORDANCES).read_text(encoding="utf-8"))
    found = []
    for name, document, words in (
        ("config", config, [("config", "check", "config.yaml"), ("config", "show", "config.yaml")]),
        ("map", town_map, [("config", "check", "--set", "town.map=map.yaml")]),
        ("affordances", core, [("config", "check", "--set", "town.affordances=affordances.yaml", *HAMLET)]),
    ):
        file = home / f"{name}.yaml"
        file.write_bytes(as_yaml(document))
        found.append(Subject(name, file, words, as_yaml, document))
    return found


def recordings(home: Path) -> list[Subject]:
    """A dataset, a snapshot, and what a killed recording leaves."""
    do("run", *HAMLET, "--ticks", "30", "--record", "town", "--snapshot-every", "20", "--snapshots", "snaps",
       "--no-registry")  # fmt: skip
    manifest = home / "town" / "manifest.json"
    snapshot = home / "snaps" / "tick-000000020"
    reading: list[Words] = [
        ("dataset", "inspect", "town"),
        ("dataset", "verify", "town"),
        ("inspect", "town", "--agent", "alice", "--tick", "5"),
        ("replay", "town"),
        ("view", "town", "--out", "out.html"),
        ("dataset", "split", "town", "--train", "out-a", "--held-out", "out-b"),
    ]
    resume: list[Words] = [("run", "--resume", str(snapshot), "--ticks", "1", "--no-registry")]
    return [
        Subject("dataset manifest", manifest, reading, signed, json.loads(manifest.read_bytes())),
        Subject("snapshot", snapshot / "run.json", resume, signed, json.loads((snapshot / "run.json").read_bytes())),
        Subject("engine", snapshot / "town" / "engine.json", resume, plain,
                json.loads((snapshot / "town" / "engine.json").read_bytes())),
    ]  # fmt: skip


def runs(home: Path) -> list[Subject]:
    """The folder of a training run, and that of a study."""
    folder = home / "run"
    (folder / "checkpoints").mkdir(parents=True)
    config = load_config(None, ["town.map=hamlet", "training.backend=scripted"]).model_dump(mode="json")
    run = {"schema": 1, "mode": "bc", "config_id": "hamlet-0", "config_digest": "c" * 64}
    line = {"phase": "bc", "step": 1, "total": 3, "loss": 0.5, "accuracy": 0.5, "at": "2026-01-01T00:00:00+00:00"}
    for name, value in (("run.json", run), ("config.json", config), ("metrics.jsonl", line)):
        (folder / name).write_bytes(plain(value) + b"\n")
    resume: Words = ("train", "--resume", "run", "--runs", "elsewhere")
    report: Words = ("report", "run", "--out", "out.html")
    do("tune", *HAMLET, "--trials", "2", "--out", "study", "--set", "tuning.seeds=1", "--set", "tuning.days=0.02",
       "--set", "tuning.final_seeds=1", "--set", "tuning.judge_seeds=1", "--vary", "patience", "--runs", "elsewhere",
       "--set", "tuning.finalists=1")  # fmt: skip
    again: Words = ("tune", "--resume", "study", "--trials", "2", "--runs", "elsewhere")
    found = [
        Subject("run", folder / "run.json", [resume, report], plain, run),
        Subject("run's config", folder / "config.json", [resume, report], plain, config),
        Subject("metrics", folder / "metrics.jsonl", [report], lambda v: plain(v) + b"\n", line),
    ]
    for name in ("study.json", "config.json", "trials.jsonl", "result.json"):
        file = home / "study" / name
        text = file.read_bytes().splitlines()[0] + b"\n" if name == "trials.jsonl" else file.read_bytes()
        file.write_bytes(text)
        found.append(Subject(f"study's {name}", file, [again], lambda v: plain(v) + b"\n", json.loads(text)))
    return found


def checkpoint(home: Path) -> Subject:
    """The manifest of a checkpoint, as the registry reads it."""
    spec = ObservationSpec.of_names("tiny", features=("need",), actions=("wait", "use"))

    def fill(folder: Path) -> None:
        (folder / "weights").write_text("a")

    write_checkpoint(home / "ckpt", fill, backend="pytorch", spec=spec, config_digest="c" * 64)
    file = home / "ckpt" / "manifest.json"
    words: list[Words] = [
        ("promote", "ckpt", "--hold", "--reason", "r", "--runs", "elsewhere"),
        ("evaluate", "--policy", "scripted:ckpt", *HAMLET, "--runs", "elsewhere"),
    ]
    return Subject("checkpoint manifest", file, words, signed, json.loads(file.read_bytes()))


def registry(home: Path) -> Path:
    """A registry with a row in every table; its file."""
    spec = ObservationSpec.of_names("tiny", features=("need",), actions=("wait", "use"))
    base = home / "registered"
    for name in ("a", "b"):
        write_checkpoint(
            base / name, lambda folder: (folder / "weights").write_text("a") and None, backend="pytorch", spec=spec,
            config_digest="c" * 64, metrics={"n": float(ord(name))},
        )  # fmt: skip
    with Registry(base) as opened:
        manager = PromotionManager(opened, 1)
        run = opened.begin_run("train", folder=base / "t", config_id="hamlet", config_digest="c" * 64, policy={})
        for name in ("a", "b"):
            manager.record_evaluation(
                base / name, passed=True, metrics={"reward": 1.0}, settings={"seeds": [0], "days": 1.0}, run=run
            )
            manager.promote(base / name, reason="r", by="b")
        opened.finish_run(run, "done", {"reward_mean": 0.5})
        opened.add_evaluation("stub", metrics={"reward": 0.1}, settings={"seeds": [1], "days": 1.0})
    with sqlite3.connect(base / "registry.sqlite") as rows:
        rows.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        rows.execute(
            "INSERT INTO datasets VALUES (?, 'town', '2026-01-01T00:00:00.000+00:00', ?, 'hamlet', 5, '{}', '{}')",
            ("d" * 64, run),
        )
    rows.close()
    return base / "registry.sqlite"


def registry_commands(folder: str, run: str) -> list[Words]:
    """What reads a registry."""
    where = ("--runs", folder)
    return [
        ("runs", "list", *where),
        ("runs", "list", "--json", *where),
        ("runs", "show", run, *where),
        ("runs", "show", "evaluate-3", *where),
        ("runs", "clean", *where),
        ("releases", *where),
        ("releases", "--json", *where),
        ("promote", f"{folder}/a", *where),
        ("rollback", *where),
        ("evaluate", "--policy", "release", *HAMLET, "--seeds", "1", "--days", "0.01", *where),
    ]


def minari(home: Path) -> Path:
    """A Minari dataset that Townlet exported; its folder."""
    do("dataset", "export", "town", "--out", "minari-town")
    return home / "minari-town"


def restore(good: Path, bad: Path) -> None:
    """Put what a case changed back."""
    if bad.is_dir():
        shutil.rmtree(bad)
    shutil.copytree(good, bad)
