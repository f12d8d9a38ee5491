"""The toy world and learner in the place of towns and backends."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from townlet.plugins.provenance import Provenance


def _load_toy():
    name = "townlet_training_toy"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name("toy.py"))
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


toy_module = _load_toy()


@pytest.fixture
def toy():
    """The module with the toy world, learner and teacher."""
    return toy_module


@pytest.fixture
def learner(toy, monkeypatch: pytest.MonkeyPatch):
    """The learner that every run of the test gets: one object, so that a test can look into it."""
    from townlet.plugins import ResolvedLearner
    from townlet.training.learner import choice

    made = toy.ToyLearner()

    def open_toy(self, spec, checkpoint=None):
        if checkpoint is not None:
            made.load(checkpoint)
        return ResolvedLearner(made, Provenance(requested="toy", active="toy"))

    monkeypatch.setattr(choice.LearnerChoice, "open", open_toy)
    monkeypatch.setattr(choice, "needs_torch", lambda name: False)
    return made


@pytest.fixture
def toy_config():
    """Small numbers everywhere."""
    from townlet.config import load_config

    return load_config(
        None,
        [
            "training.backend=toy",
            "training.evaluate=false",
            "training.ppo.updates=20",
            "training.ppo.rollout.worlds=4",
            "training.ppo.rollout.ticks=32",
            "training.ppo.rollout.episode_ticks=100",
            "training.ppo.rollout.groups=1",
            "training.ppo.critic_warmup=15",
            "training.ppo.learning_rate.start=0.1",
            "training.ppo.learning_rate.end=0.05",
            "training.checkpoints.every=5",
            "training.demonstrations.worlds=4",
            "training.demonstrations.ticks=64",
            "training.bc.settings.batch_size=64",
            "training.bc.settings.epochs=5",
        ],
    )


@pytest.fixture
def services_of(toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """From a config to services over the toy world, with the toy teacher as whatever teacher is configured."""
    from townlet.minds import Part
    from townlet.play import Admission
    from townlet.training import TrainingServices

    told = Provenance(requested="toy-teacher", active="toy-teacher")
    opened, teacher = Admission.open, Part(toy.ToyTeacher(), told)

    def open_teacher(self, mind, spec, **rest):
        return teacher if mind.backend == "scripted" else opened(self, mind, spec, **rest)

    monkeypatch.setattr(Admission, "open", open_teacher)
    return lambda config: TrainingServices.from_config(
        config, runs=tmp_path / "runs", engines=lambda config, seeds, threads: toy.ToyEngine(seeds)
    )


@pytest.fixture
def services(services_of, toy_config):
    """The services for ``toy_config``."""
    return services_of(toy_config)
