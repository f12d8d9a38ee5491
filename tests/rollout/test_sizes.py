"""Sizes are looked at before the work: what a rollout takes, and what there is."""

from __future__ import annotations

import pytest

from townlet.api import ObservationSpec, RolloutArrays
from townlet.errors import ConfigError
from townlet.rollout import RolloutBuffer
from townlet.rollout.memory import rollout_bytes
from townlet.storage import machine_bytes

SPEC = ObservationSpec.of_names(
    "tiny", channels=("wall", "agents"), map_size=(5, 5), features=("a", "b", "c"), actions=("wait", "use")
)


def test_what_a_rollout_takes_is_what_its_arrays_take() -> None:
    arrays = RolloutArrays.empty(SPEC, 20, 30)
    named = {name: getattr(arrays, name) for name in RolloutArrays.__dataclass_fields__}
    taken = sum(array.nbytes for array in {id(array): array for array in named.values()}.values())
    assert rollout_bytes(SPEC, 20, 30) == pytest.approx(taken, rel=0.1)


def test_one_that_is_larger_than_the_machine_is_refused_with_what_to_lower(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("townlet.rollout.memory.machine_bytes", lambda: 1 << 30)
    with pytest.raises(ConfigError) as caught:
        RolloutBuffer(SPEC, 4096, 4096 * 8)
    said = str(caught.value)
    assert "GiB of memory; this machine has 1.0 GiB" in said
    assert "lower worlds or ticks" in said
    assert "training.ppo.rollout" in said


def test_one_that_fits_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("townlet.rollout.memory.machine_bytes", lambda: 1 << 20)
    assert RolloutBuffer(SPEC, 4, 8).rows == 8


def test_where_the_memory_is_not_known_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("townlet.rollout.memory.machine_bytes", lambda: None)
    assert RolloutBuffer(SPEC, 4, 8).rows == 8


def test_this_machine_has_some_or_does_not_say() -> None:
    found = machine_bytes()
    assert found is None or found > 1 << 26
