"""What the package shows is what it has."""

from __future__ import annotations

import numpy as np
import pytest

import townlet.plugins
from townlet.api import ObservationBatch, ObservationSpec, PolicyBackendProtocol
from townlet.plugins import StubPolicy
from townlet.plugins.known import backend_title, known_backends
from townlet.version import API_VERSION


def test_everything_shown_is_there() -> None:
    assert list(townlet.plugins.__all__) == sorted(townlet.plugins.__all__)
    for name in townlet.plugins.__all__:
        assert getattr(townlet.plugins, name) is not None


def test_nothing_else_is_promised() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'resolve_polcy'"):
        _ = townlet.plugins.resolve_polcy


def test_the_contract_has_one_version() -> None:
    from townlet.api import API_VERSION as THERE

    assert THERE == API_VERSION


def test_known_backends() -> None:
    assert {name: known.distribution for name, known in known_backends().items()} == {
        "scripted": "townlet-backend-scripted",
        "mlp": "townlet-backend-scripted",
        "pytorch": "townlet-backend-pytorch",
    }
    assert backend_title("torch") == "PyTorch"
    assert backend_title("unheard-of") is None


def test_stub(spec: ObservationSpec) -> None:
    stub = StubPolicy()
    assert isinstance(stub, PolicyBackendProtocol)
    state = stub.initial_state(5, 3)
    decision = stub.decide(ObservationBatch.empty(spec, 5), state, explore=True)
    assert decision.actions.tolist() == [0] * 5
    assert decision.log_probs is not None
    assert np.exp(decision.log_probs).tolist() == [1.0] * 5
    assert decision.state is state
    assert stub.fingerprint() == "stub-1"
    stub.close()
    stub.close()
