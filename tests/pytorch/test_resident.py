"""A learner that keeps its experience on the device learns what others learn, bit by bit; here that is the CPU."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from townlet.api import PPOSettings, RemembersRollouts, RolloutArrays, RolloutBatch
from townlet.config import load_config
from townlet.errors import BackendContractError, BackendError, ConfigError, ContractError, TrainingError
from townlet.rollout import RolloutBuffer
from townlet.training import BegunRun, Run, TrainingServices, train
from townlet_backend_pytorch import devices
from townlet_backend_pytorch import memory as memory_module
from townlet_backend_pytorch.memory import DeviceMemory
from townlet_backend_pytorch.options import PyTorchOptions
from townlet_backend_pytorch.resident import ResidentLearner

pytestmark = pytest.mark.torch

CPU = torch.device("cpu")
SETTINGS = PPOSettings(learning_rate=3e-3, epochs=2, minibatches=3)
SMALL = (
    "town.map=hamlet",
    "training.backend=pytorch",
    "training.evaluate=false",
    "training.ppo.updates=3",
    "training.ppo.rollout.worlds=4",
    "training.ppo.rollout.ticks=16",
    "training.ppo.rollout.episode_ticks=64",
    "training.ppo.settings.minibatches=3",
    "training.checkpoints.every=1",
)
OPTIONS = "hidden: [32, 32], map_width: 16, value_hidden: 16, threads: 1, device: cpu, precision: {precision}"


def config_of(resident: bool, *more: str, precision: str = "float32", updates: int = 3):
    options = f"{{{OPTIONS.format(precision=precision)}, resident: {str(resident).lower()}}}"
    words = [*SMALL, f"training.options={options}", f"training.ppo.updates={updates}", *more]
    return load_config(None, words)


def taught(folder, config):
    """The digest of the weights after each update, and the metrics without wall times."""
    services = TrainingServices.from_config(config, runs=folder.parent / "runs")
    with Run.begin(config, "ppo", out=folder, services=services) as run:
        assert isinstance(run.learner.inner, ResidentLearner) == bool(config.training.options["resident"])
        result = train(run)
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return result.fingerprint, [{k: v for k, v in line.items() if "second" not in k} for line in lines]


@pytest.mark.parametrize(
    "more",
    [
        ("training.ppo.rollout.groups=1",),
        ("training.ppo.rollout.groups=2",),
        ("training.ppo.rollout.groups=4",),
        ("training.ppo.rollout.groups=3", "training.ppo.settings.target_kl=1e-7"),
        ("town.actions=goals",),
        ("training.ppo.constraint.lost_days=0.01",),
        ("observation.variant=compact",),
    ],
    ids=["one-group", "two-groups", "four-groups", "stopped-early", "goals", "lost-days", "without-a-map"],
)
def test_it_learns_what_the_others_learn(tmp_path, more):
    ordinary = taught(tmp_path / "ordinary", config_of(False, *more))
    assert taught(tmp_path / "resident", config_of(True, *more)) == ordinary


def test_it_learns_what_the_others_learn_in_bfloat16(tmp_path):
    ordinary = taught(tmp_path / "ordinary", config_of(False, precision="bfloat16"))
    assert taught(tmp_path / "resident", config_of(True, precision="bfloat16")) == ordinary


def test_it_learns_inside_a_cast(tmp_path):
    roles = "policy.cast=[{who: 50%, mind: learner}, {who: '*', mind: scripted}]"
    told = [taught(tmp_path / str(resident), config_of(resident, roles)) for resident in (False, True)]
    assert told[0] == told[1]


def test_it_goes_on_exactly(tmp_path):
    straight = taught(tmp_path / "straight", config_of(True, updates=4))
    config = config_of(True, updates=4)
    services = TrainingServices.from_config(config, runs=tmp_path / "runs")
    stop = []

    def after_two(report):
        stop.append(report.step)
        if report.step == 2:
            raise RuntimeError("the lights go out")

    with (
        pytest.raises(RuntimeError, match="lights"),
        Run.begin(config, "ppo", out=tmp_path / "cut", services=services, watchers=(after_two,)) as run,
    ):
        train(run)
    with Run.resume(BegunRun.read(tmp_path / "cut"), services=services) as run:
        assert train(run).fingerprint == straight[0]


# -- the memory


@pytest.fixture
def resident(spec, make_learner):
    def make(seed: int = 0, **changes):
        ordinary = make_learner(spec, seed, **changes)
        return ResidentLearner(ordinary.network, spec, ordinary.options, CPU)

    return make


def acted(learner, memory, see, spec, part: slice, seed: int = 0, decide=lambda tick: True):
    """A group of rows of a rollout in the memory: what each tick shows is drawn, and decided on from the slot."""
    buffer = RolloutBuffer(spec, memory.arrays.ticks, part.stop - part.start, memory=memory, part=part)
    state = learner.policy.initial_state(buffer.rows, seed)
    for tick in range(buffer.ticks + 1):
        slot, drawn = memory.slot(tick, part), see(spec, buffer.rows, seed * 1000 + tick, active=0.9)
        for name in ("map", "features", "action_mask", "active", "episode_start"):
            getattr(slot, name)[...] = getattr(drawn, name)
        if tick < buffer.ticks:
            shown = slot if decide(tick) else drawn
            decision = learner.policy.decide(shown, state, explore=True)
            state = decision.state
            arrays = memory.arrays
            arrays.actions[tick, part] = decision.actions
            arrays.log_probs[tick, part] = decision.log_probs
            arrays.values[tick, part] = decision.values
    return state


def rollout_of(memory, seed: int = 0, named=True):
    rng, arrays = np.random.default_rng(seed), memory.arrays
    arrays.rewards[...] = rng.normal(2.0, 0.5, arrays.rewards.shape)
    arrays.bootstrap[...] = rng.normal(2.0, 0.5, arrays.rewards.shape)
    names = ("map", "features", "action_mask", "active", "episode_start", "actions", "log_probs", "values", "rewards")
    names += ("terminated", "truncated", "bootstrap")
    shown = {name: getattr(arrays, name)[: arrays.ticks] for name in names}
    return RolloutBatch(**shown, memory=memory if named else None)


def test_it_says_that_it_has_a_memory(resident, make_learner, spec):
    assert isinstance(resident(), RemembersRollouts)
    assert not isinstance(make_learner(spec), RemembersRollouts)


def test_what_was_decided_on_crosses_once_and_the_rest_when_it_is_learned_from(resident, see, spec, monkeypatch):
    learner = resident()
    memory = learner.rollout_memory(6, 8, spans=False)
    crossed = []
    cross = DeviceMemory.cross
    monkeypatch.setattr(DeviceMemory, "cross", lambda self, place: (crossed.append(place), cross(self, place))[1])
    acted(learner, memory, see, spec, slice(0, 3), decide=lambda tick: tick % 2 == 0)
    acted(learner, memory, see, spec, slice(3, 8), seed=1)
    assert [place.tick for place in crossed] == [0, 2, 4, 0, 1, 2, 3, 4, 5]
    whole = memory.whole(6)
    np.testing.assert_array_equal(whole.codes.numpy(), memory.arrays.map[:6].reshape(48, *spec.map_shape))
    np.testing.assert_array_equal(whole.features.numpy(), memory.arrays.features[:6].reshape(48, -1))
    np.testing.assert_array_equal(whole.mask.numpy(), memory.arrays.action_mask[:6].reshape(48, -1))


def test_the_next_rollout_is_not_taken_for_this_one(resident, make_learner, see, spec):
    """Rows that somebody else decided for (not from the slot) are copied anew for each update."""
    learner, plain = resident(), make_learner(spec)
    memory = learner.rollout_memory(6, 8, spans=False)
    for seed in range(3):
        acted(learner, memory, see, spec, slice(0, 8), seed=seed, decide=lambda tick: seed == 0)  # noqa: B023
        learner.update(rollout_of(memory, seed), SETTINGS)
        plain.update(rollout_of(memory, seed, named=False), SETTINGS)
        assert learner.policy.fingerprint() == plain.policy.fingerprint()


def test_observations_that_only_look_alike_are_answered_like_any_other(resident, see, spec):
    learner = resident()
    memory = learner.rollout_memory(4, 8, spans=False)
    state = learner.policy.initial_state(8, 0)
    assert learner.policy.decide(memory.slot(0, slice(0, 8)), state).logits is None
    assert learner.policy.decide(memory.arrays.slot(0), state).logits is not None
    assert learner.policy.decide(see(spec, 8), state).logits is not None


def test_features_can_be_kept_in_half_the_room(resident, see, spec):
    learner = resident(resident_features="bfloat16")
    memory = learner.rollout_memory(6, 8, spans=False)
    acted(learner, memory, see, spec, slice(0, 8))
    assert memory.whole(6).features.dtype is torch.bfloat16
    metrics = learner.update(rollout_of(memory), SETTINGS)
    assert np.isfinite(metrics.total_loss)
    acted(learner, memory, see, spec, slice(0, 8), seed=5)
    one_step = SETTINGS.model_copy(update={"epochs": 1, "minibatches": 1})
    assert learner.update(rollout_of(memory), one_step).approx_kl == pytest.approx(0, abs=1e-6), (
        "what was decided on is what is learned from"
    )


# -- what goes wrong


@pytest.mark.parametrize("name", ["rewards", "features", "bootstrap"])
def test_a_number_that_is_not_finite_is_refused_with_its_place(resident, see, spec, name):
    learner = resident()
    memory = learner.rollout_memory(6, 8, spans=False)
    acted(learner, memory, see, spec, slice(0, 8), decide=lambda tick: False)
    rollout = rollout_of(memory)
    rollout.active[3, 2] = True
    array = getattr(rollout, name)
    array[3, 2] = np.nan
    before = learner.policy.fingerprint()
    with pytest.raises(TrainingError, match=rf"rollout's {name} hold.*tick 3, row 2"):
        learner.update(rollout, SETTINGS)
    assert learner.policy.fingerprint() == before


def test_an_impossible_action_is_refused(resident, see, spec):
    learner = resident()
    memory = learner.rollout_memory(6, 8, spans=False)
    acted(learner, memory, see, spec, slice(0, 8))
    rollout = rollout_of(memory)
    rollout.active[2, 5] = True
    rollout.actions[2, 5] = 99
    with pytest.raises(ContractError, match="impossible where it was taken") as caught:
        learner.update(rollout, SETTINGS)
    assert "action 99" in str(caught.value)


def test_nobody_active_is_refused(resident, see, spec):
    learner = resident()
    memory = learner.rollout_memory(6, 8, spans=False)
    acted(learner, memory, see, spec, slice(0, 8))
    nobody = np.zeros((6, 8), np.bool_)
    with pytest.raises(TrainingError, match="no active row"):
        learner.update(replace(rollout_of(memory), active=nobody, asked=nobody), SETTINGS)


def test_weights_that_are_not_finite_are_named(resident, see, spec):
    learner = resident()
    memory = learner.rollout_memory(2, 8, spans=False)
    with torch.no_grad():
        learner.network.policy_head.bias.fill_(float("nan"))
    with pytest.raises(BackendContractError, match="not finite"):
        learner.policy.decide(memory.slot(0, slice(0, 8)), learner.policy.initial_state(8, 0))


def out_of_memory(*_, **__):
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


def test_a_device_without_room_says_what_was_asked_and_what_to_lower(resident, monkeypatch):
    learner = resident()
    monkeypatch.setattr(memory_module.torch, "zeros", out_of_memory)
    with pytest.raises(BackendError, match="ran out of memory on cpu while it made room for 1,000 ticks") as caught:
        learner.rollout_memory(1000, 4096, spans=False)
    told = str(caught.value)
    assert re.search(r"asked for 3\d\d\.\d MiB", told)
    for word in ("worlds", "minibatches", "resident=false"):
        assert word in told


def test_a_device_that_runs_out_of_memory_in_an_update_leaves_the_weights(resident, see, spec, monkeypatch):
    learner = resident()
    memory = learner.rollout_memory(6, 8, spans=False)
    acted(learner, memory, see, spec, slice(0, 8))
    before, steps = learner.policy.fingerprint(), []
    forward = learner._forward

    def third_time(*arrays):
        steps.append(1)
        return forward(*arrays) if len(steps) < 3 else out_of_memory()

    learner._forward = third_time
    with pytest.raises(BackendError, match="ran out of memory on cpu while it learned from a rollout") as caught:
        learner.update(rollout_of(memory), SETTINGS)
    assert "asked for 2.00 GiB more" in str(caught.value)
    assert learner.policy.fingerprint() == before


def test_a_lost_device_is_named_with_the_way_on(resident, see, spec, monkeypatch):
    class LostError(RuntimeError):
        pass

    monkeypatch.setattr(devices, "_LOST", (LostError,))
    learner = resident()
    memory = learner.rollout_memory(2, 8, spans=False)
    state = learner.policy.initial_state(8, 0)

    def lose(*_, **__):
        raise LostError("CUDA error: unspecified launch failure\nCUDA kernel errors might be reported later")

    monkeypatch.setattr(learner.policy._passes, "run", lose)
    with pytest.raises(BackendError, match="lost cpu while it chose actions") as caught:
        learner.policy.decide(memory.slot(0, slice(0, 8)), state)
    assert "unspecified launch failure" in str(caught.value)
    assert "--resume" in str(caught.value)


@pytest.mark.skipif(torch.cuda.is_available(), reason="here the system may grant it")
def test_page_locked_memory_that_is_refused_costs_time_and_nothing_else(spec):
    plain = RolloutArrays.empty(spec, 4, 8, spans=False)
    with pytest.warns(memory_module.PageableWarning, match="refuses page-locked memory"):
        assert memory_module._page_locked(plain) is plain


def test_a_network_with_a_memory_is_refused():
    with pytest.raises(ValueError, match="leave resident out"):
        PyTorchOptions(memory="gru", resident=True)
    assert not PyTorchOptions(memory="gru").is_resident("cuda")
    assert PyTorchOptions().is_resident("cuda")
    assert not PyTorchOptions().is_resident("cpu")
    assert not PyTorchOptions(resident=False).is_resident("cuda")


def test_the_config_says_so(tmp_path):
    config = load_config(None, [*SMALL, "training.options={memory: gru, resident: true}"])
    with pytest.raises(ConfigError, match="leave resident out"):
        Run.begin(config, "ppo", out=tmp_path / "run")
