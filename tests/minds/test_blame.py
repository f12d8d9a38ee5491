"""What comes out of a policy names the backend it came out of, and nobody else's."""

from __future__ import annotations

import importlib
import sys
import textwrap

import numpy as np
import pytest

from townlet.api import ArrayState, Decision
from townlet.errors import BackendContractError, BackendRunError, CheckpointError, ContractError
from townlet.minds.mixture import MixturePolicy
from townlet.minds.runtime import PolicyRuntime
from townlet.plugins.provenance import Provenance

TOLD = Provenance(requested="moody", active="moody", distribution="acme-moody", version="1.0")
SOURCE = """
import numpy as np
from townlet.api import ArrayState, Decision

class Moody:
    raises = None

    def initial_state(self, rows, seed):
        return ArrayState({"asked": np.zeros(rows, np.int64)})

    def decide(self, observations, state, *, explore=False):
        if self.raises is not None:
            raise self.raises
        return Decision(np.zeros(observations.rows, np.int64), state)

    def fingerprint(self):
        return "moody-1"

    def close(self):
        pass
"""


@pytest.fixture
def moody(tmp_path, monkeypatch):
    """A policy of a package of its own, which raises what its ``raises`` is."""
    (tmp_path / "acme_moody").mkdir()
    (tmp_path / "acme_moody" / "__init__.py").write_text(textwrap.dedent(SOURCE))
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("acme_moody").Moody()
    del sys.modules["acme_moody"]


def start(policy, spec, told=TOLD):
    runtime = PolicyRuntime(policy, spec, told)
    runtime.start(2, [0])
    return runtime


@pytest.mark.parametrize("ask", ["decide", "values"])
@pytest.mark.parametrize(
    ("raised", "text"),
    [
        (ValueError("no\ngood"), "ValueError: no; good"),
        (SystemExit(0), "it called sys.exit(0)"),
        (AssertionError(), "AssertionError"),
    ],
)
def test_an_error_of_its_own_names_it(moody, spec, crowd, ask, raised, text):
    runtime = start(moody, spec)
    moody.raises = raised
    with pytest.raises(BackendRunError) as caught:
        getattr(runtime, ask)(crowd(2))
    doing = {"decide": "chose actions", "values": "valued observations"}[ask]
    assert caught.value.summary == f"policy backend 'moody' failed while it {doing}: {text}"
    assert caught.value.details == (
        "at: acme_moody/__init__.py:13, in decide",
        "backend: acme-moody 1.0",
        "next:  townlet backends check moody",
    )
    assert caught.value.__cause__ is raised


def test_after_it_the_state_is_as_before(moody, spec, crowd):
    runtime = start(moody, spec)
    runtime.decide(crowd(2))
    before = runtime.state_arrays()
    moody.raises = ValueError()
    with pytest.raises(BackendRunError):
        runtime.decide(crowd(2))
    assert all(array is before[name] for name, array in runtime.state_arrays().items())


def test_a_first_state_that_cannot_be_made(moody, spec, monkeypatch):
    monkeypatch.setattr(type(moody), "initial_state", lambda self, rows: None)
    with pytest.raises(BackendRunError, match="'moody' failed while it made its first state: TypeError"):
        start(moody, spec)


def test_a_value_of_the_contract_that_cannot_be_made_is_its_fault(moody, spec, crowd):
    moody.raises = ContractError("actions must be int64", details=("found float32",))
    with pytest.raises(BackendContractError) as caught:
        start(moody, spec).decide(crowd(2))
    assert caught.value.summary == (
        "policy backend 'moody' broke the contract while it chose actions: actions must be int64"
    )
    assert caught.value.details[0] == "found float32"


def test_an_answer_that_is_no_decision(moody, spec, crowd, monkeypatch):
    monkeypatch.setattr(type(moody), "decide", lambda *a, **k: np.zeros(2, np.int64))
    with pytest.raises(BackendContractError, match="'moody' answered with a ndarray, not a Decision"):
        start(moody, spec).decide(crowd(2))


def test_an_error_that_says_what_is_wrong_stays_as_it_is(moody, spec, crowd):
    moody.raises = CheckpointError("the weights are gone")
    with pytest.raises(CheckpointError) as caught:
        start(moody, spec).decide(crowd(2))
    assert caught.value is moody.raises


def test_ctrl_c_is_nobodys_fault(moody, spec, crowd):
    moody.raises = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        start(moody, spec).decide(crowd(2))


@pytest.mark.parametrize("side", ["teacher", "learner"])
def test_of_a_mixture_the_side_at_fault_is_named(moody, spec, crowd, softmax, side):
    sides = {"teacher": softmax((0.0, 1.0, 2.0)), "learner": softmax((0.0, 1.0, 2.0)), side: moody}
    told = {name: Provenance(requested=name, active=name) for name in sides}
    told = Provenance(requested="mixture:...", active="mixture", **{**told, side: TOLD})
    runtime = start(MixturePolicy(sides["teacher"], sides["learner"], 0.5), spec, told)
    moody.raises = ValueError("no good")
    with pytest.raises(BackendRunError, match="policy backend 'moody' failed"):
        runtime.decide(crowd(2))


def possessed(policy, spec, pilot):
    runtime = start(policy, spec)
    runtime.possess(0, pilot)
    return runtime


def test_what_a_person_does_is_not_the_backends_fault(moody, spec, crowd):
    class Absent:
        def choose(self, observation, mask, suggestion):
            raise OSError("the keyboard is gone")

    with pytest.raises(OSError, match="the keyboard is gone"):
        possessed(moody, spec, Absent()).decide(crowd(2))


def test_behind_a_person_the_backend_is_found(moody, spec, crowd):
    moody.raises = ValueError("no good")
    with pytest.raises(BackendRunError, match="policy backend 'moody' failed"):
        possessed(moody, spec, None).decide(crowd(2))


def test_a_backend_without_a_line_of_python(spec, crowd):
    class Compiled:
        decide = staticmethod(int)  # raises right out of the call, as compiled code does

        def initial_state(self, rows, seed):
            return ArrayState({"asked": np.zeros(rows, np.int64)})

    with pytest.raises(BackendRunError, match="'moody' failed while it chose actions: TypeError") as caught:
        start(Compiled(), spec).decide(crowd(2))
    assert caught.value.details[0] == "backend: acme-moody 1.0"


def test_a_bug_of_core_is_not_blamed_on_a_backend(moody, spec, crowd, monkeypatch):
    runtime = start(MixturePolicy(moody, moody, 0.5), spec)
    monkeypatch.setattr(MixturePolicy, "_log_probs", lambda *a: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        runtime.decide(crowd(2))
    assert isinstance(moody.decide(crowd(2), moody.initial_state(2, 0)), Decision)
