"""The hooks: creation from requests, and what they refuse."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from townlet.api import LearnerRequest, MapChannel, PolicyRequest, PPOSettings
from townlet.errors import BackendError, CheckpointError, ConfigError
from townlet_backend_pytorch.devices import learning_threads, resolve_bfloat16, resolve_device
from townlet_backend_pytorch.options import PyTorchOptions
from townlet_backend_pytorch.plugin import (
    townlet_backend_options,
    townlet_create_learner,
    townlet_create_policy,
)

pytestmark = pytest.mark.torch


@pytest.fixture
def request_for(spec, options):
    def make(kind, **changes):
        return kind(**({"backend": "pytorch", "spec": spec, "options": options, "seed": 3} | changes))

    return make


@pytest.fixture
def checkpoint(request_for, make_rollout, spec, tmp_path):
    learner = townlet_create_learner(request_for(LearnerRequest))
    learner.update(make_rollout(learner.policy, spec), PPOSettings())
    learner.save(tmp_path)
    return tmp_path, learner


def test_the_seed_of_the_request_decides_the_weights(request_for):
    one, same, other = (
        townlet_create_policy(request_for(PolicyRequest, seed=seed)).fingerprint() for seed in (1, 1, 2)
    )
    assert one == same != other


def test_no_options_are_the_defaults(request_for):
    assert townlet_backend_options() is PyTorchOptions
    assert townlet_create_policy(request_for(PolicyRequest, options=None)).network.config.hidden == (256, 256, 256)


def test_a_policy_acts_from_a_checkpoint_as_its_learner_does(request_for, checkpoint, spec, see):
    folder, learner = checkpoint
    policy = townlet_create_policy(request_for(PolicyRequest, options=None, seed=77, checkpoint=folder))
    assert policy.fingerprint() == learner.policy.fingerprint()
    seen, state = see(spec, 40), policy.initial_state(40, 5)
    mine, theirs = (p.decide(seen, state, explore=True) for p in (policy, learner.policy))
    assert np.array_equal(mine.actions, theirs.actions)
    assert np.array_equal(mine.values, theirs.values)


def test_weights_alone_are_enough_to_act_and_to_start_from(request_for, checkpoint):
    folder, learner = checkpoint
    for name in ("trainer_state.safetensors", "trainer_state.json"):
        (folder / name).unlink()
    assert townlet_create_policy(request_for(PolicyRequest, checkpoint=folder)).fingerprint()
    fresh = townlet_create_learner(request_for(LearnerRequest, checkpoint=folder))
    assert fresh.policy.fingerprint() == learner.policy.fingerprint()
    assert fresh.updates == 0


def test_a_learner_goes_on_from_a_checkpoint(request_for, checkpoint, make_rollout, spec):
    folder, learner = checkpoint
    other = townlet_create_learner(request_for(LearnerRequest, options=None, checkpoint=folder))
    assert other.updates == 1
    rollout = make_rollout(learner.policy, spec, seed=5)
    settings = PPOSettings(precision="float32")
    learner.update(rollout, settings)
    other.update(rollout, settings)
    assert other.policy.fingerprint() == learner.policy.fingerprint()


def test_a_checkpoint_of_other_observations_is_refused(request_for, checkpoint, spec):
    other = replace(spec, channels=(MapChannel("wall"), MapChannel("water")))
    with pytest.raises(CheckpointError, match="map channel 'water' is missing there"):
        townlet_create_policy(request_for(PolicyRequest, spec=other, checkpoint=checkpoint[0]))


def test_options_that_the_checkpoint_contradicts_are_refused(request_for, checkpoint):
    wish = PyTorchOptions(hidden=(64, 64))
    with pytest.raises(CheckpointError, match=r"hidden is \(64, 64\) in the options and \(32, 32\) there"):
        townlet_create_policy(request_for(PolicyRequest, options=wish, checkpoint=checkpoint[0]))


def test_an_empty_folder_is_no_checkpoint(request_for, tmp_path):
    with pytest.raises(CheckpointError, match="missing"):
        townlet_create_policy(request_for(PolicyRequest, checkpoint=tmp_path))


def test_options_of_somebody_else_are_refused(request_for):
    with pytest.raises(ConfigError, match="must be PyTorchOptions"):
        townlet_create_policy(request_for(PolicyRequest, options={"hidden": [4]}))


class TestDevices:
    def test_a_device_that_is_not_there(self, request_for):
        with pytest.raises(BackendError, match="cannot use device 'cuda:77'") as caught:
            townlet_create_policy(request_for(PolicyRequest, options=PyTorchOptions(device="cuda:77")))
        assert "devices here: cpu" in str(caught.value)
        assert caught.value.exit_code == 3

    def test_auto(self):
        assert resolve_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")

    @pytest.mark.parametrize(
        ("asked", "fallback", "expected"),
        [("bfloat16", "float32", True), ("float32", "bfloat16", False), ("auto", "bfloat16", True),
         ("auto", "float32", False)],
    )  # fmt: skip
    def test_who_says_the_precision(self, asked, fallback, expected):
        assert resolve_bfloat16(asked, fallback, torch.device("cpu")) is expected

    @pytest.mark.parametrize("flag", ["amx_bf16", "avx512_bf16", None])
    def test_auto_asks_the_processor(self, monkeypatch, flag):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {flag: True} if flag else {}, raising=False)
        assert resolve_bfloat16("auto", "auto", torch.device("cpu")) is (flag is not None)

    def test_a_pytorch_that_cannot_tell_means_float32(self, monkeypatch):
        monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
        assert resolve_bfloat16("auto", "auto", torch.device("cpu")) is False

    def test_small_steps_get_one_thread_unless_the_user_says(self):
        assert learning_threads(0, 64, 200_000) == 1
        assert learning_threads(0, 2048, 200_000) == 0
        assert learning_threads(3, 64, 200_000) == 3

    def test_learning_leaves_the_threads_as_they_were(self, request_for, make_rollout, spec):
        torch.set_num_threads(2)
        learner = townlet_create_learner(request_for(LearnerRequest))
        learner.update(make_rollout(learner.policy, spec), PPOSettings())
        assert torch.get_num_threads() == 2
