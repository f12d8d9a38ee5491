"""The doors: importable without PyTorch, the backend's own objects with it."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from townlet.errors import TorchNotAvailableError
from townlet.plugins import torch_available
from townlet.policy.doors import Door, open_doors

DOORS = {
    "townlet.policy.models": ["ConflictAwarePolicyConfig", "ConflictAwarePolicyNetwork"],
    "townlet.policy.bc": [
        "BCTrainer",
        "BCTrainingConfig",
        "BCTrajectoryDataset",
        "evaluate_bc_policy",
        "load_bc_samples",
    ],
    "townlet.policy.ppo.utils": [
        "clipped_value_loss",
        "compute_gae",
        "policy_surrogate",
        "value_baseline_from_old_preds",
    ],
}
NAMES = [(module, name) for module, names in DOORS.items() for name in names]


@pytest.mark.parametrize("module", DOORS)
def test_all_names_the_doors(module: str) -> None:
    exported = importlib.import_module(module).__all__
    assert set(DOORS[module]) <= set(exported)
    assert list(exported) == sorted(exported)


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_without_torch_a_placeholder_refuses_to_be_used(
    module: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("townlet.policy.models.torch_available", lambda: False)
    # As where the backend is not installed, whatever was imported before.
    loaded = [each for each in sys.modules if each.split(".")[0] == "townlet_backend_pytorch"]
    for each in {*loaded, "townlet_backend_pytorch"}:
        monkeypatch.setitem(sys.modules, each, None)
    stand_in = getattr(importlib.import_module(module), name)
    assert isinstance(stand_in, type)
    assert not isinstance(3, stand_in)
    with pytest.raises(TorchNotAvailableError, match="PyTorch is required for") as caught:
        stand_in(1, size=2)
    assert name in str(caught.value)
    assert "pip install townlet-backend-pytorch" in str(caught.value)


@pytest.mark.torch
@pytest.mark.skipif(not torch_available(), reason="needs PyTorch")
@pytest.mark.parametrize(("module", "name"), NAMES)
def test_with_torch_the_backends_own_object(module: str, name: str) -> None:
    opened = getattr(importlib.import_module(module), name)
    assert opened.__module__.startswith("townlet_backend_pytorch")


def test_a_placeholder_is_the_same_each_time() -> None:
    look_up = open_doors("here", {"Thing": Door("nowhere_at_all.module:Thing", "a thing")}, lambda: True)
    assert look_up("Thing") is look_up("Thing")
    assert look_up("Thing").__name__ == "Thing"


def test_another_name_is_an_attribute_error() -> None:
    look_up = open_doors("here", {}, lambda: True)
    with pytest.raises(AttributeError, match="'here' has no attribute 'missing'"):
        look_up("missing")


def test_something_missing_inside_the_owner_is_not_hidden(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "half_there.py").write_text("import a_module_that_is_not_there\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    look_up = open_doors("here", {"Thing": Door("half_there:Thing", "a thing")}, lambda: True)
    with pytest.raises(ModuleNotFoundError, match="a_module_that_is_not_there"):
        look_up("Thing")


def test_importing_the_doors_imports_no_torch() -> None:
    doors = ", ".join([*DOORS, "townlet.policy.training.services"])
    code = f"import sys\nimport {doors}\nsys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("room", ["training", "training.services", "training.strategies"])
def test_the_doors_of_training_hand_on_what_the_room_has(room: str) -> None:
    door, home = importlib.import_module(f"townlet.policy.{room}"), importlib.import_module(f"townlet.{room}")
    assert sorted({*door.__all__} - {"TrainingContext"}) == sorted(home.__all__)
    assert [name for name in home.__all__ if getattr(door, name) is not getattr(home, name)] == []


def test_a_training_context_is_a_run() -> None:
    from townlet import training
    from townlet.policy.training import TrainingContext

    assert TrainingContext is training.Run


def test_the_doors_of_minds_open_when_they_are_used() -> None:
    from townlet import minds, policy

    assert {"MixturePolicy", "Pilot", "PolicyRuntime", "StubPolicy", "parse_policy"} <= set(policy.__all__)
    handed_on = set(policy.__all__) & set(minds.__all__)
    assert [name for name in handed_on if getattr(policy, name) is not getattr(minds, name)] == []
    assert [name for name in policy.__all__ if not callable(getattr(policy, name))] == []
    with pytest.raises(AttributeError, match="no attribute 'Nobody'"):
        policy.Nobody  # noqa: B018
