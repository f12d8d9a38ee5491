"""After training: held against the teacher, on further towns each time, and never promoted against its own gates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from townlet.config import TownletConfig
from townlet.errors import RegistryError
from townlet.evaluation import EvaluationResult, estimate
from townlet.registry import PromotionManager, Registry
from townlet.training import TrainingHarness
from townlet.training.services import promotion


@pytest.fixture
def reward(monkeypatch: pytest.MonkeyPatch):
    """Every evaluation is answered with these rewards, by policy; the seeds that were asked for are kept."""
    rewards = {"scripted": 0.5, "mine": 0.7}
    asked: list[tuple[str, tuple[int, ...]]] = []

    def evaluate(config: TownletConfig, mind, *, seeds, progress=None, executor=None) -> EvaluationResult:
        policy = mind if isinstance(mind, str) else mind.requested
        asked.append((policy, tuple(seeds)))
        mine = rewards["scripted" if policy == "scripted" else "mine"]
        figures = {"reward": np.linspace(mine - 0.01, mine + 0.01, len(seeds)), "self_sufficiency": np.ones(len(seeds))}
        return EvaluationResult(
            policy=policy,
            provenance={},
            config_id=config.config_id,
            explore=False,
            seeds=tuple(seeds),
            days=2.0,
            agents=2,
            kpis={name: estimate(values) for name, values in figures.items()},
            per_seed={name: tuple(values.tolist()) for name, values in figures.items()},
            timing={"seconds": 0.1},
        )

    monkeypatch.setattr(promotion, "evaluate", evaluate)
    rewards["asked"] = asked  # type: ignore[assignment]
    return rewards


@pytest.fixture
def train(toy, toy_config, services_of, learner, tmp_path: Path):
    """Train from these settings up to the result, evaluated."""

    def go(mode: str, out: str = "run", *, resume: bool = False, **changes: object):
        training = toy_config.training.model_copy(update={"evaluate": True, **changes})
        config = toy_config.model_copy(update={"training": training})
        harness = TrainingHarness(
            config,
            mode,
            out=tmp_path / "runs" / out,
            resume=resume,
            engines=lambda config, seeds, threads: toy.ToyEngine(seeds),
        )
        services_of(config)
        return harness.train()

    return go


def test_a_clone_that_does_well_may_be_promoted(train, reward, tmp_path: Path) -> None:
    result = train("bc")
    assert result.passed
    assert result.candidate.candidate
    assert result.candidate.gate.reasons[0].startswith("reward: better than scripted")
    (first, second) = [seeds for policy, seeds in reward["asked"] if policy == "scripted"]
    assert not set(first) & set(second), "each evaluation is on further towns"
    with Registry(tmp_path / "runs") as registry:
        assert [one.gate["passed"] for one in registry.evaluations()] == [True, True]
        PromotionManager(registry).promote(result.checkpoint)


@pytest.mark.parametrize(("mode", "why"), [("bc", "is below the threshold"), ("anneal", "FAIL: held-out accuracy")])
def test_what_its_own_training_failed_is_no_candidate_however_it_does(
    train, reward, learner, tmp_path: Path, mode: str, why: str
) -> None:
    learner.clumsy = True
    result = train(mode)
    assert result.candidate.passed, "it did well in the towns"
    assert not result.candidate.candidate
    assert why in result.candidate.objections[0]
    with Registry(tmp_path / "runs") as registry:
        manager = PromotionManager(registry)
        assert manager.candidates() == []
        with pytest.raises(RegistryError, match="its training raised objections") as refused:
            manager.promote(result.checkpoint)
        assert why in str(refused.value)
        decision = manager.promote(result.checkpoint, force=True, reason="for the demo on Friday")
        assert decision.reason == "forced: for the demo on Friday"


def test_a_hold_blocks_as_a_fail_does(train, reward, toy_config, monkeypatch) -> None:
    from townlet.training.strategies import anneal

    monkeypatch.setattr(anneal, "drift_flags", lambda *_: ("conflicts rose",))
    stages = toy_config.training.anneal.stages
    ending = (stages[0], stages[-1].model_copy(update={"epochs": 2}))
    result = train("anneal", anneal=toy_config.training.anneal.model_copy(update={"stages": ending}))
    assert result.verdict == "HOLD"
    assert not result.candidate.candidate
    assert "conflicts rose" in result.candidate.objections[0]


def test_its_objections_are_kept_where_nothing_is_evaluated(train, reward, learner, tmp_path: Path) -> None:
    learner.clumsy = True
    result = train("bc", evaluate=False)
    assert result.candidate is None
    with Registry(tmp_path / "runs") as registry:
        (checkpoint,) = registry.checkpoints()
        assert "is below the threshold" in checkpoint.objections[0]


def test_a_dead_town_is_not_passed_and_not_evaluated_twice(train, reward) -> None:
    reward["mine"] = -7.4
    result = train("bc")
    assert not result.candidate.passed
    assert result.candidate.gate.reasons[0].startswith("reward is worse: -7.4 against 0.5")
    assert len(reward["asked"]) == 2, "teacher and candidate, once"


def test_a_run_that_is_resumed_when_it_is_done_keeps_its_judgement(train, reward) -> None:
    result = train("bc")
    asked = len(reward["asked"])
    again = train("bc", resume=True)
    assert again.candidate == result.candidate
    assert len(reward["asked"]) == asked
