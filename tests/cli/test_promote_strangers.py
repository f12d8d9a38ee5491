"""A release may have to do no worse among strangers than the one before it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from townlet.checkpoints import write_checkpoint
from townlet.cli.app import townlet
from townlet.cli.release import judging
from townlet.config import config_digest, load_config
from townlet.errors import ExecutorError, RegistryError, UsageError
from townlet.observations import build_spec
from townlet.registry import PromotionManager, Registry

pytestmark = [pytest.mark.torch, pytest.mark.slow]

SUITE = """
name: small
title: One among hosts
first_seed: 1000
seeds: 3
minds: {host: {options: {preset: host}}}
scenarios:
  - {name: hosts, title: Hosts, axes: [minds, maps], config: {town: {map: hamlet}}, focal: "25%",
     background: {host: 1.0}, role: visitor, days: [0.3, 0.5]}
"""


@pytest.fixture
def candidate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """``candidate(seed)``: a network that has learned nothing, with the passes that it takes."""
    from townlet.plugins import resolve_learner

    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "suite.yaml").write_text(SUITE, encoding="utf-8")

    def make(seed: int) -> Path:
        config = load_config()
        spec = build_spec(config)
        learner = resolve_learner("pytorch", spec=spec, seed=seed).learner
        folder = tmp_path / "runs" / f"checkpoint-{seed}"
        write_checkpoint(folder, learner.save, backend="pytorch", spec=spec, config_digest=config_digest(config))
        with Registry("runs") as registry:
            for number in range(2):
                PromotionManager(registry).record_evaluation(
                    folder, passed=True, metrics={"reward": 1.0}, settings={"seeds": [number]}
                )
        return folder

    return make


def config_with(tmp_path: Path, **margins: float) -> str:
    """A config whose suite lies beside it."""
    wanted = {"suite": "suite.yaml", **margins}
    path = tmp_path / "configs" / "town.yaml"
    path.write_text(json.dumps({"schema_version": 1, "evaluation": {"strangers": wanted}}), encoding="utf-8")
    return str(path)


def promote(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(townlet, ["promote", str(folder), *words])


def test_what_does_worse_than_the_teacher_is_not_promoted_and_what_was_found_is_kept(candidate, tmp_path) -> None:
    folder = candidate(1)
    done = promote(folder, "--config", config_with(tmp_path))
    assert isinstance(done.exception, RegistryError)
    assert "not shown to be as good as scripted among the strangers of suite small" in str(done.exception)
    assert "NOT passed" in done.output
    with Registry("runs") as registry:
        (kept, *_) = registry.evaluations()
        assert PromotionManager(registry).release() is None
    assert kept.settings["against"] == "scripted"
    assert kept.metrics["strangers_focal_return"] < 0.0
    assert kept.passed is None, "it does not count as a pass beside the teacher"


def test_the_first_is_held_against_the_teacher_and_the_next_against_the_release(candidate, tmp_path) -> None:
    wide = config_with(tmp_path, focal_return=20.0, background_return=20.0)
    first, second = candidate(1), candidate(2)
    told = json.loads(promote(first, "--config", wide, "--json").stdout)
    assert told["strangers"]["against"] == "scripted"
    assert told["metrics"] == {"reward": 1.0}, "those of the evaluation that it passed"
    done = promote(second, "--config", wide)
    assert done.exit_code == 0, done.output
    assert "beside release among strangers, suite small, 3 towns each:" in done.output


def test_on_workers_the_same_is_found_and_they_are_shown(candidate, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("townlet.cli.progress._LINE_EVERY", 0.0)  # however fast it goes
    folder, wanted = candidate(1), ("--config", config_with(tmp_path))
    here, there = promote(folder, *wanted), promote(folder, *wanted, "--workers", "2")
    assert isinstance(there.exception, RegistryError)
    assert there.exception.details == here.exception.details  # with all figures
    assert there.stdout == here.stdout
    assert "worker 1 on " in there.stderr
    assert "worker " not in here.stderr
    with Registry("runs") as registry:
        first, second, *_ = registry.evaluations()
    assert first.metrics == second.metrics


def test_a_candidate_is_evaluated_on_them_beside_its_teacher_too(candidate, monkeypatch) -> None:
    used = []

    def noted(config, checkpoint, runs, *, executor, quiet):
        used.append(executor.workers)

    monkeypatch.setattr(judging, "judge_candidate", noted)
    done = promote(candidate(1), "--evaluate", "--workers", "2")
    assert done.exit_code == 0, done.output
    assert used == [2]


def test_an_executor_that_is_not_there_is_told_before_anything_is_played(candidate, tmp_path) -> None:
    done = promote(candidate(1), "--config", config_with(tmp_path), "--executor", "rya")
    assert isinstance(done.exception, ExecutorError)
    assert "did you mean 'ray'?" in done.exception.details
    with Registry("runs") as registry:
        assert all(kept.passed for kept in registry.evaluations())
    assert promote(candidate(2), "--hold", "--executor", "rya").exit_code == 0, "nothing is played"


def test_force_plays_nothing(candidate, tmp_path) -> None:
    words = ("--config", config_with(tmp_path), "--force", "--reason", "a test", "--json")
    done = promote(candidate(1), *words)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["strangers"] is None


def test_a_suite_that_is_not_there_is_named(candidate) -> None:
    done = promote(candidate(1), "--set", "evaluation.strangers.suite=pblic")
    assert isinstance(done.exception, UsageError)
    assert "did you mean 'public'?" in str(done.exception)
