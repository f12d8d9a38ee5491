"""The learner: exact resume, nothing lost on failure, refusals that name the first difference."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from townlet.api import (
    Action,
    BCSettings,
    DemonstrationBatch,
    Feature,
    LearnerProtocol,
    PPOSettings,
    ReferenceLearner,
)
from townlet.errors import CheckpointError, ContractError, DatasetError, TrainingError
from townlet_backend_pytorch.bc_trainer import BCTrajectoryDataset, evaluate_bc_policy

pytestmark = pytest.mark.torch

SETTINGS = PPOSettings(learning_rate=3e-3, epochs=2, minibatches=3, kl_coefficient=0.1)


def _weights(learner) -> dict[str, np.ndarray]:
    return {name: tensor.detach().numpy().copy() for name, tensor in learner.network.state_dict().items()}


def _same(one, other) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one) and set(one) == set(other)


def test_it_is_a_learner_that_can_be_held_near_a_reference(spec, make_learner):
    learner = make_learner(spec)
    assert isinstance(learner, LearnerProtocol)
    assert isinstance(learner, ReferenceLearner)


def _train(learner, spec, make_rollout, first: int, last: int):
    """Updates of every kind, a cloning among them; experience depends on the weights."""
    metrics = None
    for step in range(first, last):
        rollout = make_rollout(learner.policy, spec, ticks=12, rows=10, seed=step)
        metrics = learner.update(rollout, SETTINGS.model_copy(update={"train_policy": step != 3, "seed": step % 2}))
    return metrics


def test_a_lambda_of_the_critics_own_changes_what_it_learns_and_nothing_else(spec, make_learner, make_rollout):
    told = []
    for value_lambda in (None, 1.0):
        learner = make_learner(spec)
        rollout = make_rollout(learner.policy, spec, ticks=12, rows=10, seed=0)
        told.append(learner.update(rollout, SETTINGS.model_copy(update={"value_lambda": value_lambda})))
    assert told[0].advantage_mean == told[1].advantage_mean
    assert told[0].advantage_std == told[1].advantage_std
    assert told[0].explained_variance != told[1].explained_variance
    assert told[0].value_loss != told[1].value_loss


def test_a_learner_that_was_saved_goes_on_bit_by_bit(spec, make_learner, make_rollout, teacher, tmp_path):
    straight = make_learner(spec)
    straight.clone_behaviour(teacher, BCSettings(epochs=1, batch_size=512), lambda line: None)
    straight.hold_reference()
    _train(straight, spec, make_rollout, 0, 2)
    (tmp_path / "a").mkdir()
    straight.save(tmp_path / "a")
    expected = _train(straight, spec, make_rollout, 2, 6)

    resumed = make_learner(spec, seed=99)
    torch.manual_seed(4321)
    np.random.seed(4321)
    random.seed(4321)
    resumed.load(tmp_path / "a")
    found = _train(resumed, spec, make_rollout, 2, 6)
    assert _same(_weights(straight), _weights(resumed))
    assert found.model_copy(update={"seconds": 0}) == expected.model_copy(update={"seconds": 0})
    assert found.reference_kl > 0

    for name in ("b", "c"):
        (tmp_path / name).mkdir()
    straight.save(tmp_path / "b")
    resumed.save(tmp_path / "c")
    for file in ("weights.safetensors", "trainer_state.safetensors", "trainer_state.json"):
        assert (tmp_path / "b" / file).read_bytes() == (tmp_path / "c" / file).read_bytes(), file


def test_loading_an_earlier_state_takes_the_later_one_back(spec, make_learner, make_rollout, tmp_path):
    learner = make_learner(spec)
    before = _weights(learner)
    learner.save(tmp_path)
    _train(learner, spec, make_rollout, 0, 2)
    learner.hold_reference()
    assert not _same(before, _weights(learner))
    learner.load(tmp_path)
    assert _same(before, _weights(learner))
    assert learner.updates == 0
    again = make_learner(spec)
    _train(again, spec, make_rollout, 0, 2)
    _train(learner, spec, make_rollout, 0, 2)
    assert _same(_weights(again), _weights(learner))


def test_an_update_is_deterministic_and_touches_no_global_generator(spec, make_learner, make_rollout):
    torch.manual_seed(0)
    one = make_learner(spec)
    state = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    _train(one, spec, make_rollout, 0, 2)
    assert torch.equal(torch.get_rng_state(), state[0])
    assert np.array_equal(np.random.get_state()[1], state[1])
    assert random.getstate() == state[2]
    torch.manual_seed(1)
    other = make_learner(spec)
    _train(other, spec, make_rollout, 0, 2)
    assert _same(_weights(one), _weights(other))


def test_the_seed_of_the_settings_matters(spec, make_learner, make_rollout):
    def after(seed):
        learner = make_learner(spec)
        learner.update(make_rollout(learner.policy, spec), SETTINGS.model_copy(update={"seed": seed}))
        return _weights(learner)

    assert _same(after(1), after(1))
    assert not _same(after(1), after(2))


@pytest.mark.parametrize("name", ["rewards", "values", "log_probs", "bootstrap", "features"])
@pytest.mark.parametrize("poison", [np.nan, np.inf])
def test_experience_that_is_not_finite_is_refused_with_its_place(spec, make_learner, make_rollout, name, poison):
    learner = make_learner(spec)
    rollout = make_rollout(learner.policy, spec)
    array = getattr(rollout, name).copy()
    rollout.active[3, 2] = True
    array[3, 2] = poison
    before = _weights(learner)
    with pytest.raises(TrainingError, match=rf"rollout's {name} hold.*tick 3, row 2") as caught:
        learner.update(replace(rollout, **{name: array}), SETTINGS)
    assert caught.value.where == "tick 3, row 2"
    assert _same(before, _weights(learner))


def test_rows_that_are_not_active_teach_nothing_whatever_they_hold(spec, make_learner, make_rollout):
    def after(poison):
        learner = make_learner(spec)
        rollout = make_rollout(learner.policy, spec)
        dead = ~rollout.active
        assert dead.any()
        for name in ("rewards", "values", "log_probs", "bootstrap"):
            getattr(rollout, name)[dead] = poison
        rollout.features[dead] = poison
        rollout.map[dead] = 7
        learner.update(rollout, SETTINGS)
        return _weights(learner)

    assert _same(after(0.0), after(1e6))
    assert _same(after(0.0), after(np.nan))


def test_a_loss_that_is_not_finite_leaves_everything_as_it_was(spec, make_learner, make_rollout, tmp_path):
    learner = make_learner(spec)
    _train(learner, spec, make_rollout, 0, 1)
    for name in ("before", "after"):
        (tmp_path / name).mkdir()
    learner.save(tmp_path / "before")
    rollout = make_rollout(learner.policy, spec)
    with pytest.raises(TrainingError, match=r"of the PPO update is not finite.*epoch") as caught:
        learner.update(rollout, SETTINGS.model_copy(update={"learning_rate": 1e30, "epochs": 20}))
    assert "weights are as they were" in str(caught.value)
    learner.save(tmp_path / "after")
    for file in ("weights.safetensors", "trainer_state.safetensors", "trainer_state.json"):
        assert (tmp_path / "before" / file).read_bytes() == (tmp_path / "after" / file).read_bytes(), file
    assert np.isfinite(learner.update(rollout, SETTINGS).total_loss)


def test_nobody_active_is_an_error(spec, make_learner, make_rollout):
    learner = make_learner(spec)
    rollout = make_rollout(learner.policy, spec)
    nobody = np.zeros_like(rollout.active)
    with pytest.raises(TrainingError, match="no active row"):
        learner.update(replace(rollout, active=nobody, asked=nobody), SETTINGS)


def test_an_impossible_action_is_an_error(spec, make_learner, make_rollout):
    learner = make_learner(spec)
    rollout = make_rollout(learner.policy, spec)
    rollout.active[0, 0] = True
    rollout.action_mask[0, 0] = [True, False, True, True]
    rollout.actions[0, 0] = 1
    with pytest.raises(ContractError, match="impossible where it was taken"):
        learner.update(rollout, SETTINGS)


def test_a_rollout_of_other_observations_is_an_error(spec, blind_spec, make_learner, make_rollout):
    other = make_learner(blind_spec)
    with pytest.raises(ContractError, match="not of the kind this learner was made for"):
        make_learner(spec).update(make_rollout(other.policy, blind_spec), SETTINGS)


def test_the_target_kl_stops_an_update(spec, make_learner, make_rollout):
    learner = make_learner(spec)
    rollout = make_rollout(learner.policy, spec)
    free = make_learner(spec).update(rollout, PPOSettings(learning_rate=1e-2, epochs=10))
    held = learner.update(rollout, PPOSettings(learning_rate=1e-2, epochs=10, target_kl=1e-3))
    assert free.epochs_done == 10
    assert held.epochs_done < 5
    assert held.approx_kl < free.approx_kl


def test_more_minibatches_than_transitions(spec, make_learner, make_rollout):
    learner = make_learner(spec)
    rollout = make_rollout(learner.policy, spec, ticks=1, rows=3)
    rollout.active[:] = True
    metrics = learner.update(rollout, PPOSettings(minibatches=8))
    assert metrics.samples == 3
    assert np.isfinite(metrics.total_loss)


def test_without_normalised_values_the_critic_is_in_units_of_reward(spec, make_learner, make_rollout):
    learner = make_learner(spec)
    learner.update(make_rollout(learner.policy, spec), SETTINGS)
    assert float(learner.network.value_scale) != 1.0
    learner.update(make_rollout(learner.policy, spec), SETTINGS.model_copy(update={"normalise_values": False}))
    assert float(learner.network.value_scale) == 1.0
    assert float(learner.network.value_mean) == 0.0


def test_bfloat16_agrees_with_float32(spec, make_learner, make_rollout):
    found = {}
    for precision in ("float32", "bfloat16"):
        learner = make_learner(spec)
        rollout = make_rollout(learner.policy, spec, ticks=32, rows=16)
        found[precision] = learner.update(rollout, PPOSettings(precision=precision))
        assert all(p.dtype == torch.float32 for p in learner.network.parameters())
    assert found["bfloat16"].total_loss == pytest.approx(found["float32"].total_loss, abs=0.02)
    assert found["bfloat16"].entropy == pytest.approx(found["float32"].entropy, abs=0.02)
    assert found["bfloat16"] != found["float32"]


class TestLoad:
    @pytest.fixture
    def saved(self, spec, make_learner, make_rollout, tmp_path):
        learner = make_learner(spec)
        _train(learner, spec, make_rollout, 0, 1)
        folder = tmp_path / "saved"
        folder.mkdir()
        learner.save(folder)
        return folder

    def _refused(self, learner, folder, text):
        before = _weights(learner)
        with pytest.raises(CheckpointError, match=text):
            learner.load(folder)
        assert _same(before, _weights(learner))

    def test_other_observations(self, saved, spec, make_learner):
        renamed = replace(spec, features=tuple(Feature(name) for name in ("a", "b", "hunger", "d", "e", "f")))
        self._refused(make_learner(renamed), saved, "feature 'hunger' is missing there")

    def test_another_network(self, saved, spec, make_learner):
        self._refused(make_learner(spec, map_width=8), saved, r"map_width is 8 here and 16 there")

    @pytest.mark.parametrize("name", ["weights.safetensors", "trainer_state.safetensors", "trainer_state.json"])
    def test_a_missing_file(self, saved, spec, make_learner, name):
        (saved / name).unlink()
        self._refused(make_learner(spec), saved, "missing")

    @pytest.mark.parametrize("name", ["weights.safetensors", "trainer_state.safetensors", "trainer_state.json"])
    def test_a_file_cut_short(self, saved, spec, make_learner, name):
        content = (saved / name).read_bytes()
        (saved / name).write_bytes(content[: len(content) // 2])
        self._refused(make_learner(spec), saved, "cannot be read")

    def test_weights_without_their_metadata(self, saved, spec, make_learner):
        save_file(load_file(saved / "weights.safetensors"), saved / "weights.safetensors")
        self._refused(make_learner(spec), saved, "do not say which network")

    def test_moments_of_another_shape(self, saved, spec, make_learner):
        path = saved / "trainer_state.safetensors"
        tensors = load_file(path)
        tensors["adam.exp_avg.joint.0.bias"] = np.zeros(3, np.float32)
        save_file(tensors, path)
        self._refused(make_learner(spec), saved, r"exp_avg.joint.0.bias must have shape")

    def test_weights_that_are_not_finite(self, saved, spec, make_learner):
        path = saved / "weights.safetensors"
        with safe_open(path, "np") as file:
            metadata = file.metadata()
        tensors = load_file(path)
        tensors["joint.0.bias"][0] = np.nan
        save_file(tensors, path, metadata)
        self._refused(make_learner(spec), saved, r"joint.0.bias holds a number that is not finite")

    @pytest.mark.parametrize("change", [
        {"hidden": [8192] * 40}, {"hidden": [8192, 8192]}, {"features": 10**12}, {"map_shape": [10**6, 10**6, 3]},
        {"memory": "gru", "memory_width": 8192}, {"actions": 10**12}, {"map_width": 8192},
    ])  # fmt: skip
    def test_a_network_larger_than_its_weights_is_refused_before_it_is_built(self, saved, spec, make_learner, change):
        path = saved / "weights.safetensors"
        with safe_open(path, "np") as file:
            header = json.loads(file.metadata()["townlet"])
        header["network"] |= change
        save_file(load_file(path), path, {"townlet": json.dumps(header)})
        with patch("townlet_backend_pytorch.weights.ConflictAwarePolicyNetwork", side_effect=AssertionError):
            self._refused(make_learner(spec), saved, "do not fit their own network")

    @pytest.mark.parametrize("field", ["updates", "clonings", "value_statistics", "version", "holds_reference", "mean"])
    @pytest.mark.parametrize("spelled", [
        "1e999", "-1e999", "NaN", "null", "-1", '"x"', "[" * 100_000, "[" * 5000 + "]" * 5000, '{"a":' * 5000,
        "9" * 5000, "1e300", "[]", "0.5",
    ])  # fmt: skip
    def test_numbers_that_nobody_wrote(self, saved, spec, make_learner, field, spelled):
        path = saved / "trainer_state.json"
        document = json.loads(path.read_text())
        holder = document["value_statistics"] if field == "mean" else document
        if (field, spelled) in {("mean", "-1"), ("mean", "0.5")}:
            return  # a mean may be that
        holder[field] = "@@"
        path.write_text(json.dumps(document).replace('"@@"', spelled))
        self._refused(make_learner(spec), saved, "the trainer state")

    @pytest.mark.parametrize("spelled", ["[" * 100_000, "1e999", '{"format": "townlet-pytorch-weights", "version": 1}'])
    def test_a_header_of_weights_that_nobody_wrote(self, saved, spec, make_learner, spelled):
        path = saved / "weights.safetensors"
        save_file(load_file(path), path, {"townlet": spelled})
        self._refused(make_learner(spec), saved, "do not say which network")

    def test_another_format(self, saved, spec, make_learner):
        path = saved / "trainer_state.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"version": 99}))
        self._refused(make_learner(spec), saved, "another format")


class TestCloning:
    def test_other_observations(self, spec, make_learner, teacher):
        renamed = replace(spec, actions=tuple(Action(name) for name in ("wait", "south", "use", "chat")))
        with pytest.raises(DatasetError, match="action 'south' is missing there"):
            make_learner(renamed).clone_behaviour(teacher, BCSettings(), lambda line: None)

    @pytest.mark.parametrize("part", ["train", "validation"])
    def test_an_empty_part(self, spec, make_learner, teacher, part):
        parts = {p: next(iter(teacher.batches(p, 64))) for p in ("train", "validation")}
        parts[part] = type(parts[part])(parts[part].observations.take(slice(0, 0)), parts[part].actions[:0])
        with pytest.raises(DatasetError, match=f"the part '{part}' is empty"):
            make_learner(spec).clone_behaviour(BCTrajectoryDataset(spec, **parts), BCSettings(), lambda line: None)

    def test_the_best_weights_are_kept_not_the_last(self, spec, make_learner, teacher):
        """Labels of the training part are noise: the held-out loss only gets worse after a while."""
        batch = next(iter(teacher.batches("train", 256)))
        rng = np.random.default_rng(0)
        noise = np.where(batch.observations.action_mask, rng.random((256, 4)), -1).argmax(1)
        noisy = BCTrajectoryDataset(
            spec, type(batch)(batch.observations, noise), next(iter(teacher.batches("validation", 512)))
        )
        lines = []
        learner = make_learner(spec)
        metrics = learner.clone_behaviour(
            noisy, BCSettings(epochs=60, batch_size=32, learning_rate=1e-2, patience=4), lines.append
        )
        losses = [line.metrics["loss"] for line in lines]
        assert metrics.stopped_early
        assert metrics.loss == min(losses) < losses[-1]
        assert evaluate_bc_policy(learner.policy, noisy)["loss"] == pytest.approx(min(losses), rel=1e-6)

    def test_interrupted_it_keeps_the_best_so_far(self, spec, make_learner, teacher):
        def stop(line):
            if line.step == 2:
                raise KeyboardInterrupt

        learner = make_learner(spec)
        before = _weights(learner)
        with pytest.raises(KeyboardInterrupt):
            learner.clone_behaviour(teacher, BCSettings(epochs=9), stop)
        assert not _same(before, _weights(learner))

    def test_a_failure_leaves_the_weights(self, spec, make_learner, teacher):
        learner = make_learner(spec)
        before = _weights(learner)
        with pytest.raises(TrainingError, match="behaviour cloning is not finite"):
            learner.clone_behaviour(teacher, BCSettings(learning_rate=1e30, max_grad_norm=1e30), lambda line: None)
        assert _same(before, _weights(learner))

    def test_balance_finds_the_rare_action(self, spec, make_learner, see):
        """One in fifty, and hardly to be told: without balance it is never chosen."""
        rng = np.random.default_rng(0)

        def part(rows):
            seen = see(spec, rows, 5)
            seen.action_mask[:] = True
            rare = rng.random(rows) < 0.02
            seen.features[:, 0] = np.where(rare, 0.5, 0.0) + rng.random(rows)
            return DemonstrationBatch(seen, np.where(rare, 2, 1).astype(np.int64))

        source = BCTrajectoryDataset(spec, part(4000), part(1000))

        def recall(balance):
            settings = BCSettings(epochs=15, batch_size=128, learning_rate=5e-3, class_balance=balance, patience=15)
            return make_learner(spec).clone_behaviour(source, settings, lambda line: None).action_accuracy["use"]

        assert recall(1.0) > recall(0.0) + 0.2
