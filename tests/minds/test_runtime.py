"""One place decides what is active, says so, and holds it to the contract."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest

from townlet.api import ArrayState, Decision
from townlet.config import TownletConfig
from townlet.config.policy import PolicyConfig
from townlet.errors import (
    BackendContractError,
    BackendNotInstalledError,
    CheckpointError,
    ContractError,
    UsageError,
)
from townlet.minds import activation
from townlet.minds.activation import StubFallbackWarning
from townlet.minds.mixture import MixturePolicy
from townlet.minds.runtime import PolicyRuntime
from townlet.plugins import ResolvedPolicy


@pytest.fixture
def backends(monkeypatch, certain, softmax):
    """Backends ``one``, ``two`` and ``soft``; all others are not installed. Returns what was asked for."""
    known = {"one": lambda: certain(1), "two": lambda: certain(2), "soft": lambda: softmax((0.0, 1.0, 2.0))}
    asked = []

    def resolve(name, **request):
        asked.append((name, request))
        if name not in known:
            raise BackendNotInstalledError(
                f"policy backend {name!r} is not installed", where=request["where"], details=("install it",)
            )
        return ResolvedPolicy(known[name](), {"distribution": f"{name}-dist", "version": "1.2"})

    monkeypatch.setattr(activation, "resolve_policy", resolve)
    return asked


def config(backend, **rest):
    return TownletConfig(policy=PolicyConfig(backend=backend, **rest))


def test_a_backend_that_runs(backends, spec, crowd):
    runtime = PolicyRuntime.from_config(config("one", options={"a": 1}), spec)
    told = runtime.provenance()
    assert (told["requested"], told["active"], told["reason"]) == ("one", "one", None)
    assert (told["distribution"], told["version"], told["fingerprint"]) == ("one-dist", "1.2", "certain-1")
    assert not runtime.is_fallback
    assert backends[0][1]["options"] == {"a": 1}
    runtime.start(4, [0])
    assert (runtime.decide(crowd(4)).actions == 1).all()


def test_a_missing_backend_becomes_the_stub_loudly(backends, spec, crowd):
    with pytest.warns(StubFallbackWarning, match=r"every agent only waits.*'torchy'"):
        runtime = PolicyRuntime.from_config(config("torchy"), spec)
    told = runtime.provenance()
    assert (told["requested"], told["active"]) == ("torchy", "stub")
    assert told["reason"] == "policy backend 'torchy' is not installed"
    assert told["error"] == "BackendNotInstalledError"
    assert runtime.is_fallback
    json.dumps(told)
    runtime.start(4, [0])
    assert (runtime.decide(crowd(4)).actions == 0).all()


def test_a_warning_can_go_elsewhere(backends, spec):
    said = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        PolicyRuntime.from_config(config("torchy"), spec, warn=said.append)
    assert len(said) == 1
    assert "install it" in said[0]


def test_a_missing_backend_is_an_error_where_the_config_says_so(backends, spec):
    with pytest.raises(BackendNotInstalledError) as caught:
        PolicyRuntime.from_config(config("torchy", on_missing="error"), spec, where="town.yaml:3")
    assert caught.value.where == "town.yaml:3"
    with pytest.raises(BackendNotInstalledError):
        PolicyRuntime.from_config(config("torchy"), spec, on_missing="error")


def test_options_belong_to_the_backend_they_were_written_for(backends, spec):
    PolicyRuntime.from_config(config("one", options={"a": 1}), spec, backend="two")
    PolicyRuntime.from_config(config("one", options={"a": 1}), spec, backend="mixture:two,one,0.5")
    assert [(name, dict(request["options"])) for name, request in backends] == [
        ("two", {}),
        ("two", {}),
        ("one", {"a": 1}),
    ]


def test_a_mixture_from_its_name(backends, spec):
    runtime = PolicyRuntime.from_config(config("scripted"), spec, backend="mixture:one,soft,0.25")
    assert isinstance(runtime.policy, MixturePolicy)
    told = runtime.provenance()
    assert (told["active"], told["ratio"]) == ("mixture", 0.25)
    assert told["teacher"]["requested"] == "one"
    assert told["learner"]["distribution"] == "soft-dist"
    before = told["fingerprint"]
    runtime.mixture_ratio = 0.75
    assert runtime.provenance()["ratio"] == 0.75
    assert runtime.provenance()["fingerprint"] != before
    with pytest.raises(ContractError, match="no mixture"):
        PolicyRuntime.from_config(config("one"), spec).mixture_ratio = 0.5


def test_a_mixture_with_a_missing_part_is_all_stub(backends, spec):
    said = []
    runtime = PolicyRuntime.from_config(config("mixture:one,torchy,0.5"), spec, warn=said.append)
    assert runtime.is_fallback
    assert runtime.requested == "mixture:one,torchy,0.5"
    assert said


def test_the_stub_by_name_is_no_fallback(spec, monkeypatch):
    runtime = PolicyRuntime.from_config(config("stub"), spec)
    assert runtime.active == "stub"
    assert not runtime.is_fallback


def test_a_broken_contract_is_not_hidden_by_the_stub(spec, monkeypatch):
    def broken(name, **request):
        raise BackendContractError("it has no decide")

    monkeypatch.setattr(activation, "resolve_policy", broken)
    with pytest.raises(BackendContractError):
        PolicyRuntime.from_config(config("one"), spec)


def test_it_wants_to_be_started(spec, certain, crowd):
    runtime = PolicyRuntime(certain(0), spec)
    assert not runtime.started
    with pytest.raises(ContractError, match="was not started"):
        runtime.decide(crowd(2))


@pytest.mark.parametrize(("action", "what"), [(3, "action number 3"), (-1, "action number -1")])
def test_an_action_out_of_range_is_refused(spec, certain, crowd, action, what):
    runtime = PolicyRuntime(certain(action), spec, {"requested": "c", "active": "c"})
    runtime.start(2, [0])
    with pytest.raises(BackendContractError, match=f"'c' chose {what} for agent 0"):
        runtime.decide(crowd(2))


def test_a_masked_action_is_refused_and_nothing_is_remembered_of_it(spec, certain, crowd):
    runtime = PolicyRuntime(certain(2), spec, {"requested": "c", "active": "c"})
    runtime.agent_names = ("alice", "bob")
    runtime.start(2, [0, 1])
    observations = crowd(4)
    observations.action_mask[1:, 2] = False
    with pytest.raises(BackendContractError) as caught:
        runtime.decide(observations)
    assert str(caught.value).splitlines() == [
        "policy backend 'c' chose 'use' for bob (town 0), which is not possible now",
        "  possible by the action mask: wait, north",
        "  the same in 2 further rows of this tick",
    ]
    assert (runtime.state_arrays()["asked"] == 0).all()


def test_a_wrong_number_of_actions_is_refused(spec, certain, crowd):
    class Short(certain):
        def decide(self, observations, state, *, explore=False):
            return super().decide(observations.take(slice(0, 3)), self.initial_state(3, 0))

    runtime = PolicyRuntime(Short(0), spec)
    runtime.start(4, [0])
    with pytest.raises(BackendContractError, match="3 actions for 4 rows"):
        runtime.decide(crowd(4))


def test_a_value_can_be_asked_without_acting(spec, softmax, crowd):
    runtime = PolicyRuntime(softmax((0.0, 0.0, 0.0)), spec)
    runtime.start(3, [0])
    assert (runtime.values(crowd(3)) == 7).all()
    assert (runtime.state_arrays()["counters"] == 0).all()


def test_a_restored_runtime_goes_on_as_if_nothing_had_happened(spec, softmax, crowd):
    def fresh():
        return PolicyRuntime(softmax((0.0, 0.0, 0.0)), spec)

    one = fresh()
    one.start(5, [3, 4])
    for _ in range(6):
        one.decide(crowd(10), explore=True)
    two = fresh()
    two.restore(5, 2, {name: array.copy() for name, array in one.state_arrays().items()})
    for _ in range(6):
        np.testing.assert_array_equal(
            one.decide(crowd(10), explore=True).actions, two.decide(crowd(10), explore=True).actions
        )
    with pytest.raises(ContractError, match="not 10 rows"):
        two.restore(5, 2, {"keys": np.zeros(3, np.uint64), "counters": np.zeros(3, np.uint64)})


class Row:
    """A backend's row as the plugin layer tells it."""

    def __init__(self, name, *capabilities):
        self.name = name
        self.manifest = type("Manifest", (), {"capabilities": capabilities})


@pytest.fixture
def foreign(backends, monkeypatch):
    """No backend claims to read our checkpoints: paths are handed on unread."""
    monkeypatch.setattr(activation, "choose", lambda name, *rest: Row(name, "act"))
    return backends


def test_a_foreign_file_is_handed_on_unread(foreign, spec, tmp_path):
    file = tmp_path / "model.onnx"
    with pytest.raises(CheckpointError, match="no such checkpoint") as caught:
        PolicyRuntime.from_config(config(f"one:{file}"), spec)
    assert caught.value.where == str(file)
    file.write_bytes(b"x")
    runtime = PolicyRuntime.from_config(config(f"one:{file}"), spec)
    assert foreign[-1][1]["checkpoint"] == file
    assert runtime.provenance()["checkpoint"] == str(file)


def test_the_option_names_a_checkpoint_beside_the_config(foreign, spec, tmp_path):
    (tmp_path / "mind").mkdir()
    options = {"checkpoint": "mind"}
    runtime = PolicyRuntime.from_config(config("one", options=options), spec, base=tmp_path)
    assert foreign[-1][1]["checkpoint"] == tmp_path / "mind"
    assert foreign[-1][1]["options"] == options
    assert runtime.provenance()["release"] is False


def test_the_option_may_ask_for_the_release(foreign, spec, tmp_path):
    wanted = config("one", options={"checkpoint": "release"})
    runtime = PolicyRuntime.from_config(wanted, spec, release=lambda: tmp_path)
    assert foreign[-1][1]["checkpoint"] == tmp_path
    assert runtime.provenance()["release"] is True
    with pytest.raises(UsageError, match="no registry"):
        PolicyRuntime.from_config(wanted, spec)


def test_a_checkpoint_of_another_backend_is_refused(backends, spec, tmp_path, monkeypatch):
    monkeypatch.setattr(activation, "choose", lambda name, *rest: Row(name, "act", "checkpoint"))
    manifest = type("Manifest", (), {"backend": "two"})
    monkeypatch.setattr(
        "townlet.checkpoints.read_checkpoint",
        lambda path, spec: type("Checkpoint", (), {"manifest": manifest, "path": path}),
    )
    with pytest.raises(CheckpointError, match="written by backend 'two' and cannot be loaded by 'one'"):
        PolicyRuntime.from_config(config(f"one:{tmp_path}"), spec)
    assert PolicyRuntime.from_config(config(f"two:{tmp_path}"), spec).active == "two"
    assert PolicyRuntime.from_config(config("release"), spec, release=lambda: tmp_path).active == "two"


class Telling:
    """Waits, and says something that is no number in one place."""

    def __init__(self, name: str, number: float, row: int = 1, column: int = 2) -> None:
        self.name, self.number, self.row, self.column = name, number, row, column

    def initial_state(self, rows, seed):
        return ArrayState()

    def decide(self, observations, state, *, explore=False):
        rows, actions = observations.action_mask.shape
        told = {
            "logits": np.zeros((rows, actions), np.float32),
            "values": np.zeros(rows, np.float32),
            "log_probs": np.zeros(rows, np.float32),
        }
        where = (self.row, self.column) if self.name == "logits" else self.row
        told[self.name][where] = self.number
        return Decision(np.zeros(rows, np.int64), state, **told)

    def fingerprint(self):
        return "telling"

    def close(self):
        pass


def telling(spec, *wrong):
    runtime = PolicyRuntime(Telling(*wrong), spec, {"active": "odd", "distribution": "odd-dist", "version": "0.3"})
    runtime.start(4, [0])
    runtime.agent_names = ("alice", "bob", "carol", "dave")
    return runtime


@pytest.mark.parametrize("number", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["logits", "log_probs", "values"])
def test_numbers_that_are_not_finite_are_a_fault_of_the_backend_and_named(spec, crowd, name, number):
    with pytest.raises(BackendContractError) as caught:
        telling(spec, name, number).decide(crowd(4))
    text = str(caught.value)
    assert f"policy backend 'odd' gave {name} that are not finite for bob" in text
    assert "odd-dist 0.3" in text


def test_an_impossible_action_may_have_a_score_of_minus_infinity(spec, crowd):
    telling(spec, "logits", -np.inf).decide(crowd(4))


def test_what_is_said_of_rows_that_nobody_lives_in_does_not_matter(spec, crowd):
    seen = crowd(4)
    seen.active[1] = False
    telling(spec, "values", np.nan).decide(seen)


class Valuing(Telling):
    """Can value without acting."""

    def values(self, observations, state):
        return np.full(observations.rows, 7.0, np.float32)


def test_a_policy_that_can_value_is_not_asked_to_act(spec, crowd):
    runtime = PolicyRuntime(Valuing("values", 0.0), spec)
    runtime.start(4, [0])
    assert runtime.values(crowd(4)).tolist() == [7.0] * 4


@pytest.mark.parametrize("wrong", [np.zeros(3, np.float32), np.zeros(4), np.full(4, np.nan, np.float32)])
def test_values_of_another_kind_are_refused(spec, crowd, wrong, monkeypatch):
    runtime = PolicyRuntime(Valuing("values", 0.0), spec, {"active": "odd"})
    runtime.start(4, [0])
    monkeypatch.setattr(Valuing, "values", lambda self, observations, state: wrong)
    with pytest.raises(BackendContractError, match="value"):
        runtime.values(crowd(4))
