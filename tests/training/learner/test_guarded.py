"""A learner that fails is named: its distribution, the line, the update, the last good checkpoint; the run goes on."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from townlet.api import BCMetrics, PPOMetrics, PPOSettings
from townlet.errors import BackendContractError, BackendRunError, CheckpointError, TrainingError
from townlet.plugins.provenance import Provenance
from townlet.training import TrainingHarness
from townlet.training.learner.guarded import GuardedLearner
from townlet.training.metrics.log import read_metrics

PROVENANCE = Provenance(requested="toy", active="toy", distribution="toy-dist", version="0.4")


def raising(*args, **kwargs):
    raise ZeroDivisionError("a slip")


def leaving(*args, **kwargs):
    raise SystemExit(7)


def quiet(*args, **kwargs):
    return None


def nan_metrics(*args, **kwargs):
    good = PPOMetrics(samples=1, seconds=0.0)
    return good.model_copy(update={"entropy": float("nan")})


def borrowed_name(*args, **kwargs):
    return PPOMetrics(samples=1, seconds=0.0, extra={"reward_mean": 9.0})


def a_dictionary(*args, **kwargs):
    return {"samples": 1, "seconds": 0.0}


def wrong_accuracy(*args, **kwargs):
    good = BCMetrics(epochs=1, samples=1, seconds=0.0, loss=0.0, accuracy=0.5)
    return good.model_copy(update={"accuracy": 2.0})


@pytest.fixture
def named(learner, toy, monkeypatch):
    """The toy learner, from a distribution with a name."""
    from townlet.plugins import ResolvedLearner
    from townlet.training.learner.choice import LearnerChoice

    monkeypatch.setattr(LearnerChoice, "open", lambda *args: ResolvedLearner(learner, PROVENANCE))
    return learner


def train(config, services, mode: str, out: Path, **more):
    return TrainingHarness(config, mode, out=out, engines=services.rollout._engines, **more).train()


@pytest.mark.parametrize(
    ("fault", "error", "says"),
    [
        (raising, BackendRunError, "failed while it learned from a rollout: ZeroDivisionError: a slip"),
        (leaving, BackendRunError, "failed while it learned from a rollout: it called sys.exit(7)"),
        (quiet, BackendContractError, "returned NoneType from update, not PPOMetrics"),
        (a_dictionary, BackendContractError, "returned dict from update, not PPOMetrics"),
        (nan_metrics, BackendContractError, "metrics from update that say nothing: entropy"),
        (borrowed_name, BackendContractError, "gives 'reward_mean' as a number of its own"),
    ],
)
def test_an_update_that_fails_names_everything_and_the_run_goes_on(
    fault, error, says: str, toy_config, services, named, tmp_path: Path, monkeypatch
) -> None:
    unbroken = train(toy_config, services, "rollout", tmp_path / "unbroken")
    lines = len(read_metrics(tmp_path / "unbroken" / "metrics.jsonl"))
    named.__init__()
    update, done = type(named).update, []

    def slips(self, rollout, settings):
        done.append(1)
        return fault() if len(done) == 13 else update(self, rollout, settings)

    monkeypatch.setattr(type(named), "update", slips)
    with pytest.raises(error) as caught:
        train(toy_config, services, "rollout", tmp_path / "broken")
    text = str(caught.value)
    assert caught.value.exit_code == 3
    assert says in text
    assert "policy backend 'toy'" in text
    assert "toy-dist 0.4" in text
    assert "update 13 of 20, stage 0" in text
    assert "the last good checkpoint is" in text
    assert "s000-u00000010" in text
    monkeypatch.setattr(type(named), "update", update)
    named.__init__()
    resumed = train(toy_config, services, "rollout", tmp_path / "broken", resume=True)
    assert resumed.fingerprint == unbroken.fingerprint
    assert len(read_metrics(tmp_path / "broken" / "metrics.jsonl")) == lines


def test_the_line_is_named(toy_config, services, named, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(type(named), "update", raising)
    with pytest.raises(BackendRunError) as caught:
        train(toy_config, services, "rollout", tmp_path / "run")
    assert f"at: {Path(__file__).name}" in str(caught.value).replace(f"{Path(__file__).parent}/", "")


@pytest.mark.parametrize(
    ("method", "fault", "error", "says"),
    [
        ("clone_behaviour", raising, BackendRunError, "failed while it cloned a teacher"),
        ("clone_behaviour", quiet, BackendContractError, "returned NoneType from clone_behaviour, not BCMetrics"),
        ("clone_behaviour", wrong_accuracy, BackendContractError, "say nothing: accuracy"),
        ("save", raising, BackendRunError, "failed while it saved itself"),
        ("save", quiet, BackendContractError, "saved nothing"),
    ],
)
def test_every_other_method_is_guarded_too(
    method, fault, error, says: str, toy_config, services, named, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr(type(named), method, fault)
    with pytest.raises(error, match=says) as caught:
        train(toy_config, services, "bc", tmp_path / "run")
    assert "toy-dist 0.4" in str(caught.value)
    assert caught.value.exit_code == 3


def test_a_reference_that_cannot_be_held_is_the_backend_s_fault(toy) -> None:
    learner = toy.ToyLearner()
    learner.hold_reference = raising
    with pytest.raises(BackendRunError, match="held its reference"):
        GuardedLearner(learner, PROVENANCE).hold_reference()


def test_a_load_that_fails_names_the_checkpoint_it_failed_on(toy, tmp_path: Path) -> None:
    learner = toy.ToyLearner()
    guarded = GuardedLearner(learner, PROVENANCE)
    guarded.at, guarded.kept = "resuming", tmp_path / "s000-u00000010"
    with pytest.raises(CheckpointError, match="no toy here"):
        guarded.load(tmp_path)  # said on purpose: as it is
    learner.load = raising
    with pytest.raises(BackendRunError, match="loaded a checkpoint") as caught:
        guarded.load(tmp_path)
    assert "s000-u00000010" in str(caught.value)


def test_a_loss_that_is_not_finite_is_no_fault_of_the_contract(toy) -> None:
    learner = toy.ToyLearner()
    learner.fail_at = 1
    with pytest.raises(TrainingError, match="not finite"):
        GuardedLearner(learner, PROVENANCE).update(None, None)


def test_a_link_in_a_checkpoint_is_refused(toy, tmp_path: Path) -> None:
    learner = toy.ToyLearner()
    learner.save = lambda folder: (folder / "weights").symlink_to("/etc/hostname")
    with pytest.raises(BackendContractError, match="saved a link, 'weights'"):
        GuardedLearner(learner, PROVENANCE).save(tmp_path)


def test_what_a_watcher_raises_comes_through(toy_config, services, named, tmp_path: Path) -> None:
    def die(report) -> None:
        raise MemoryError("the watcher's own")

    for mode in ("bc", "rollout"):
        with pytest.raises(MemoryError, match="the watcher's own"):
            train(toy_config, services, mode, tmp_path / mode, watchers=[die])


def test_values_that_are_no_numbers_in_a_rollout_are_the_backend_s(
    toy, toy_config, services, named, tmp_path: Path, monkeypatch
) -> None:
    decide = toy.ToyPolicy.decide

    decided = []

    def blind(self, observations, state, *, explore=False):
        decision = decide(self, observations, state, explore=explore)
        decided.append(observations)
        if len(decided) > 70:  # 32 ticks a rollout: in the third
            decision.values[:] = np.nan
        return decision

    monkeypatch.setattr(toy.ToyPolicy, "decide", blind)
    with pytest.raises(BackendContractError, match="gave values that are not finite for alice") as caught:
        train(toy_config, services, "rollout", tmp_path / "run")
    text = str(caught.value)
    assert "toy-dist 0.4" in text
    assert "(update 3 of 20, stage 0)" in text
    assert f"the last good checkpoint is {tmp_path / 'run' / 'checkpoints'}" in text


def also(learner, **methods):
    """Gives one learner more methods; its class keeps what it has, since protocols remember classes they have seen."""
    learner.__class__ = type("Also", (type(learner),), methods)


def test_a_learner_that_warms_up_does_so_once_before_its_first_update(
    toy_config, services, named, tmp_path: Path
) -> None:
    update, told = type(named).update, []

    def warm_up(self, ticks, rows, settings):
        told.append((ticks, rows, settings.seed))

    def learns(self, rollout, settings):
        told.append((rollout.ticks, rollout.rows, settings.seed))
        return update(self, rollout, settings)

    also(named, warm_up=warm_up, update=learns)
    train(toy_config, services, "rollout", tmp_path / "run")
    assert told[0] == told[1], "it is told the size and the settings of the first update"
    assert len(told) == 21


def test_the_time_of_warming_up_is_told_apart(named) -> None:
    also(named, warm_up=lambda *args: time.sleep(0.05))
    guarded, rollout = GuardedLearner(named, PROVENANCE), SimpleNamespace(ticks=8, rows=4)
    assert guarded.warm_up(rollout, PPOSettings()) >= 0.05
    assert guarded.warm_up(rollout, PPOSettings()) == 0.0, "only before the first update"


def changes(self, ticks, rows, settings):
    self.update = None
    self.policy.weights += 1.0


@pytest.mark.parametrize(
    ("fault", "error", "says"),
    [
        (raising, BackendRunError, "failed while it warmed up: ZeroDivisionError: a slip"),
        (changes, BackendContractError, "changed its weights while it warmed up"),
    ],
)
def test_a_warm_up_is_guarded_too(fault, error, says: str, toy_config, services, named, tmp_path: Path) -> None:
    also(named, warm_up=fault)
    with pytest.raises(error, match=says) as caught:
        train(toy_config, services, "rollout", tmp_path / "run")
    assert "update 1 of 20" in str(caught.value)
