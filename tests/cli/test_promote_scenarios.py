"""A release may have to do as expected in named situations before it is one."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from townlet.arena.promoting import promote_checkpoint
from townlet.checkpoints import write_checkpoint
from townlet.cli.app import townlet
from townlet.config import config_digest, load_config
from townlet.errors import RegistryError, UsageError
from townlet.observations import build_spec
from townlet.registry import PromotionManager, Registry

pytestmark = [pytest.mark.torch, pytest.mark.slow]


@pytest.fixture
def untrained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkpoint of a network that has learned nothing, and passed anyway."""
    from townlet.plugins import resolve_learner

    monkeypatch.chdir(tmp_path)
    config = load_config()
    spec = build_spec(config)
    learner = resolve_learner("pytorch", spec=spec, seed=1).learner
    folder = tmp_path / "runs" / "checkpoint"
    write_checkpoint(folder, learner.save, backend="pytorch", spec=spec, config_digest=config_digest(config))
    with Registry("runs") as registry:
        for number in range(2):
            PromotionManager(registry).record_evaluation(
                folder, passed=True, metrics={"reward": 1.0}, settings={"seeds": [number]}
            )
    return folder


def promote(folder: Path, *words: str) -> BaseException | None:
    return CliRunner().invoke(townlet, ["promote", str(folder), *words]).exception


def test_what_misses_an_expectation_is_not_promoted(untrained: Path) -> None:
    required = ("--set", "evaluation.required_scenarios=[one-shower-for-eight]")
    refusal = promote(untrained, *required)
    assert isinstance(refusal, RegistryError)
    assert "fails scenarios" in str(refusal)
    assert "one-shower-for-eight: attendance is" in str(refusal)


def test_from_python_the_same_is_checked(untrained: Path) -> None:
    with pytest.raises(RegistryError, match="fails scenarios"):
        promote_checkpoint(untrained, overrides=["evaluation.required_scenarios=[one-shower-for-eight]"])
    assert promote_checkpoint(untrained, reason="a test").action == "promote", "nothing is demanded here"


def test_force_promotes_it_all_the_same(untrained: Path) -> None:
    assert (
        promote(
            untrained, "--set", "evaluation.required_scenarios=[one-shower-for-eight]", "--force", "--reason", "a test"
        )
        is None
    )


def test_a_scenario_that_does_not_exist_is_named(untrained: Path) -> None:
    refusal = promote(untrained, "--set", "evaluation.required_scenarios=[nowhere]")
    assert isinstance(refusal, UsageError)
    assert "there is no scenario 'nowhere'" in str(refusal)
