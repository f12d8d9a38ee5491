"""Hostile suites, shards, snapshots, pieces of recordings, cassettes and models, at the level of commands."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import random
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from townlet.config import load_config
from townlet.errors import TownletError
from townlet.executors.recording import pieces_folder, record
from townlet.play import Cast, Job, Keep
from townlet.storage import canonical_bytes, content_digest

from . import subjects
from .asking import ask
from .conftest import ROOT
from .damage import RAW, SPELLED, VALUES, cases, damaged, places
from .subjects import HAMLET, Subject, Words, as_yaml, plain

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")]

CASES = int(os.environ.get("TOWNLET_HOSTILE_CASES", "24"))
SEED = int(os.environ.get("TOWNLET_HOSTILE_SEED", "14"))
EXAMPLES = ROOT / "docs/examples"

SUITE = {
    "name": "mine",
    "title": "One among hosts",
    "first_seed": 1000,
    "seeds": 1,
    "minds": {"host": {"options": {"preset": "host"}}},
    "scenarios": [
        {
            "name": "hosts", "title": "Hosts", "axes": ["minds", "maps"], "config": {"town": {"map": "hamlet"}},
            "focal": "25%", "background": {"host": 1.0}, "role": "visitor", "days": [0.02, 0.03],
        }
    ],
}  # fmt: skip


class Faults:
    """What a person could not live with."""

    def __init__(self, home: Path) -> None:
        self.home, self.asked, self.found = home, 0, list[str]()

    def ask(self, words: Words, what: str) -> None:
        answer = ask(words)
        self.note(answer.fault(), f"{what} | townlet {' '.join(words)}", answer.err)
        for path in self.home.glob("out*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def note(self, fault: str | None, what: str, said: str = "") -> None:
        self.asked += 1
        if fault is not None:
            self.found.append(f"{what} | {fault}\n    {said[:300]}")

    def attack(self, subject: Subject, count: int = CASES) -> None:
        """Damage a document field by field."""
        good = subject.file.read_bytes()
        for words in subject.commands:
            assert ask(words, limit=300).code == 0, (subject.name, words, ask(words).err)
        try:
            for name, data in cases(subject.document, random.Random(SEED), count, subject.encode):
                subject.file.write_bytes(data)
                for words in subject.commands:
                    self.ask(words, f"{subject.name}: {name}")
        finally:
            subject.file.write_bytes(good)

    def tear(
        self, file: Path, commands: list[Words], signs: Callable[[], None] = lambda: None, heads: int = 600
    ) -> None:
        """Damage a file byte by byte, mostly at its beginning, and sign what can be signed."""
        good = file.read_bytes()
        try:
            for name, data in torn(good, random.Random(SEED), CASES, heads):
                file.write_bytes(data)
                signs()
                for words in commands:
                    self.ask(words, f"{file.name}: {name}")
        finally:
            file.write_bytes(good)
            signs()


def torn(good: bytes, rng: random.Random, count: int, heads: int) -> Iterator[tuple[str, bytes]]:
    """Damaged bytes, by name."""
    yield from RAW.items()
    yield "half of it", good[: len(good) // 2]
    yield "one byte less", good[:-1]
    yield "one byte more", good + b"\0"
    yield "twice", good + good
    for number in range(count):
        data = bytearray(good)
        for _ in range(rng.choice((1, 1, 4, 40))):
            at = rng.randrange(min(heads, len(data))) if rng.random() < 0.8 else rng.randrange(len(data))
            data[at] = rng.choice((rng.randrange(256), data[at] ^ 1 << rng.randrange(8), ord("9"), 0, 255))
        yield f"torn {number}", bytes(data)


@pytest.fixture
def faults(home: Path) -> Iterator[Faults]:
    found = Faults(home)
    yield found
    assert not found.found, f"{len(found.found)} of {found.asked}:\n" + "\n".join(found.found[:25])
    assert found.asked >= CASES


def test_suites(faults: Faults, home: Path) -> None:
    file = home / "suite.yaml"
    file.write_bytes(as_yaml(SUITE))
    words: list[Words] = [
        ("arena", "stub", "--suite", "suite.yaml", "--lint"),
        ("arena", "stub", "--suite", "suite.yaml", "--json"),
    ]
    faults.attack(Subject("suite", file, words, as_yaml, yaml.safe_load(as_yaml(SUITE))))


def test_bytes_of_shards(faults: Faults, home: Path) -> None:
    if not (home / "town").exists():
        subjects.recordings(home)
    shutil.copytree(home / "town", home / "shards", dirs_exist_ok=True)
    shard, manifest = home / "shards" / "shard-00000.safetensors", home / "shards" / "manifest.json"

    def sign() -> None:
        document = json.loads(manifest.read_bytes())
        entry = document["shards"][0]
        entry["size"], entry["sha256"] = shard.stat().st_size, hashlib.sha256(shard.read_bytes()).hexdigest()
        del document["digest"]
        manifest.write_bytes(canonical_bytes({**document, "digest": content_digest(document)}))

    reading: list[Words] = [
        ("dataset", "inspect", "shards"),
        ("dataset", "verify", "shards"),
        ("inspect", "shards", "--agent", "alice", "--tick", "5"),
        ("replay", "shards"),
        ("view", "shards", "--out", "out.html"),
        ("dataset", "split", "shards", "--train", "out-a", "--held-out", "out-b"),
        ("dataset", "curate", "shards", "--min", "-1000", "--out", "out-c"),
        ("report", "shards", "--out", "out.html"),
    ]
    faults.tear(shard, reading, sign, heads=1500)


def test_bytes_of_snapshots(faults: Faults, home: Path) -> None:
    if not (home / "snaps").exists():
        subjects.recordings(home)
    folder = home / "snaps" / "tick-000000020"
    resume: list[Words] = [("run", "--resume", str(folder), "--ticks", "1", "--no-registry")]
    manifest = folder / "run.json"

    def sign() -> None:
        document = json.loads(manifest.read_bytes())
        for name, entry in document.get("files", {}).items():
            file = folder / name
            entry.update(size=file.stat().st_size, sha256=hashlib.sha256(file.read_bytes()).hexdigest())
        document.pop("digest", None)
        manifest.write_bytes(canonical_bytes({**document, "digest": content_digest(document)}))

    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix not in (".json", ".lock")]
    assert files
    for file in files[:3]:
        faults.tear(file, resume, sign)


def test_pieces_of_a_recording(faults: Faults, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recording that was stopped after its last piece goes on from whatever lies there."""
    from townlet.executors.here import InProcess

    config = load_config(None, ["town.map=hamlet"])
    job = Job(config, Cast.of("scripted"), (1, 2), 12, keep=Keep.dataset(home / "pieced"))
    pieces, whole = pieces_folder(home / "pieced"), home / "pieces-whole"

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, InProcess() as executor:
        patch.setattr("townlet.executors.recording.join_datasets", stop)
        with pytest.raises(KeyboardInterrupt):
            record(executor, job, towns=1)
    pieces.rename(whole)

    def go_on(what: str) -> None:
        try:
            with InProcess() as executor:
                record(executor, job, towns=1)
            fault = None
        except TownletError as error:
            fault = None if len(str(error)) < 4000 else "a line nobody can read"
        except Exception as error:
            fault = f"{type(error).__name__}: {error!s:.200}"
        faults.note(fault, what)
        for folder in (pieces, home / "pieced"):
            shutil.rmtree(folder, ignore_errors=True)

    rng = random.Random(SEED)
    for name in ("job.json", "00000.json", "00000.npz", "00000/manifest.json", "00001/shard-00000.safetensors"):
        good = (whole / name).read_bytes()
        found = list(torn(good, rng, CASES // 2, 300))
        if name.endswith(".json"):
            document = json.loads(good)
            kinds = [*VALUES, *SPELLED]
            for number in range(CASES * 2):
                at, kind = rng.choice(places(document)), kinds[number % len(kinds)]
                found.append((f"{at} is {kind}", damaged(document, at, kind)))
        for what, data in found:
            shutil.copytree(whole, pieces)
            (pieces / name).write_bytes(data)
            go_on(f"{name}: {what}")
    arrays = dict(np.load(whole / "00000.npz"))
    for name, array in arrays.items():
        for what, value in {
            "empty": array[:0] if array.ndim else np.zeros(0), "of another shape": np.zeros((3, 3, 3)), "text": "x",
            "huge": np.full(array.shape, 1e300), "not finite": np.full(array.shape, np.nan), "an object": np.int8(7),
        }.items():  # fmt: skip
            shutil.copytree(whole, pieces)
            np.savez(pieces / "00000.npz", **{**arrays, name: value})
            go_on(f"{name} is {what}")


def test_what_runs_show_reads(faults: Faults, home: Path) -> None:
    base = subjects.registry(home).parent
    folder = base / "t"
    (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
    config = load_config(None, ["town.map=hamlet"]).model_dump(mode="json")
    documents: dict[str, Any] = {
        "run.json": {"schema": 1, "mode": "bc", "config_id": "hamlet-0", "config_digest": "c" * 64},
        "config.json": config,
        "metrics.jsonl": {"phase": "bc", "step": 1, "total": 3, "loss": 0.5, "at": "2026-01-01T00:00:00+00:00"},
        "result.json": {"status": "completed", "data": "bc", "candidate": {"passed": True, "gate": None}},
    }
    for name, value in documents.items():
        (folder / name).write_bytes(plain(value) + b"\n")
    shown: list[Words] = [("runs", "show", "train", "--runs", "registered"), ("runs", "list", "--runs", "registered")]
    for name, value in documents.items():
        faults.attack(Subject(name, folder / name, shown, lambda v: plain(v) + b"\n", value), CASES // 2)


def test_every_imported_dataset_can_be_inspected(faults: Faults, home: Path) -> None:
    pytest.importorskip("h5py")
    pytest.importorskip("minari")
    if not (home / "town").exists():
        subjects.recordings(home)
    if not (home / "minari-town").exists():
        subjects.minari(home)
    metadata = home / "minari-town" / "data" / "metadata.json"
    good = metadata.read_bytes()
    document = json.loads(good)
    facts = json.loads(document["townlet"])
    known = list(cases(facts, random.Random(SEED), 2 * CASES))
    try:
        imported = 0
        for name, data in [*known, ("without our facts", None), ("as it is", plain(facts))]:
            changed = {**document, "townlet": data.decode(errors="replace")} if data is not None else dict(document)
            if data is None:
                del changed["townlet"]
            metadata.write_bytes(plain(changed))
            answer = ask(("dataset", "import", "minari-town", "--out", "again"))
            faults.note(answer.fault(), f"import: {name}", answer.err)
            if answer.code == 0:
                imported += 1
                for words in (("dataset", "inspect", "again"), ("dataset", "inspect", "again", "--json"),
                              ("dataset", "verify", "again"), ("view", "again", "--out", "out.html"),
                              ("replay", "again")):  # fmt: skip
                    faults.ask(words, f"imported: {name}")
                shutil.rmtree(home / "again")
        assert imported >= 2
    finally:
        metadata.write_bytes(good)


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[Callable[[str], None]]:
    """Installs one of the examples for the time being, as ``pip install -e`` does."""
    from townlet.plugins import refresh

    def install(name: str) -> None:
        package = name.replace("-", "_")
        site = home / f"site-{name}"
        info = site / f"{package}-0.1.0.dist-info"
        info.mkdir(parents=True, exist_ok=True)
        backend = name.rpartition("-")[2]
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n")
        (info / "entry_points.txt").write_text(
            f"[townlet.backends]\n{backend} = {package}.plugin\n\n"
            f"[townlet.backend_manifests]\n{backend} = {package}:townlet_backend.toml\n"
        )
        monkeypatch.syspath_prepend(str(site))
        monkeypatch.syspath_prepend(str(EXAMPLES / name / "src"))
        importlib.invalidate_caches()
        refresh()

    yield install
    monkeypatch.undo()
    refresh()


def test_cassettes_of_the_example_in_words(faults: Faults, home: Path, example) -> None:
    pytest.importorskip("httpx")
    pytest.importorskip("jinja2")
    example("townlet-backend-llm")
    sys.path.insert(0, str(EXAMPLES / "townlet-backend-llm" / "tests"))
    try:
        from fake_service import fake_service  # type: ignore[import-not-found]
    finally:
        sys.path.pop(0)
    options = "{endpoint: ENDPOINT, model: m, cassette: tape, cassette_mode: MODE, answers: json, timeout_seconds: 5}"

    def words(mode: str, endpoint: str) -> Words:
        given = options.replace("ENDPOINT", endpoint).replace("MODE", mode)
        return ("run", *HAMLET, "--backend", "llm", "--set", f"policy.options={given}", "--ticks", "2", "--no-registry")

    with fake_service(lambda body: {"steps": [{"action": "wait", "ticks": 3}], "reasons": "why not"}) as service:
        recorded = ask(words("record", service.address), limit=300)
    assert recorded.code == 0, recorded.err
    replay = words("replay-or-fail", "http://127.0.0.1:9/v1")
    files = sorted((home / "tape").rglob("*.json"))
    assert files
    subject = Subject("cassette", files[0], [replay], plain, json.loads(files[0].read_bytes()))
    faults.attack(subject)
    text = json.loads(files[0].read_bytes())
    for name, data in RAW.items():
        text["reply"]["text"] = data.decode("latin-1")
        files[0].write_bytes(plain(text))
        faults.ask(replay, f"what the model wrote: {name}")
    wrote = {"steps": [{"action": "wait", "ticks": 3}], "reasons": "r", "until": [{"feature": "hunger", "below": 3}]}
    for name, data in cases(wrote, random.Random(SEED), 2 * CASES):
        text["reply"]["text"] = data.decode("latin-1")
        files[0].write_bytes(plain(text))
        faults.ask(replay, f"what the model wrote: {name}")


def test_models_of_the_example_over_onnx(faults: Faults, home: Path, example) -> None:
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from townlet.observations import build_spec

    example("townlet-backend-onnx")
    spec = build_spec(load_config(None, ["town.map=hamlet"]))
    of, float32 = onnx.helper, onnx.TensorProto.FLOAT
    weights = onnx.numpy_helper.from_array(np.zeros((spec.feature_count, spec.action_count), np.float32), "w")
    graph = of.make_graph(
        [of.make_node("MatMul", ["features", "w"], ["logits"])], "policy",
        [of.make_tensor_value_info("features", float32, [None, spec.feature_count])],
        [of.make_tensor_value_info("logits", float32, [None, spec.action_count])], [weights],
    )  # fmt: skip
    model = of.make_model(graph, opset_imports=[of.make_opsetid("", 17)], ir_version=8)
    meant = spec.to_json()

    def write(document: bytes) -> bytes:
        del model.metadata_props[:]
        of.set_model_props(model, {"townlet.observation_spec": document.decode("latin-1")})
        return model.SerializeToString()

    file = home / "policy.onnx"
    file.write_bytes(write(plain(meant)))
    run: list[Words] = [("run", *HAMLET, "--backend", "onnx:policy.onnx", "--ticks", "1", "--no-registry")]
    assert ask(run[0], limit=300).code == 0, ask(run[0]).err
    for name, data in cases(meant, random.Random(SEED), CASES):
        file.write_bytes(write(data))
        faults.ask(run[0], f"its observation spec: {name}")
    file.write_bytes(write(plain(meant)))
    faults.tear(file, run, heads=400)
