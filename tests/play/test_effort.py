"""What jobs take is told before they are played."""

from __future__ import annotations

import pytest

from townlet.config import load_config
from townlet.errors import UsageError
from townlet.play import Cast, Job, MindSpec
from townlet.play.effort import Effort, LongWorkWarning, refuse_endless

CONFIG = load_config(None, ["town.map=hamlet"])


def jobs(towns: int, ticks: int, count: int = 1) -> list[Job]:
    cast = Cast.of(MindSpec(requested="stub", backend="stub"))
    return [Job(CONFIG, cast, tuple(range(towns)), ticks)] * count


def test_agent_steps_time_and_memory_of_all_jobs_together() -> None:
    day = CONFIG.town.time.day_ticks
    effort = Effort.of(jobs(10, 2 * day, 3))
    assert (effort.towns, effort.days) == (30, 2.0)
    agents = effort.steps / (30 * 2 * day)
    assert agents == 4
    assert effort.seconds == effort.steps / 1e6
    assert effort.memory > 30 * 12 * 12 * 4
    assert Effort.of(jobs(10, 2 * day, 3), workers=4).seconds == effort.seconds / 4


def test_more_than_a_year_is_refused_with_what_to_lower() -> None:
    with pytest.raises(UsageError) as refused:
        refuse_endless(jobs(100_000, 10**9))
    assert str(refused.value) == (
        "100,000 towns of 1e+06 days are 4.0e+14 agent-steps, which take 13 years or more\n"
        "  ask for fewer towns or days:  --seeds 32 --days 5  is what most comparisons need"
    )
    with pytest.warns(LongWorkWarning, match=r"which take 5 days or more"):
        refuse_endless(jobs(100_000, 10**9), workers=1000)


def test_results_larger_than_the_memory_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("townlet.play.effort.machine_bytes", lambda: 1 << 20)
    with pytest.raises(UsageError, match="the results of 5,000 towns take"):
        refuse_endless(jobs(5000, 10))
    monkeypatch.setattr("townlet.play.effort.machine_bytes", lambda: None)
    refuse_endless(jobs(5000, 10))
