"""Rollouts that take more memory than there is are refused before a run begins."""

from __future__ import annotations

import pytest

from townlet.errors import ConfigError
from townlet.rollout import memory
from townlet.training.run.run import Run


@pytest.fixture
def small_machine(monkeypatch):
    monkeypatch.setattr(memory, "machine_bytes", lambda: 2**12)


@pytest.mark.usefixtures("learner", "small_machine")
@pytest.mark.parametrize("mode", ["ppo", "rollout", "mixed", "anneal"])
def test_no_folder_is_left_of_it(services, toy_config, tmp_path, mode):
    with pytest.raises(ConfigError, match="a rollout of 32 ticks of 32 agents takes"):
        Run.begin(toy_config, mode, out=tmp_path / "run", services=services)
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("small_machine")
@pytest.mark.parametrize("mode", ["bc", "replay"])
def test_who_gathers_nothing_needs_no_room(services, mode):
    services.rollout.refuse_what_does_not_fit(mode)
