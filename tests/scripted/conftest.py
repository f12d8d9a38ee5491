"""Scenes: what one agent sees, told in the features' own names."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from townlet.api import ObservationBatch, ObservationSpec
from townlet.config import TownletConfig
from townlet.observations import build_spec
from townlet.world.names import ACTIONS as ACTION_NAMES
from townlet.world.names import FACILITY_KINDS as KIND_NAMES
from townlet_backend_scripted import ScriptedOptions, ScriptedPolicy

SPEC = build_spec(TownletConfig.model_validate({"observation": {"variant": "compact"}}))
WAYS = ("north", "east", "south", "west")

CONTENT = {
    "need_hunger": 1.0,
    "need_energy": 1.0,
    "need_hygiene": 1.0,
    "wallet": 0.5,
    "groceries": 0.4,
    "meals": 0.4,
    "doing_none": 1.0,
    "power": 1.0,
    "water": 1.0,
    "extroversion": -1.0,
    **{f"{kind}_distance": 0.5 for kind in KIND_NAMES},
    **{f"{kind}_east": 1.0 for kind in KIND_NAMES},
    "bench_queue": 1.0,
}
"""Somebody who wants nothing: fed, clean, awake, with 50 coins, everything eight steps to the east."""


class Scene:
    """One row. ``Scene(need_hunger=0.3, mask="wait east")`` changes what is said and leaves the rest content."""

    def __init__(self, mask: str = " ".join(ACTION_NAMES), **features: float) -> None:
        self.features = {**CONTENT, **features}
        self.mask = mask.split()


def gather(scenes: list[Scene]) -> ObservationBatch:
    batch = ObservationBatch.empty(SPEC, len(scenes))
    batch.active[:] = True
    for row, scene in enumerate(scenes):
        for name, value in scene.features.items():
            batch.features[row, SPEC.feature_index(name)] = value
        batch.action_mask[row] = [action in scene.mask for action in ACTION_NAMES]
    return batch


@pytest.fixture
def spec() -> ObservationSpec:
    return SPEC


@pytest.fixture
def scene() -> type[Scene]:
    return Scene


@pytest.fixture
def observe() -> Callable[[list[Scene]], ObservationBatch]:
    return gather


@pytest.fixture
def mind() -> ScriptedPolicy:
    return ScriptedPolicy(SPEC, ScriptedOptions(preset="classic"))


@pytest.fixture
def does(observe):
    """``does(scene, **options) -> (rule, action)``, with round thresholds (``classic``) that no search moves."""

    def ask(one: Scene, **options: float) -> tuple[str, str]:
        policy = ScriptedPolicy(SPEC, ScriptedOptions(**{"preset": "classic", **options}))
        batch = observe([one])
        decision = policy.decide(batch, policy.initial_state(1, 0))
        return policy.rules_of(batch)[0], ACTION_NAMES[int(decision.actions[0])]

    return ask
