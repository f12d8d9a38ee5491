"""A compiled network learns what it learns otherwise, and what is missing for it is named."""

from __future__ import annotations

import pytest
import torch

from townlet.api import PPOSettings
from townlet.errors import BackendError
from townlet_backend_pytorch import compiling
from townlet_backend_pytorch.compiling import compiled

pytestmark = pytest.mark.torch

CPU, CUDA = torch.device("cpu"), torch.device("cuda:0")
SETTINGS = PPOSettings(epochs=2, minibatches=3)


def weights_after(learner, rollouts) -> dict[str, torch.Tensor]:
    for rollout in rollouts:
        learner.update(rollout, SETTINGS)
    return dict(learner.network.state_dict())


@pytest.fixture
def rollouts(spec, make_learner, make_rollout):
    policy = make_learner(spec).policy
    return [make_rollout(policy, spec, ticks=8, rows=10, seed=seed) for seed in range(2)]


@pytest.mark.parametrize("critic", ["shared", "separate"])
def test_what_is_traced_learns_what_is_not(spec, make_learner, rollouts, critic):
    plain, traced = (make_learner(spec, critic=critic) for _ in range(2))
    graphs = []

    def backend(graph, examples):
        graphs.append(graph)
        return graph.forward

    traced._forward = compiled(traced.network, CPU, backend)
    expected = weights_after(plain, rollouts)
    for name, tensor in weights_after(traced, rollouts).items():
        assert torch.equal(tensor, expected[name]), name
    assert 1 <= len(graphs) <= 3, "for a new number of rows nothing is translated again"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of PyTorch's compiler, about itself
def test_what_is_compiled_learns_what_is_not(spec, make_learner, rollouts):
    plain, translated = make_learner(spec), make_learner(spec, compile=True)
    expected = weights_after(plain, rollouts)
    for name, tensor in weights_after(translated, rollouts).items():
        torch.testing.assert_close(tensor, expected[name], rtol=1e-3, atol=1e-5, msg=name)


def test_a_compiler_that_fails_is_told_and_the_weights_stay(spec, make_learner, rollouts):
    def backend(graph, examples):
        raise ValueError("no such instruction: vbroken")

    learner = make_learner(spec)
    learner._forward = compiled(learner.network, CPU, backend)
    before = learner.policy.fingerprint()
    with pytest.raises(BackendError, match="could not compile its network for cpu") as caught:
        learner.update(rollouts[0], SETTINGS)
    assert caught.value.where == "training.options.compile"
    assert "no such instruction" in str(caught.value)
    assert learner.policy.fingerprint() == before


def test_a_compiler_that_is_not_there_is_named(spec, make_learner, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler --fast")
    with pytest.raises(BackendError, match="cannot compile its network for cpu here") as caught:
        make_learner(spec, compile=True)
    assert "a C++ compiler (no-such-compiler --fast; CXX names another)" in str(caught.value)
    assert "leave compile out" in str(caught.value)


def test_on_cuda_triton_is_needed_too(monkeypatch):
    monkeypatch.setattr(compiling.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(compiling.shutil, "which", lambda name: None)
    with pytest.raises(BackendError, match="for cuda:0 here") as caught:
        compiling._refuse_without_tools(CUDA)
    assert "the package triton, a C compiler" in str(caught.value)
