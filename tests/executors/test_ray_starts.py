"""The little of Ray that every lane runs: it starts, plays a job and ends, also in the oldest version declared."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import replace

import pytest

from townlet.config.execution import ExecutionConfig
from townlet.executors import open_executor
from townlet.executors.connecting import need_ray
from townlet.play import play

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs Ray, the extra townlet-core[ray]"),
    pytest.mark.ray,
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]


def test_one_worker_gives_what_this_process_gives(job):
    small = replace(job, seeds=(3, 4), ticks=50)
    with open_executor(ExecutionConfig(executor="ray", workers=1), say=lambda _: None) as executor:
        (there,) = executor.map([small])
        assert list(executor.apply(os.path.abspath, ["."])) == [os.sep], "a folder that is there: compiling needs one"
    here = play(small)
    assert (there.kpis.agent_sums == here.kpis.agent_sums).all()
    assert (there.players == here.players).all()
    assert not need_ray().is_initialized()
