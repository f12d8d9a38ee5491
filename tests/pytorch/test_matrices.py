"""Layers that multiply through oneDNN: as exact as PyTorch's own, blind to a row's company, and only where they pay."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from townlet.api import PPOSettings
from townlet_backend_pytorch import matrices
from townlet_backend_pytorch.matrices import Linear, onednn_pays

pytestmark = pytest.mark.torch

THERE = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")
with_onednn = pytest.mark.skipif(not THERE, reason="this PyTorch has no oneDNN to ask")
AMD = {"avx512_f": True, "avx_vnni": True, "cpu_name": "AMD EPYC"}


@pytest.fixture
def asked(monkeypatch):
    """oneDNN is chosen, and these are the products that it was asked for."""
    shapes, product = [], matrices._product
    monkeypatch.setattr(matrices, "onednn_pays", lambda: True)
    monkeypatch.setattr(
        matrices,
        "_product",
        lambda x, weight, bias: (shapes.append((x.shape, weight.shape)), product(x, weight, bias))[1],
    )
    return shapes


def gradients(layer: nn.Linear, x: torch.Tensor, weigh) -> list[torch.Tensor]:
    x = x.clone().requires_grad_()
    layer.zero_grad()
    answer = layer(x)
    torch.autograd.backward((answer * weigh).sum())
    return [answer.detach(), x.grad, layer.weight.grad.clone(), layer.bias.grad.clone()]


@with_onednn
@pytest.mark.parametrize("rows", [1, 7, 64, 1000])
def test_answers_and_gradients_are_those_of_exact_arithmetic(asked, rows):
    torch.manual_seed(rows)
    layer, x, weigh = Linear(121, 96), torch.randn(rows, 121), torch.randn(rows, 96)
    exact = nn.Linear(121, 96).double()
    exact.load_state_dict({name: tensor.double() for name, tensor in layer.state_dict().items()})
    found, expected = gradients(layer, x, weigh), gradients(exact, x.double(), weigh.double())
    assert len(asked) == 3, "the product and its two gradients"
    for one, other in zip(found, expected, strict=True):
        assert float((one - other).abs().max()) < 5e-6 * float(other.abs().max())


@with_onednn
def test_the_same_gradient_for_all_rows_is_no_trouble(asked):
    layer, x = Linear(64, 64), torch.randn(33, 64)
    torch.autograd.backward(layer(x).sum())  # its gradient is one number seen through strides of zero
    torch.testing.assert_close(layer.weight.grad, x.sum(0).expand(64, 64), rtol=1e-4, atol=1e-4)
    assert asked[1] == ((64, 33), (64, 33)), "nobody asked for the gradient of what comes in"


@with_onednn
def test_a_row_is_answered_alike_in_any_company(asked):
    torch.manual_seed(0)
    layer, x = Linear(484, 128), torch.randn(256, 484)
    with torch.inference_mode():
        whole = layer(x)
        for size in (16, 64):
            parts = [layer(x[start : start + size]) for start in range(0, 256, size)]
            assert torch.equal(torch.cat(parts), whole)
        order = torch.randperm(256)
        assert torch.equal(layer(x[order]), whole[order])
    assert asked


@with_onednn
@pytest.mark.parametrize(
    ("layer", "x"),
    [
        (Linear(256, 8), torch.ones(5, 256)),
        (Linear(8, 256), torch.ones(5, 8)),
        (Linear(64, 64), torch.ones(5, 3, 64)),
        (Linear(64, 64).double(), torch.ones(5, 64, dtype=torch.float64)),
        (Linear(64, 64).to("meta"), torch.ones(5, 64, device="meta")),
    ],
    ids=["few-outputs", "few-inputs", "patches", "float64", "another-device"],
)
def test_others_stay_with_pytorch(asked, layer, x):
    assert layer(x).shape == (*x.shape[:-1], layer.out_features)
    assert not asked


@with_onednn
def test_bfloat16_stays_with_pytorch(asked):
    layer, x = Linear(64, 64), torch.randn(5, 64)
    with torch.autocast("cpu", torch.bfloat16):
        found = layer(x)
        assert torch.equal(found, functional.linear(x, layer.weight, layer.bias))
    assert found.dtype is torch.bfloat16
    assert not asked


@with_onednn
def test_an_update_goes_through_it_twice_alike(asked, spec, make_learner, make_rollout):
    prints = []
    for _ in range(2):
        learner = make_learner(spec, 0, hidden=(64, 64), map_width=32)
        learner.update(make_rollout(learner.policy, spec), PPOSettings(epochs=2, minibatches=3))
        prints.append(learner.policy.fingerprint())
    assert asked
    assert prints[0] == prints[1]


@pytest.mark.parametrize(
    ("told", "pays"),
    [
        (AMD, THERE and torch.backends.mkl.is_available()),
        ({**AMD, "avx512_f": False}, False),
        ({**AMD, "avx_vnni": False}, False),
        ({**AMD, "cpu_name": "Intel(R) Xeon(R) Platinum 8481C"}, False),
        ({}, False),
    ],
    ids=["amd-with-avx512", "amd-without", "amd-in-halves", "intel", "one-that-says-nothing"],
)
def test_the_processor_decides(monkeypatch, told, pays):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: told, raising=False)
    onednn_pays.cache_clear()
    try:
        assert onednn_pays() == pays
    finally:
        onednn_pays.cache_clear()


@pytest.mark.parametrize("library", ["mkldnn", "mkl"])
def test_a_pytorch_without_either_library_stays_with_its_own(monkeypatch, library):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: AMD, raising=False)
    monkeypatch.setattr(getattr(torch.backends, library), "is_available", lambda: False)
    onednn_pays.cache_clear()
    try:
        assert not onednn_pays()
    finally:
        onednn_pays.cache_clear()
