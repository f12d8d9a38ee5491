"""Every model of a file of ours, with a whole document and what reads one: the table that is fuzzed field by field."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from townlet.api import ObservationSpec, TownFacts
from townlet.arena import load_suite
from townlet.arena.anchors import AnchorFile
from townlet.checkpoints.manifest import CheckpointManifest
from townlet.config import load_config
from townlet.config.stored import read_stored_config
from townlet.data.manifest import DatasetOrigin
from townlet.data.shard_log import read_shard_log
from townlet.data.thoughts import RecordedThought
from townlet.errors import ConfigError, UsageError
from townlet.evaluation.gate import GateResult
from townlet.observations import town_facts
from townlet.play import Job, Provenance
from townlet.plugins.manifest import ManifestError, parse_backend_manifest
from townlet.storage import fits, parse_json, read_json_lines, read_model
from townlet.storage.locks import holder_of
from townlet.training.metrics.log import read_metrics
from townlet.training.run.state import PPOState, TrainingState
from townlet.tuning.journal import Trial
from townlet.world.affordances import load_affordances
from townlet.world.maps import load_map

SOURCES = Path(__file__).resolve().parents[2]
DATA = SOURCES / "townlet-core/src/townlet/world/data"
SPEC = ObservationSpec.of_names("tiny", features=("need",), actions=("wait", "use"))
DIGEST = "c" * 64


@dataclass(frozen=True)
class Reader:
    """What reads a kind of file.

    Attributes:
        document: of a whole one.
        read: reads bytes; may raise nothing but errors in words.
    """

    document: Any
    read: Callable[[bytes], object]


def in_file(folder: Path, name: str, read: Callable[[Path], object]) -> Callable[[bytes], object]:
    """Puts the bytes into a file, and reads that."""

    def put(data: bytes) -> object:
        (folder / name).write_bytes(data)
        return read(folder / name)

    return put


def by_model(folder: Path, name: str, kind: type[Any]) -> Callable[[bytes], object]:
    """Through the reading layer, as one model."""
    return in_file(folder, name, lambda path: read_model(path, kind, error=UsageError))


def parsed(read: Callable[[Any], object]) -> Callable[[bytes], object]:
    """Parsed first, by the reading layer."""
    return lambda data: read(parse_json(data, where="here", what="it", error=UsageError))


def lines_of(folder: Path, name: str, kind: type[BaseModel]) -> Callable[[bytes], object]:
    """A file of lines, each through a model."""

    def read(path: Path) -> object:
        lines = read_json_lines(path, error=UsageError)
        return [fits(kind, line, where=str(path), what="this line", error=UsageError) for line in lines]

    return in_file(folder, name, lambda path: read(path))


def readers(folder: Path) -> dict[str, Reader]:
    """All of them, by name; files are made in ``folder``."""
    config = load_config(None, ["town.map=hamlet"])
    plain_config = config.model_dump(mode="json")
    town_map = yaml.safe_load((DATA / "maps/hamlet.yaml").read_text(encoding="utf-8"))
    affordances = yaml.safe_load((DATA / "affordances/core.yaml").read_text(encoding="utf-8"))
    suites = SOURCES / "townlet-core/src/townlet/arena/data"
    suite = yaml.safe_load(min(suites.glob("*.yaml")).read_text(encoding="utf-8"))
    suite["scenarios"] = suite["scenarios"][:2]
    ends = {"zero": 0.0, "one": 1.0, "one_is": "tuned", "options": {"a": 1}}
    anchor = {**ends, "scenario_digest": DIGEST, "people": {"scripted": DIGEST}}
    anchors = {"schema_version": 1, "suite": "s", "how": "so", "anchors": {"a": anchor}}
    mind = {"requested": "stub", "backend": "stub", "options": {"a": 1}, "checkpoint": {"digest": DIGEST, "path": "p"}}
    return {
        "job": Reader(job(config), parsed(Job.from_json)),
        "provenance": Reader(
            {"requested": "stub", "active": "stub", "details": ["a"], "minds": [{"requested": "a", "active": "b"}]},
            parsed(Provenance.from_json),
        ),
        "observation spec": Reader(SPEC.to_json(), parsed(ObservationSpec.from_json)),
        "facts of a town": Reader(town_facts(config.town).to_json(), parsed(TownFacts.from_json)),
        "config": Reader(plain_config, in_file(folder, "config.yaml", load_config)),
        "kept config": Reader(
            plain_config, in_file(folder, "config.json", lambda path: read_stored_config(path, error=UsageError))
        ),
        "map": Reader(town_map, in_file(folder, "map.yaml", lambda path: load_map(str(path)))),
        "affordances": Reader(affordances, in_file(folder, "a.yaml", lambda path: load_affordances(str(path)))),
        "suite": Reader(suite, in_file(folder, "suite.yaml", load_suite)),
        "anchors": Reader(anchors, by_model(folder, "anchors.json", AnchorFile)),
        "checkpoint manifest": Reader(checkpoint(), by_model(folder, "manifest.json", CheckpointManifest)),
        "training state": Reader(training_state(), by_model(folder, "state.json", TrainingState)),
        "shard log": Reader(shard_log_head(), shard_log(folder)),
        "thoughts": Reader(
            {"world": 0, "tick": 1, "slot": 0, "asked": 0, "steps": [["wait", 2]], "until": [["need", "a", 0.5]]},
            lines_of(folder, "thoughts.jsonl", RecordedThought),
        ),
        "gate": Reader(gate(), by_model(folder, "gate.json", GateResult)),
        "trial": Reader(
            {"number": 1, "objective": 0.5, "values": {"a": 1}, "figures": {"a": 0.5}},
            lines_of(folder, "trials.jsonl", Trial),
        ),
        "metrics": Reader({"phase": "bc", "step": 1, "loss": 0.5}, in_file(folder, "metrics.jsonl", read_metrics)),
        "lock": Reader(
            {"pid": 1, "host": "h", "since": "2026"}, in_file(folder, "writer.lock", holder_of)
        ),
        "mind": Reader(mind, parsed(job_of_mind(config))),
        "backend's manifest": Reader(backend_manifest(), toml_manifest),
    }  # fmt: skip


def job(config: Any) -> dict[str, Any]:
    """A job with every part."""
    from townlet.play import Cast, Keep, MindSpec

    minds = MindSpec(requested="scripted", backend="scripted", options={"patience": 1})
    made = Job(config=config, cast=Cast.of(minds), seeds=(1, 2), ticks=10, keep=Keep("buffer", None, ("a",), True))
    return dict(made.to_json())


def job_of_mind(config: Any) -> Callable[[Any], object]:
    """A job with that mind."""
    whole = job(config)

    def read(mind: Any) -> object:
        return Job.from_json({**whole, "cast": [{"who": "*", "mind": mind}]})

    return read


def checkpoint() -> dict[str, Any]:
    """What a checkpoint's manifest says."""
    return CheckpointManifest(
        created="2026", backend="a", contract=1, observation=SPEC.to_json(), observation_fingerprint=SPEC.fingerprint(),
        config_digest=DIGEST, files={"weights": {"size": 1, "sha256": DIGEST}}, metrics={"a": 1.0},
    ).model_dump(mode="json")  # fmt: skip


def training_state() -> dict[str, Any]:
    """Where a run stands, in the middle of PPO."""
    ppo = PPOState(update=2, samples=10, initial_fingerprint="f", history={"loss": (0.5, 0.25)})
    return TrainingState(stage=1, lines=3, ppo=ppo).model_dump(mode="json")


def shard_log_head() -> dict[str, Any]:
    """The first line of the log of a recording."""
    return {
        "format": "townlet-recording", "schema_version": 1, "derived_from": None, "observation": SPEC.to_json(),
        "origin": DatasetOrigin(seeds=(1,), agent_names=("alice",)).model_dump(mode="json"), "layout": "rows",
    }  # fmt: skip


def shard_log(folder: Path) -> Callable[[bytes], object]:
    """A log whose first line is in the file, with a line of a shard."""

    def read(data: bytes) -> object:
        place = folder / "recording"
        place.mkdir(exist_ok=True)
        (place / "shards.jsonl").write_bytes(data + b'\n{"shard": {}, "segment": {}}\n')
        return read_shard_log(place)

    return read


def gate() -> dict[str, Any]:
    """What a gate said."""
    return {"teacher": "t", "seeds": [1], "days": 1.0, "passed": True, "reasons": ["r"]}


def backend_manifest() -> dict[str, Any]:
    """A manifest with every key."""
    return {
        "schema": 1, "name": "x", "summary": "s", "aliases": ["y"], "api": ">=1,<2", "options": "x.options:Options",
        "capabilities": ["act"], "deterministic": "seeded", "devices": ["cpu"],
        "requires": {"distributions": ["a>=1"]}, "links": {"docs": "https://x"},
    }  # fmt: skip


def toml_manifest(data: bytes) -> object:
    """A backend's manifest in TOML. Its scan makes a row of what its own error says."""
    try:
        document = json.loads(data)
        text = "".join(f"{key} = {_toml(value)}\n" for key, value in document.items())
    except (ValueError, RecursionError, AttributeError):
        text = f"name = {data.decode('utf-8', 'replace')}"
    try:
        return parse_backend_manifest(text.encode("utf-8", "surrogatepass"), expected_name="x", path="here")
    except ManifestError as error:
        raise ConfigError(str(error)) from None


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(each)}" for key, each in value.items()) + "}"
    return json.dumps(value)
