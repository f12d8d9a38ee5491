"""Minds that act from checkpoints: only from their own, and another town than the one they know is told."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from townlet.checkpoints import Checkpoint, write_checkpoint
from townlet.config import TownletConfig
from townlet.errors import CheckpointError
from townlet.observations import build_spec, town_facts
from townlet.play import Admission, MindSpec, opening
from townlet.play.casting import stored_checkpoint
from townlet.plugins.provenance import Provenance
from townlet.plugins.resolve import ResolvedMind
from townlet.plugins.stub import StubPolicy


@pytest.fixture
def taught(tmp_path: Path, hamlet: TownletConfig) -> Checkpoint:
    """What backend ``student`` learned in the hamlet."""
    return write_checkpoint(
        tmp_path / "taught",
        lambda folder: (folder / "weights").write_bytes(b"w") and None,
        backend="student",
        spec=build_spec(hamlet),
        config_digest="0" * 64,
        facts=town_facts(hamlet.town),
        distribution="townlet-student",
        version="1.2",
    )


@pytest.fixture
def student(monkeypatch: pytest.MonkeyPatch) -> list[Path | None]:
    """Installs a backend ``student``; the checkpoints that it is handed."""
    handed: list[Path | None] = []

    def resolve(name: str, *, checkpoint: Path | None, **_: object) -> ResolvedMind:
        handed.append(checkpoint)
        return ResolvedMind(StubPolicy(), Provenance(requested=name, active=name))

    row = SimpleNamespace(name="student", manifest=SimpleNamespace(capabilities=("act", "checkpoint")))
    monkeypatch.setattr(
        opening,
        "choose",
        lambda name, *_: (
            row if name == "student" else SimpleNamespace(name=name, manifest=SimpleNamespace(capabilities=("act",)))
        ),
    )
    monkeypatch.setattr(opening, "resolve_mind", resolve)
    return handed


def mind(backend: str, checkpoint: Checkpoint) -> MindSpec:
    return MindSpec(requested=backend, backend=backend, checkpoint=stored_checkpoint(checkpoint.path, backend))


def test_at_home_there_is_nothing_to_say(taught: Checkpoint, student: list[Path], hamlet: TownletConfig) -> None:
    part = Admission().open(mind("student", taught), build_spec(hamlet), town=hamlet.town)
    assert student == [taught.path]
    assert part.provenance.warnings == ()
    assert part.provenance.checkpoint_digest == taught.digest


def test_another_town_is_recorded_and_never_refused(
    taught: Checkpoint, student: list[Path], hamlet: TownletConfig
) -> None:
    away = TownletConfig.model_validate({"town": {"map": "riverside", "economy": {"rent": 12.0}}})
    part = Admission().open(mind("student", taught), build_spec(away), town=away.town)
    (told,) = part.provenance.warnings
    assert told.startswith(
        "the checkpoint was trained in a different town: the map is 'riverside' here and 'hamlet' there; "
        "agents: 8 here and 4 there; height: 48 here and 12 there; and "
    )
    assert part.provenance.to_json()["warnings"] == [told]
    assert Provenance.from_json(part.provenance.to_json()) == part.provenance


def test_another_interface_is_refused_in_words(taught: Checkpoint, student: list[Path]) -> None:
    fast = TownletConfig.model_validate({"town": {"map": "hamlet", "time": {"day_ticks": 900}}})
    with pytest.raises(CheckpointError, match="the length of a day in ticks is 900 here and 1000 there"):
        Admission().open(mind("student", taught), build_spec(fast), town=fast.town)
    assert student == []


@pytest.mark.parametrize("backend", ["scripted", "other"])
def test_no_backend_acts_from_the_checkpoint_of_another(
    backend: str, taught: Checkpoint, student: list[Path], hamlet: TownletConfig
) -> None:
    """Whether it reads checkpoints or not: what would play is not what the label says."""
    with pytest.raises(CheckpointError) as caught:
        Admission().open(mind(backend, taught), build_spec(hamlet), town=hamlet.town)
    assert f"written by backend student (townlet-student 1.2); '{backend}' cannot load it" in str(caught.value)
    assert f"student:{taught.path}" in str(caught.value)
    assert student == []
