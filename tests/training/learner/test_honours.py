"""What a learner does not honour is refused by name before work begins, and never left out in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from townlet.api import BCSettings, PPOSettings
from townlet.config import load_config
from townlet.errors import ConfigError
from townlet.plugins.manifest import ManifestError, parse_backend_manifest
from townlet.training import Run, TrainingHarness
from townlet.training.learner.honours import asked_settings, left_out, refuse_unhonoured, unhonoured

MANIFEST = """
schema = 1
name = "toy"
api = ">=1,<2"
capabilities = ["act", "learn.bc", "learn.ppo"]
"""


def manifest(honours: str = ""):
    return parse_backend_manifest((MANIFEST + honours).encode(), expected_name="toy")


def listed(*without: str) -> str:
    kept = {kind: [n for n in model.model_fields if n not in without] for kind, model in
            (("bc", BCSettings), ("ppo", PPOSettings))}  # fmt: skip
    return f"[honours]\nbc = {kept['bc']}\nppo = {kept['ppo']}\n"


def refuse(overrides: list[str], mode: str, *without: str) -> str | None:
    missing = unhonoured(manifest(listed(*without)), object())  # type: ignore[arg-type]
    refuse_unhonoured(load_config(None, overrides), mode, missing, backend="toy")
    return left_out(mode, missing, backend="toy")


@pytest.mark.parametrize(
    ("overrides", "mode", "setting", "key"),
    [
        (["training.ppo.settings.clip_range=0.1"], "rollout", "clip_range", "training.ppo.settings.clip_range"),
        (["training.ppo.settings.target_kl=0.5"], "ppo", "target_kl", "training.ppo.settings.target_kl"),
        (["training.ppo.learning_rate.start=0.1"], "rollout", "learning_rate", "training.ppo.learning_rate"),
        (["training.ppo.entropy.start=0.1"], "rollout", "entropy_coefficient", "training.ppo.entropy"),
        (["training.bc.settings.weight_decay=0.1"], "bc", "weight_decay", "training.bc.settings.weight_decay"),
        ([], "mixed", "bc_coefficient", "training.ppo.bc_weight"),
        ([], "anneal", "kl_coefficient", "training.ppo.reference_kl"),
        ([], "anneal", "train_policy", "training.ppo.critic_warmup"),
        (["training.ppo.initial=somewhere"], "rollout", "kl_coefficient", "training.ppo.reference_kl"),
    ],
)
def test_what_is_asked_and_not_honoured_is_refused_with_its_place(overrides, mode, setting, key) -> None:
    with pytest.raises(ConfigError) as caught:
        refuse(overrides, mode, setting)
    text = str(caught.value)
    assert f"policy backend 'toy' does not honour {setting}" in text
    assert f"({key})" in text
    assert caught.value.exit_code == 2
    assert refuse(overrides, mode) is None, "a learner that honours it is not refused"


@pytest.mark.parametrize(
    ("overrides", "mode", "setting"),
    [
        ([], "rollout", "clip_range"),  # nobody wrote it
        ([], "rollout", "kl_coefficient"),  # nothing was cloned
        ([], "rollout", "bc_coefficient"),
        (["training.ppo.settings.clip_range=0.2"], "rollout", "clip_range"),  # written, and the default
        (["training.ppo.reference_kl.start=0", "training.ppo.reference_kl.end=0"], "anneal", "kl_coefficient"),
        (["training.ppo.settings.clip_range=0.1"], "bc", "clip_range"),
    ],
)
def test_what_is_not_asked_is_noted_and_not_refused(overrides, mode, setting) -> None:
    note = refuse(overrides, mode, setting)
    if mode != "bc":
        assert setting in note


def test_a_manifest_that_does_not_say_is_not_held_to_anything() -> None:
    assert unhonoured(manifest(), object()) == {}  # type: ignore[arg-type]
    assert unhonoured(None, object()) == {}  # type: ignore[arg-type]


def test_a_kind_that_is_not_listed_is_not_honoured_at_all() -> None:
    missing = unhonoured(manifest('[honours]\nbc = ["epochs"]\n'), object())  # type: ignore[arg-type]
    assert ("ppo", "learning_rate") in missing
    assert ("bc", "epochs") not in missing


@pytest.mark.parametrize("wrong", ["honours = 3", "[honours]\nbc = 3", "[honours]\nppo = [1]"])
def test_a_table_of_another_kind_is_a_fault_of_the_manifest(wrong: str) -> None:
    with pytest.raises(ManifestError, match="honours"):
        manifest(wrong)


def test_the_pytorch_learner_says_that_it_honours_everything() -> None:
    """Read from the sources: the distribution need not be installed where this is asked."""
    package = Path(__file__).parents[3] / "townlet-backend-pytorch" / "src" / "townlet_backend_pytorch"
    (file,) = package.glob("*.toml")
    pytorch = parse_backend_manifest(file.read_bytes(), expected_name="pytorch")
    assert pytorch.honoured("bc") == set(BCSettings.model_fields)
    assert pytorch.honoured("ppo") == set(PPOSettings.model_fields)


def test_only_known_settings_are_asked_for() -> None:
    config = load_config(None, ["training.ppo.initial=somewhere", "training.ppo.entropy.start=1"])
    names = {"bc": set(BCSettings.model_fields), "ppo": set(PPOSettings.model_fields)}
    for mode in ("bc", "ppo", "anneal", "replay", "rollout", "mixed"):
        for asked in asked_settings(config, mode):
            assert asked.setting in names[asked.kind]


def test_it_is_refused_before_there_is_a_run(toy_config, services, learner, tmp_path: Path) -> None:
    learner.unhonoured = lambda kind: {"learning_rate": "it has a step size of its own"} if kind == "ppo" else {}
    harness = TrainingHarness(toy_config, "rollout", out=tmp_path / "run", engines=services.rollout._engines)
    with pytest.raises(ConfigError, match="learning_rate of ppo: it has a step size of its own"):
        harness.train()
    assert not (tmp_path / "run").exists()


def test_what_is_left_at_a_default_is_in_the_provenance(toy_config, services, learner, tmp_path: Path) -> None:
    learner.unhonoured = lambda kind: {"clip_range": "it does not clip"} if kind == "ppo" else {}
    harness = TrainingHarness(toy_config, "rollout", out=tmp_path / "run", engines=services.rollout._engines)
    assert any("ppo.clip_range" in warning for warning in harness.run.provenance.warnings)
    harness.run.close()


def test_a_run_goes_on_with_the_defaults_that_its_learner_does_not_honour(
    toy_config, services, learner, tmp_path: Path
) -> None:
    """A config that was read back sets every key, so defaults looked like wishes, and the run could not be resumed."""
    schedule = {"learning_rate", "entropy"}
    ppo = toy_config.training.ppo.model_copy(update={"updates": 2})
    ppo = type(ppo).model_validate(ppo.model_dump(exclude=schedule))
    config = toy_config.model_copy(update={"training": toy_config.training.model_copy(update={"ppo": ppo})})
    learner.unhonoured = lambda kind: {"learning_rate": "it has a step size of its own"} if kind == "ppo" else {}
    with Run.begin(config, "rollout", out=tmp_path / "run", services=services) as run:
        before = run.provenance.warnings
    with Run.resume(tmp_path / "run", services=services) as run:
        assert run.provenance.warnings == before
        assert any("ppo.learning_rate" in warning for warning in before)
