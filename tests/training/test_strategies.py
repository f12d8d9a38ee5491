"""The strategies over a learner that knows no framework, in a world that fits on a page."""

from __future__ import annotations

import inspect
import json
import os
from pathlib import Path

import numpy as np
import pytest

from townlet import training
from townlet.api import API_VERSION
from townlet.checkpoints import read_checkpoint, write_checkpoint
from townlet.config import load_config
from townlet.config.training import DemonstrationsConfig
from townlet.errors import CheckpointError, TorchNotAvailableError, TrainingError, UsageError
from townlet.observations import town_facts
from townlet.training import (
    AnnealStrategy,
    BCStrategy,
    PolicyTrainingOrchestrator,
    PPOStrategy,
    Run,
    TrainingHarness,
    TrainingServices,
    TrainingStrategy,
)
from townlet.training.metrics.log import read_metrics
from townlet.training.services import ReplayDatasetService

STRATEGIES = [
    (BCStrategy, "PyTorch is required for behaviour cloning"),
    (PPOStrategy, "PyTorch is required for PPO training"),
    (AnnealStrategy, "PyTorch is required for anneal training"),
]


def with_training(config, **changes):
    """The config with other training sections."""
    return config.model_copy(update={"training": config.training.model_copy(update=changes)})


def with_ppo(config, **changes):
    return with_training(config, ppo=config.training.ppo.model_copy(update=changes))


# -- names, limits, guards


@pytest.mark.parametrize(("strategy", "message"), STRATEGIES)
def test_without_torch_the_guard_comes_first(strategy, message: str, monkeypatch, tmp_path: Path) -> None:
    from townlet.config import load_config

    monkeypatch.setattr("townlet.policy.models.torch_available", lambda: False)
    monkeypatch.chdir(tmp_path)
    config = load_config()
    made = strategy(config, TrainingServices.from_config(config))
    with pytest.raises(TorchNotAvailableError, match=message):
        made.run(dataset_config=config.training.demonstrations)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("strategy", "message"), STRATEGIES)
def test_a_learner_that_needs_no_torch_passes_the_guard(strategy, message: str, monkeypatch, services, learner) -> None:
    monkeypatch.setattr("townlet.policy.models.torch_available", lambda: False)
    assert strategy(services.rollout._config, services).run().status == "completed"


@pytest.mark.parametrize("strategy", [BCStrategy, AnnealStrategy])
def test_a_whole_config_in_the_place_of_a_dataset_s_is_refused(strategy, toy_config, services, learner) -> None:
    with pytest.raises(UsageError, match="found TownletConfig"):
        strategy(toy_config, services).run(dataset_config=toy_config)


@pytest.mark.parametrize("strategy", [BCStrategy, AnnealStrategy])
def test_a_run_s_config_names_the_dataset_that_it_was_given(
    strategy, toy_config, services, learner, tmp_path, monkeypatch
) -> None:
    """So that a resumed run learns from the same demonstrations."""
    from townlet.training.run.folder import BegunRun

    services.rollout.demonstrate(tmp_path / "shown")
    monkeypatch.chdir(tmp_path)
    strategy(toy_config, services).run(dataset_config=DemonstrationsConfig(dataset="shown"))
    (folder,) = (path.parent for path in (tmp_path / "runs").glob("*/run.json"))
    assert BegunRun.read(folder).config.training.demonstrations.dataset == str(tmp_path / "shown")
    assert not (folder / "demonstrations" / "teacher").exists()
    assert not (folder / "demonstrations" / "stage-000").exists()


@pytest.mark.parametrize(("strategy", "message"), STRATEGIES)
def test_each_is_a_training_strategy(strategy, message: str, toy_config, services) -> None:
    assert isinstance(strategy(toy_config, services), TrainingStrategy)
    assert strategy.requires_torch is True


@pytest.mark.parametrize(
    ("module", "limit"),
    [("strategies/bc.py", 100), ("strategies/ppo.py", 200), ("strategies/anneal.py", 150), ("orchestrator.py", 150)],
)
def test_line_limits(module: str, limit: int) -> None:
    path = Path(inspect.getfile(training)).parent / module
    assert len(path.read_text().splitlines()) < limit


# -- PPO


def test_ppo_learns_and_saves_what_acts(toy_config, services, learner) -> None:
    result = PPOStrategy(toy_config, services).run()
    assert result.status == "completed"
    assert result.updates == 20
    assert result.samples == 20 * 32 * 8
    assert result.reward_first < 0.4
    assert result.reward_last > 0.9
    assert result.fingerprint != result.initial_fingerprint
    learner.policy.weights[:] = 0
    learner.load(Path(result.checkpoint))
    assert learner.policy.fingerprint() == result.fingerprint


def test_what_was_taught_where_minds_are_tested_is_no_start_and_no_folder_is_made(
    toy_config, services, learner, tmp_path: Path
) -> None:
    taught = PPOStrategy(with_ppo(toy_config, updates=1), services).run()
    manifest = read_checkpoint(Path(taught.checkpoint)).manifest
    there = write_checkpoint(
        tmp_path / "there",
        lambda folder: (folder / "weights").write_bytes(b"w"),  # never looked at
        backend="toy",
        spec=manifest.spec(),
        facts=town_facts(load_config(None, ["town.map=tower"]).town),
        config_digest="0" * 64,
    )
    before = sorted(services.runs.iterdir())
    with pytest.raises(UsageError, match="the checkpoint to start from was taught where minds are tested"):
        PPOStrategy(with_ppo(toy_config, initial=str(there.path)), services).run()
    assert sorted(services.runs.iterdir()) == before


def test_a_line_for_each_update(toy_config, services, learner) -> None:
    result = PPOStrategy(toy_config, services).run()
    lines = read_metrics(Path(result.checkpoint).parent.parent / "metrics.jsonl")
    assert [line["step"] for line in lines] == list(range(1, 21))
    assert lines[-1]["samples"] == result.samples
    assert lines[-1]["reward_mean"] == pytest.approx(lines[-1]["reward_right"])
    assert lines[3]["return_mean"] == pytest.approx(16 * lines[3]["reward_mean"], rel=0.25)


def test_every_field_of_a_line_is_documented(toy_config, services, learner) -> None:
    from townlet.training.metrics.fields import METRICS

    result = PPOStrategy(toy_config, services).run()
    known = {field.name for field in METRICS}
    for line in read_metrics(Path(result.checkpoint).parent.parent / "metrics.jsonl"):
        unknown = {name for name in line if name not in known and not name.startswith("reward_")}
        assert unknown == set()


def test_schedules_reach_the_learner(toy_config, services, learner) -> None:
    PPOStrategy(toy_config, services).run()
    rates = [settings.learning_rate for settings in learner.settings]
    assert rates[0] == pytest.approx(0.1)
    assert rates[-1] == pytest.approx(0.05)
    assert rates == sorted(rates, reverse=True)
    assert len({settings.seed for settings in learner.settings}) == 20
    assert all(s.kl_coefficient == 0 and s.bc_coefficient == 0 and s.train_policy for s in learner.settings)


def test_the_social_stage_follows_its_schedule(toy, toy_config, services, learner, monkeypatch) -> None:
    stages: list[tuple[int, str]] = []
    monkeypatch.setattr(toy.ToyEngine, "set_social_stage", lambda self, stage: stages.append(stage))
    social = {"steps": [{"cycle": 1, "stage": "C1"}, {"cycle": 3, "stage": "C3"}], "updates_per_cycle": 5}
    config = with_training(toy_config, social=type(toy_config.training.social)(**social))
    before = config.model_dump_json()
    result = PPOStrategy(config, services).run()
    assert stages == ["C1"] * 10 + ["C3"] * 5
    assert result.social_stage == "C3"
    assert config.model_dump_json() == before


def test_towns_are_replaced_at_their_age(toy, toy_config, services, learner, monkeypatch) -> None:
    resets: list[tuple[int, ...]] = []
    reset = toy.ToyEngine.reset
    monkeypatch.setattr(toy.ToyEngine, "reset", lambda self, seeds=None: (resets.append(seeds), reset(self, seeds))[1])
    PPOStrategy(toy_config, services).run()
    grown = [seeds for seeds in resets if len(seeds) == 4]
    assert len(grown) == 5  # 640 ticks in towns of 128, the first multiple of 32 that is 100 or more
    assert len(set(grown)) == 5


def test_a_loss_that_is_not_finite_stops_with_the_last_good_checkpoint(toy_config, services, learner) -> None:
    learner.fail_at = 13
    with pytest.raises(TrainingError, match="not finite") as caught:
        PPOStrategy(toy_config, services).run()
    assert "update 13 of 20" in str(caught.value)
    kept = Path(str(caught.value).rsplit("checkpoint is ", 1)[1])
    assert kept.name == "s000-u00000010"
    learner.load(kept)


def test_time_that_is_up_ends_it_with_a_checkpoint(toy_config, services, learner) -> None:
    result = PPOStrategy(with_ppo(toy_config, max_seconds=1e-9), services).run()
    assert (result.status, result.updates) == ("time_limit", 1)
    assert Path(result.checkpoint).name == "s000-u00000001"


def test_mixed_mode_clones_with_a_weight_that_fades(toy_config, services, learner) -> None:
    result = PolicyTrainingOrchestrator(toy_config, services).run("mixed")
    weights = [settings.bc_coefficient for settings in learner.settings]
    assert result.data == "mixed"
    assert weights[0] == pytest.approx(0.5)
    assert weights[-1] == 0.0
    assert weights == sorted(weights, reverse=True)


# -- replay


def test_replay_learns_from_a_recording_of_a_policy_that_explored(
    toy, toy_config, services, services_of, learner, tmp_path
) -> None:
    recorded = record_policy(toy, services, learner, tmp_path / "recording")
    source = toy_config.training.demonstrations.model_copy(update={"dataset": str(recorded)})
    config = with_training(toy_config, demonstrations=source)
    before = learner.policy.fingerprint()
    result = PolicyTrainingOrchestrator(config, services_of(config)).run("replay")
    assert result.data == "replay"
    assert result.fingerprint != before
    observations = services.rollout.engine((7, 8)).observe()
    right = learner.policy.decide(observations, learner.policy.initial_state(4, 0)).actions
    assert (right == observations.features.argmax(axis=1) + 1).mean() >= 0.75


def replaying(toy_config, folder: Path) -> ReplayDatasetService:
    """The service of a config that names a recording."""
    shown = toy_config.training.demonstrations.model_copy(update={"dataset": str(folder)})
    return ReplayDatasetService(with_training(toy_config, demonstrations=shown))


def test_replay_refuses_a_recording_without_log_probabilities(toy_config, services, learner, tmp_path) -> None:
    from townlet.errors import DatasetError

    folder = services.rollout.demonstrate(tmp_path / "noisy", learner=learner.policy, teacher_ratio=0.5)
    with pytest.raises(DatasetError, match="has no log_probs"):
        replaying(toy_config, folder).experience(services.rollout.spec)


def record_policy(toy, services, learner, folder: Path) -> Path:
    from townlet.config import TownletConfig
    from townlet.minds import Part
    from townlet.play import Cast, Job, Journal, Provenance, Stage, Troupe, recording

    job = Job(TownletConfig(), Cast.of("toy"), (1, 2, 3), 100, explore=True)
    mind = Part(learner.policy, Provenance(requested="toy", active="toy"))
    engines = services.rollout._engines
    with (
        Stage(job, troupe=Troupe(job.cast, (mind,)), engines=engines) as stage,
        recording(stage, folder, Journal()) as made,
    ):
        stage.run(job.ticks, sink=made.recorder)
    return folder


def test_a_limit_on_lost_days_is_refused_where_a_recording_is_replayed(
    toy, toy_config, services, learner, tmp_path
) -> None:
    from townlet.errors import UsageError

    folder = record_policy(toy, services, learner, tmp_path / "recording")
    experience = replaying(toy_config, folder).experience(services.rollout.spec)
    with pytest.raises(UsageError, match=r"training\.ppo\.constraint"):
        experience.gather(1.0, 0.5)


def test_a_recorded_piece_is_bootstrapped_by_the_value_that_followed(
    toy, toy_config, services, learner, tmp_path
) -> None:
    from townlet.data import open_dataset

    record_policy(toy, services, learner, tmp_path / "recording")
    block = open_dataset(tmp_path / "recording").read(0, 40)
    experience = replaying(toy_config, tmp_path / "recording").experience(toy.SPEC)
    first, second = experience.gather(1.0).batch, experience.gather(1.0).batch
    assert first.ticks == 32
    assert np.array_equal(first.actions, block.actions[:32])
    goes_on = ~first.terminated[-1]
    assert np.array_equal(first.bootstrap[-1][goes_on], block.values[32][goes_on])
    assert np.array_equal(second.actions[:7], block.actions[32:39])


# -- cloning


def test_bc_clones_the_teacher(toy, toy_config, services, learner) -> None:
    result = BCStrategy(toy_config, services).run()
    assert result.passed
    assert result.metrics.accuracy == 1.0
    assert result.metrics.majority_accuracy < 0.5
    observations = services.rollout.engine((7, 8)).observe()
    mine = learner.policy.decide(observations, learner.policy.initial_state(4, 0)).actions
    theirs = toy.ToyTeacher().decide(observations, learner.policy.initial_state(4, 0)).actions
    assert np.array_equal(mine, theirs)
    learner.load(Path(result.checkpoint))
    assert learner.policy.fingerprint() == result.fingerprint


def test_bc_below_the_threshold_does_not_pass(toy_config, services, learner) -> None:
    learner.clumsy = True
    result = BCStrategy(toy_config, services).run()
    assert not result.passed
    assert "below the threshold" in result.flags[0]


def test_the_initial_checkpoint_of_another_backend_is_refused_with_both_names(toy_config, services, learner) -> None:
    cloned = BCStrategy(toy_config, services).run()
    config = with_ppo(toy_config, initial=cloned.checkpoint)
    training = config.training.model_copy(update={"backend": "scripted"})  # installed wherever tests run
    runs = sorted(path.name for path in Path(cloned.checkpoint).parents[2].iterdir())
    with pytest.raises(CheckpointError, match=r"written by backend toy; 'scripted' cannot load it"):
        PPOStrategy(config.model_copy(update={"training": training}), services).run()
    assert sorted(path.name for path in Path(cloned.checkpoint).parents[2].iterdir()) == runs


def test_a_town_that_is_held_out_is_not_trained_in_and_leaves_no_folder(toy_config, services, learner) -> None:
    town = toy_config.town.model_copy(update={"map": "causeway"})
    with pytest.raises(UsageError, match="the map 'causeway' is held out"):
        BCStrategy(toy_config.model_copy(update={"town": town}), services).run()
    assert learner.reference is None
    assert not services.runs.exists() or not list(services.runs.iterdir())


def test_a_checkpoint_remembers_who_taught_it_and_where(toy_config, services, learner) -> None:
    manifest = read_checkpoint(BCStrategy(toy_config, services).run().checkpoint).manifest
    assert manifest.backend == "toy"
    assert manifest.contract == API_VERSION
    assert manifest.town_differences(town_facts(toy_config.town)) == ()
    dearer = town_facts(
        toy_config.town.model_copy(update={"needs": toy_config.town.needs.model_copy(update={"hunger_decay": 0.003})})
    )
    assert manifest.town_differences(dearer) == ("needs.hunger_decay: 0.003 here and 0.002 there",)


def test_ppo_starts_from_the_cloned_weights(toy_config, services, learner) -> None:
    cloned = BCStrategy(toy_config, services).run()
    config = with_ppo(toy_config, initial=cloned.checkpoint, critic_warmup=3, updates=6)
    result = PPOStrategy(config, services).run()
    assert result.initial_fingerprint == cloned.fingerprint
    assert learner.reference is not None
    assert [s.train_policy for s in learner.settings] == [False] * 3 + [True] * 3
    weights = [s.kl_coefficient for s in learner.settings]
    assert weights[0] == pytest.approx(0.1)
    assert weights[-1] == pytest.approx(0.02)


# -- the anneal schedule


def test_anneal_hands_over_from_cloning_to_reward(toy_config, services, learner) -> None:
    summary = AnnealStrategy(short(toy_config), services).run()
    assert summary.status == "completed"
    assert summary.verdict == "PASS"
    assert [stage.mode for stage in summary.stages] == ["bc", "bc", "ppo", "ppo"]
    for before, after in zip(summary.stages, summary.stages[1:], strict=False):
        assert after.initial_fingerprint == before.fingerprint
    assert [s.train_policy for s in learner.settings] == [False] * 2 + [True] * 8
    assert learner.settings[0].bc_coefficient == pytest.approx(0.5)
    assert learner.settings[-1].bc_coefficient == 0.0


def test_a_stage_that_fails_brings_the_weights_back(toy_config, services, learner) -> None:
    learner.clumsy = True
    before = learner.policy.fingerprint()
    config = short(toy_config)
    learner.policy.weights += 0.0
    summary = AnnealStrategy(config, services).run()
    assert summary.verdict == "FAIL"
    assert len(summary.stages) == 1
    assert summary.stages[0].rolled_back
    assert summary.fingerprint == before == learner.policy.fingerprint()


def test_a_second_stage_that_fails_keeps_the_first(toy_config, services, learner, monkeypatch) -> None:
    clone = type(learner).clone_behaviour
    calls: list[int] = []

    def clumsy_later(self, source, settings, report):
        calls.append(1)
        metrics = clone(self, source, settings, report)
        if len(calls) == 2:
            self.policy.weights[:] = 0.0
            metrics = metrics.model_copy(update={"accuracy": 0.1})
        return metrics

    monkeypatch.setattr(type(learner), "clone_behaviour", clumsy_later)
    summary = AnnealStrategy(short(toy_config), services).run()
    assert [stage.verdict for stage in summary.stages] == ["PASS", "FAIL"]
    assert summary.fingerprint == summary.stages[0].fingerprint == learner.policy.fingerprint()
    assert np.abs(learner.policy.weights).max() > 0


def test_more_queue_conflicts_are_a_hold(toy, toy_config, services_of, learner, monkeypatch) -> None:
    kpis = toy.ToyEngine.step

    def restless(self, actions, into=None):
        self.conflict_rate = 0.1 * self.tick
        return kpis(self, actions, into)

    monkeypatch.setattr(toy.ToyEngine, "step", restless)
    ageless = toy_config.training.ppo.rollout.model_copy(update={"episode_ticks": 10**6})
    config = with_ppo(short(toy_config), rollout=ageless)
    summary = AnnealStrategy(config, services_of(config)).run()
    assert summary.verdict == "HOLD"
    assert any("queue_conflicts rose" in flag for stage in summary.stages for flag in stage.flags)
    assert not any(stage.rolled_back for stage in summary.stages)


def test_the_gates_are_in_the_metrics(toy_config, services, learner) -> None:
    summary = AnnealStrategy(short(toy_config), services).run()
    lines = read_metrics(Path(summary.checkpoint).parent.parent / "metrics.jsonl")
    gates = [line for line in lines if line["phase"] == "anneal"]
    assert [gate["passed"] for gate in gates] == [1.0] * 4
    assert [gate["stage"] for gate in gates] == [0, 1, 2, 3]
    assert [line["cycle"] for line in lines if line["phase"] == "ppo"] == [2] * 5 + [3] * 5


def short(config):
    """A schedule of two clonings and two stages of five updates, with a critic's warm-up of two."""
    stages = (
        {"cycle": 0, "mode": "bc", "epochs": 5, "teacher_ratio": 1.0},
        {"cycle": 1, "mode": "bc", "epochs": 3, "teacher_ratio": 0.5},
        {"cycle": 2, "mode": "ppo", "epochs": 5, "bc_weight": 0.5},
        {"cycle": 3, "mode": "ppo", "epochs": 5, "bc_weight": 0.1},
    )
    anneal = type(config.training.anneal)(stages=stages)
    return with_ppo(with_training(config, anneal=anneal), critic_warmup=2)


# -- stopping and going on


def harness(config, services, mode: str, out: Path, **more) -> TrainingHarness:
    return TrainingHarness(config, mode, out=out, engines=services.rollout._engines, **more)


def comparable(path: Path) -> list[dict]:
    from townlet.training.metrics.fields import WALL_CLOCK

    return [{k: v for k, v in line.items() if k not in WALL_CLOCK} for line in read_metrics(path / "metrics.jsonl")]


@pytest.mark.parametrize(
    ("mode", "stop_at"),
    [
        *((mode, stop_at) for mode in ("rollout", "mixed", "anneal") for stop_at in (1, 7, 10, 14)),
        ("bc", 1),
        ("bc", 4),
        ("anneal", 4),
    ],
)
def test_a_run_that_died_goes_on_exactly(toy, toy_config, services, learner, tmp_path, mode: str, stop_at: int) -> None:
    """Also from the config as the run's folder keeps it, where every key is set and none is a default any more."""
    config = short(toy_config).model_copy(update={"seed": 3})
    initial = learner.policy.weights.copy()
    unbroken = harness(config, services, mode, tmp_path / "unbroken").train()

    def fresh() -> None:
        learner.__init__()
        assert np.array_equal(learner.policy.weights, initial)

    seen: list[object] = []

    def die(report) -> None:
        seen.append(report)
        if len(seen) == stop_at:
            raise MemoryError("killed")

    fresh()
    with pytest.raises(MemoryError):
        harness(config, services, mode, tmp_path / "broken", watchers=[die]).train()
    fresh()
    kept = type(config).model_validate_json((tmp_path / "broken" / "config.json").read_text())
    resumed = harness(kept, services, mode, tmp_path / "broken", resume=True).train()
    assert resumed.fingerprint == unbroken.fingerprint
    assert comparable(tmp_path / "broken") == comparable(tmp_path / "unbroken")


def test_a_run_that_is_done_is_not_done_again(toy_config, services, learner, tmp_path) -> None:
    for mode in ("bc", "rollout", "anneal"):
        first = harness(short(toy_config), services, mode, tmp_path / mode).train()
        again = harness(short(toy_config), services, mode, tmp_path / mode, resume=True).train()
        assert again.fingerprint == first.fingerprint
        assert again.checkpoint == first.checkpoint
        learner.__init__()


def test_an_interrupt_keeps_the_last_checkpoint_and_writes_the_result(toy_config, services, learner, tmp_path) -> None:
    def stop(report) -> None:
        if report.step == 8:
            raise KeyboardInterrupt

    result = harness(toy_config, services, "ppo", tmp_path / "run", watchers=[stop]).train()
    assert result.status == "interrupted"
    assert Path(result.checkpoint).name == "s000-u00000005"
    assert result.fingerprint == learner.policy.fingerprint()
    assert json.loads((tmp_path / "run" / "result.json").read_text())["status"] == "interrupted"
    learner.__init__()
    done = harness(toy_config, services, "ppo", tmp_path / "run", resume=True).train()
    assert (done.status, done.updates) == ("completed", 20)


def test_ctrl_c_once_finishes_the_update_and_saves_it(toy_config, services, learner, tmp_path) -> None:
    import signal

    def stop(report) -> None:
        if report.step == 8:
            signal.raise_signal(signal.SIGINT)

    result = harness(toy_config, services, "ppo", tmp_path / "run", watchers=[stop]).train()
    assert result.status == "interrupted"
    assert result.updates == 8
    assert Path(result.checkpoint).name == "s000-u00000008"


@pytest.mark.parametrize("mode", ["bc", "anneal"])
def test_an_interrupt_while_cloning_writes_a_result(toy_config, services, learner, tmp_path, mode: str) -> None:
    def stop(report) -> None:
        if report.step == 2:
            raise KeyboardInterrupt

    before = learner.policy.fingerprint()
    result = harness(short(toy_config), services, mode, tmp_path / "run", watchers=[stop]).train()
    assert result.status == "interrupted"
    assert result.fingerprint == before


def test_old_checkpoints_go_and_beginnings_of_stages_stay(toy_config, services, learner, tmp_path) -> None:
    harness(toy_config, services, "ppo", tmp_path / "run").train()
    kept = sorted(path.name for path in (tmp_path / "run" / "checkpoints").iterdir())
    assert kept == ["best", "last", "s000-u00000000", "s000-u00000010", "s000-u00000015", "s000-u00000020"]


def test_a_damaged_checkpoint_is_refused_on_resume(toy_config, services, learner, tmp_path) -> None:
    harness(toy_config, services, "ppo", tmp_path / "run").train()
    weights = tmp_path / "run" / "checkpoints" / "s000-u00000020" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(CheckpointError, match="damaged"):
        harness(toy_config, services, "ppo", tmp_path / "run", resume=True).train()


def test_the_learner_is_asked_for_once(toy_config, services, learner, tmp_path, monkeypatch) -> None:
    from townlet.training.learner import choice

    asked: list[str] = []
    monkeypatch.setattr(choice, "needs_torch", lambda name: asked.append(name))
    harness(short(toy_config), services, "anneal", tmp_path / "run").train()
    assert asked == ["toy"]


def test_the_files_of_a_run_are_read_once(toy_config, services, learner, tmp_path, monkeypatch) -> None:
    harness(toy_config, services, "ppo", tmp_path / "run").train()
    read: list[str] = []
    opens = os.open

    def counted(path, flags, *args, **kwargs):
        if not flags & (os.O_WRONLY | os.O_RDWR):
            read.append(Path(path).name)
        return opens(path, flags, *args, **kwargs)

    monkeypatch.setattr(os, "open", counted)
    with Run.resume(tmp_path / "run", services=services) as run:
        assert run.state.ppo.update == 20
    assert [read.count(name) for name in ("run.json", "config.json")] == [1, 1]


def test_a_mode_that_there_is_not_is_refused_with_the_one_that_was_meant(toy_config, services, learner) -> None:
    with pytest.raises(UsageError, match="no training mode 'aneal'") as caught:
        Run.begin(toy_config, "aneal", services=services)
    assert "did you mean 'anneal'?" in caught.value.details
    assert not services.runs.exists()


def test_a_run_that_cannot_be_kept_closes_its_learner(toy_config, services, learner, tmp_path, monkeypatch) -> None:
    closed: list[object] = []
    monkeypatch.setattr(type(learner.policy), "close", lambda self: closed.append(self))
    (tmp_path / "mine.txt").touch()
    with pytest.raises(UsageError, match="not empty"):
        Run.begin(toy_config, "ppo", out=tmp_path, services=services)
    assert closed == [learner.policy]


def test_begin_without_out_takes_the_next_number(toy_config, services, learner) -> None:
    for number in (1, 2):
        with Run.begin(toy_config, "ppo", services=services) as run:
            assert run.folder.path == services.runs / f"ppo-{number:03d}"
