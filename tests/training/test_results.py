"""What training hands back: golden JSON, published schemas, refused nonsense."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from townlet.api import BCMetrics, PPOMetrics
from townlet.training import results
from townlet.training.results import (
    AnnealStageResult,
    AnnealSummary,
    BCTrainingResult,
    CandidateResult,
    PPOTrainingResult,
    ReplaySummary,
    RolloutSummary,
    TrainingResult,
)

GOLDEN = Path(__file__).with_name("golden")

BC = BCTrainingResult(
    status="completed",
    metrics=BCMetrics(
        epochs=3,
        samples=3000,
        seconds=1.5,
        train_loss=0.2,
        loss=0.25,
        accuracy=0.96,
        majority_accuracy=0.6,
        action_accuracy={"wait": 0.99, "use": 0.9},
        action_counts={"wait": 60, "use": 40},
    ),
    accuracy_threshold=0.9,
    passed=True,
    transitions=1000,
    fingerprint="b" * 64,
    checkpoint="runs/bc-001/checkpoints/s001-u00000000",
    seconds=2.5,
)
PPO = PPOTrainingResult(
    status="interrupted",
    data="mixed",
    updates=7,
    samples=7000,
    initial_fingerprint="b" * 64,
    fingerprint="c" * 64,
    reward_first=-0.001,
    reward_last=0.0005,
    metrics=PPOMetrics(
        samples=1000,
        seconds=0.5,
        policy_loss=-0.01,
        value_loss=0.2,
        entropy=0.7,
        total_loss=0.1,
        clip_fraction=0.1,
        approx_kl=0.01,
        grad_norm=0.3,
        grad_norm_max=0.6,
        advantage_mean=0.0,
        advantage_std=0.1,
        explained_variance=0.8,
        epochs_done=4.0,
        learning_rate=0.0003,
    ),
    baselines={"loss": 0.09, "queue_conflicts": 1.5, "reward_mean": 0.0005},
    social_stage="C1",
    checkpoint="runs/ppo-001/checkpoints/s000-u00000007",
    seconds=9.5,
)
STAGE = AnnealStageResult(
    stage=1,
    cycle=2,
    mode="ppo",
    social_stage="C1",
    bc_weight=0.5,
    teacher_ratio=0.0,
    verdict="HOLD",
    flags=("queue_conflicts rose from 1 to 2, by 100%; the limit is 15%",),
    baseline={"queue_conflicts": 1.0},
    current={"queue_conflicts": 2.0},
    initial_fingerprint="b" * 64,
    fingerprint="c" * 64,
    checkpoint="runs/anneal-001/checkpoints/s002-u00000000",
    ppo=PPO,
)
EXAMPLES: dict[str, BaseModel] = {
    "bc": BC,
    "ppo": PPO,
    "anneal": AnnealSummary(
        status="completed",
        verdict="HOLD",
        stages=(STAGE,),
        fingerprint="c" * 64,
        checkpoint="runs/anneal-001/checkpoints/s002-u00000000",
        seconds=12.0,
        candidate=CandidateResult(
            seeds=8, metrics={"reward": 0.9}, passed=True, passes=2, required_passes=2, candidate=True
        ),
    ),
    "rollout": RolloutSummary(
        dataset="runs/rollout", policy="scripted", worlds=8, ticks=100, transitions=6400, reward_mean=0.001
    ),
    "replay": ReplaySummary(dataset="runs/rollout", batches=7, transitions=6400, baselines={"reward_mean": 0.001}),
}


@pytest.mark.parametrize("kind", EXAMPLES)
def test_the_json_is_what_it_was(kind: str) -> None:
    golden = json.loads((GOLDEN / f"{kind}.json").read_text())
    assert json.loads(EXAMPLES[kind].model_dump_json()) == golden
    assert type(EXAMPLES[kind]).model_validate(golden) == EXAMPLES[kind]


@pytest.mark.parametrize("kind", EXAMPLES)
def test_the_schema_is_what_it_was(kind: str) -> None:
    schema = type(EXAMPLES[kind]).model_json_schema(mode="serialization")
    assert schema == json.loads((GOLDEN / f"{kind}.schema.json").read_text())


@pytest.mark.parametrize("kind", EXAMPLES)
def test_results_are_frozen_and_closed(kind: str) -> None:
    example = EXAMPLES[kind]
    assert example.model_dump()["schema_version"] == results.RESULT_SCHEMA
    assert example.model_dump()["kind"] == kind
    with pytest.raises(ValidationError):
        example.schema_version = 2  # type: ignore[attr-defined]
    with pytest.raises(ValidationError):
        type(example).model_validate({**example.model_dump(), "surprise": 1})


@pytest.mark.parametrize("kind", ["bc", "ppo", "anneal"])
def test_a_result_is_told_by_its_kind(kind: str) -> None:
    assert TypeAdapter(TrainingResult).validate_json(EXAMPLES[kind].model_dump_json()) == EXAMPLES[kind]


def test_numbers_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ValidationError):
        PPOTrainingResult.model_validate({**PPO.model_dump(), "reward_last": float("nan")})


def test_the_page_is_what_the_code_generates() -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "training_results.md"
    assert page.read_text(encoding="utf-8") == results.results_reference(), "run: python docs/generate_metrics.py"
