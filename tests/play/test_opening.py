"""From specs to live minds, or to the stub that stands in for one that cannot run."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest

from townlet.api import ObservationSpec
from townlet.errors import BackendContractError, BackendNotInstalledError, CheckpointError, UsageError
from townlet.minds.mixture import MixturePolicy
from townlet.play import Admission, Cast, MindSpec, Provenance, Stored, StubFallbackWarning, Troupe, opening
from townlet.play.stored import digest_of
from townlet.plugins import ResolvedMind, StubPolicy


class Named(StubPolicy):
    """A stub with a name, which knows whether it was closed."""

    def __init__(self, name):
        super().__init__()
        self.name, self.closed = name, False

    def fingerprint(self):
        return f"named-{self.name}"

    def close(self):
        self.closed = True


@pytest.fixture
def spec(hamlet) -> ObservationSpec:
    from townlet.play.stage import town_spec

    return town_spec(hamlet)


@pytest.fixture
def backends(monkeypatch):
    """Backends ``one`` and ``two``; all others are not installed. Returns what was asked for."""
    asked = []

    def resolve(name, **request):
        if name not in ("one", "two"):
            raise BackendNotInstalledError(
                f"policy backend {name!r} is not installed", where=request["where"], details=("install it",)
            )
        policy = Named(name)
        asked.append(SimpleNamespace(name=name, policy=policy, **request))
        told = Provenance(requested=name, active=name, distribution=f"{name}-dist", version="1.2")
        return ResolvedMind(policy, told)

    monkeypatch.setattr(opening, "resolve_mind", resolve)
    monkeypatch.setattr(opening, "choose", lambda *rest: None)
    return asked


def mind(name, **rest):
    return MindSpec(requested=name, backend=name, **rest)


MIXED = MindSpec(
    requested="mixture:one,two,0.25", backend="mixture", teacher=mind("one"), learner=mind("two"), ratio=0.25
)


def test_a_backend_that_runs(backends, spec):
    part = Admission().open(mind("one", options={"a": 1}), spec, seed=7)
    assert part.policy is backends[0].policy
    assert (backends[0].options, backends[0].seed, backends[0].checkpoint) == ({"a": 1}, 7, None)
    assert (part.provenance.requested, part.provenance.active, part.provenance.reason) == ("one", "one", None)


def test_one_that_cannot_run_is_an_error_unless_the_stub_may_stand_in(backends, spec):
    with pytest.raises(BackendNotInstalledError) as caught:
        Admission().open(mind("torchy"), spec, where="town.yaml:3")
    assert caught.value.where == "town.yaml:3"
    with pytest.warns(StubFallbackWarning, match=r"every agent just waits.*'torchy'"):
        part = Admission(on_missing="stub").open(mind("torchy"), spec)
    told = part.provenance
    assert (told.requested, told.active) == ("torchy", "stub")
    assert told.reason == "policy backend 'torchy' is not installed"
    assert told.error == "BackendNotInstalledError"
    assert told.is_fallback
    json.dumps(told.to_json())


def test_the_warning_can_go_elsewhere(backends, spec):
    said = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Admission(on_missing="stub", warn=said.append).open(mind("torchy"), spec)
    assert len(said) == 1
    assert "install it" in said[0]


def test_a_mixture_is_a_mind_like_another(backends, spec):
    part = Admission().open(MIXED, spec)
    assert isinstance(part.policy, MixturePolicy)
    told = part.provenance
    assert (told.active, told.ratio) == ("mixture", 0.25)
    assert told.teacher.requested == "one"
    assert told.learner.distribution == "two-dist"


def test_a_broken_contract_is_not_hidden_by_the_stub(backends, spec, monkeypatch):
    def broken(name, **request):
        raise BackendContractError("it has no decide")

    monkeypatch.setattr(opening, "resolve_mind", broken)
    with pytest.raises(BackendContractError):
        Admission(on_missing="stub").open(mind("one"), spec)


class TestCheckpoints:
    def test_its_bytes_are_the_ones_that_were_named(self, backends, spec, tmp_path):
        file = tmp_path / "model.onnx"
        file.write_bytes(b"x")
        stored = Stored(digest_of(file), file)
        part = Admission().open(mind("one", checkpoint=stored), spec)
        assert backends[0].checkpoint == file
        assert (part.provenance.checkpoint, part.provenance.checkpoint_digest) == (str(file), stored.digest)
        file.write_bytes(b"y")
        with pytest.raises(CheckpointError, match="has changed since it was named"):
            Admission().open(mind("one", checkpoint=stored), spec)

    def test_they_may_lie_elsewhere_here(self, backends, spec, tmp_path):
        file = tmp_path / "here.onnx"
        file.write_bytes(b"x")
        stored = Stored(digest_of(file), Path("/driver/model.onnx"))
        part = Admission(stored={stored.digest: file}).open(mind("one", checkpoint=stored), spec)
        assert backends[0].checkpoint == file
        assert part.provenance.checkpoint == "/driver/model.onnx", "the same bytes are told of alike everywhere"


class TestTroupes:
    def test_a_cast_is_opened_whole_or_not_at_all(self, backends, spec, cast_of):
        with pytest.raises(BackendNotInstalledError):
            Troupe.open(cast_of({"alice": "one"}, rest="torchy"), spec)
        assert backends[0].policy.closed

    def test_the_learner_is_given(self, backends, spec, cast_of):
        from townlet.minds import Part

        taught = Part(Named("taught"), Provenance(requested="learner", active="taught"))
        troupe = Troupe.open(cast_of({"alice": "learner"}, rest="one"), spec, learner=taught)
        assert troupe.parts[0] is taught
        with pytest.raises(UsageError, match="only in training"):
            Troupe.open(cast_of({"alice": "learner"}, rest="one"), spec)

    def test_provenance_says_who_is_played_by_whom(self, backends, spec, cast_of):
        names = ("alice", "bob", "carol")
        told = Troupe.open(cast_of({"bob": "one"}, rest="two"), spec).runtime(spec, names).provenance()
        assert [(each.who, each.agents) for each in told.minds] == [("bob", ("bob",)), ("*", ("alice", "carol"))]
        assert told.words() == "bob by one, the rest by two"
        shared = Troupe.open(cast_of({"50%": "one"}, rest="two"), spec).runtime(spec, names).provenance()
        assert [each.agents for each in shared.minds] == [(), ()], "that differs from town to town"

    def test_one_mind_is_told_of_as_itself(self, backends, spec):
        told = Troupe.open(Cast.of("one"), spec).runtime(spec, ("alice",)).provenance()
        assert (told.active, told.minds, told.fingerprint) == ("one", (), "named-one")
