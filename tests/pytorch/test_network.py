"""The network: shapes, initial weights, independence of rows, units of values."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from townlet_backend_pytorch.architecture import ConflictAwarePolicyConfig
from townlet_backend_pytorch.network import ConflictAwarePolicyNetwork

pytestmark = pytest.mark.torch

ENCODERS = ("flat", "codes", "patch", "embedding", "conv")


def _inputs(config: ConflictAwarePolicyConfig, rows: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    codes = torch.randint(0, 256, (rows, *config.map_shape), generator=generator).to(torch.uint8)
    return codes, torch.rand((rows, config.features), generator=generator)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_every_encoder_answers_and_every_weight_learns(spec, encoder):
    config = ConflictAwarePolicyConfig.for_spec(spec, map_encoder=encoder, hidden=(24, 16), map_width=8)
    network = ConflictAwarePolicyNetwork(config)
    with torch.no_grad():  # fresh scores are so small that gradients behind them would be lost in rounding
        network.policy_head.weight.mul_(100)
    logits, values = network(*_inputs(config, 7))
    assert logits.shape == (7, spec.action_count)
    assert values.shape == (7,)
    assert logits.dtype == values.dtype == torch.float32
    (logits.square().sum() + values.square().sum()).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("hidden", [(16,), (16, 8), (16, 8, 4)])
def test_widths_are_as_chosen(spec, hidden):
    network = ConflictAwarePolicyNetwork(ConflictAwarePolicyConfig.for_spec(spec, hidden=hidden))
    assert network.policy_head.in_features == hidden[-1]
    assert len(network.joint) == max(len(hidden) - 1, 1)


def test_a_spec_without_a_map_and_one_without_features(blind_spec):
    blind = ConflictAwarePolicyConfig.for_spec(blind_spec)
    assert ConflictAwarePolicyNetwork(blind)(*_inputs(blind, 3))[0].shape == (3, 3)
    bare = ConflictAwarePolicyConfig(map_shape=(0, 0, 0), features=0, actions=2)
    assert ConflictAwarePolicyNetwork(bare)(*_inputs(bare, 3))[0].shape == (3, 2)


def test_initial_weights_are_orthogonal_and_first_choices_nearly_even(spec):
    network = ConflictAwarePolicyNetwork(ConflictAwarePolicyConfig.for_spec(spec, hidden=(64, 32)))
    for layer, gain in ((network.joint[0], 2**0.5), (network.policy_head, 0.01), (network.value_head, 1.0)):
        weight = layer.weight.detach()
        small = weight if weight.shape[0] <= weight.shape[1] else weight.T
        torch.testing.assert_close(small @ small.T, torch.eye(len(small)) * gain**2, atol=1e-5, rtol=1e-4)
        assert (layer.bias == 0).all()
    logits, _ = network(*_inputs(network.config, 50))
    assert logits.abs().max() < 0.1


def test_the_seed_alone_decides_the_weights(spec):
    config = ConflictAwarePolicyConfig.for_spec(spec, map_encoder="embedding")

    def weights(seed):
        torch.manual_seed(seed + 77)
        before = torch.get_rng_state()
        found = ConflictAwarePolicyNetwork(config, seed).state_dict()
        assert torch.equal(torch.get_rng_state(), before)
        return found

    one, again, other = weights(1), weights(1), weights(2)
    torch.manual_seed(5)
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert not torch.equal(one["joint.0.weight"], other["joint.0.weight"])


def test_codes_matter_cell_by_cell(spec):
    for encoder in ENCODERS:
        config = ConflictAwarePolicyConfig.for_spec(spec, map_encoder=encoder)
        network = ConflictAwarePolicyNetwork(config)
        codes, features = _inputs(config, 1)
        changed = codes.clone()
        changed[0, 1, 2, 3] ^= 128
        assert not torch.equal(network.trunk(codes, features), network.trunk(changed, features)), encoder


def test_changing_the_units_changes_no_value(spec):
    network = ConflictAwarePolicyNetwork(ConflictAwarePolicyConfig.for_spec(spec)).double()
    codes = torch.zeros((5, *spec.map_shape), dtype=torch.uint8)
    features = torch.rand(5, spec.feature_count, dtype=torch.float64)
    network.encoder = None
    network.joint[0].weight = torch.nn.Parameter(network.joint[0].weight[:, 128:])

    def values():
        hidden = torch.relu(network.value_hidden(network.trunk(codes, features)))
        return network.value_head(hidden).squeeze(1) * network.value_scale + network.value_mean

    before = values()
    network.rescale_values(13.0, 0.25)
    torch.testing.assert_close(values(), before)
    assert float(network.value_mean) == 13.0
    assert float(network.value_scale) == 0.25


def test_the_config_names_its_first_difference(spec):
    one = ConflictAwarePolicyConfig.for_spec(spec)
    other = ConflictAwarePolicyConfig.for_spec(spec, map_width=64)
    assert one.first_difference(one) is None
    assert one.first_difference(other) == "map_width is 128 here and 64 there"


def test_parameters_are_few(spec):
    network = ConflictAwarePolicyNetwork(ConflictAwarePolicyConfig.for_spec(spec))
    critic = sum(np.prod(p.shape) for p in network.critic_parameters())
    assert critic < 300_000
    assert sum(np.prod(p.shape) for p in network.parameters()) - critic < 270_000
