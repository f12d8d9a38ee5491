"""Which backend learns: never another one than was meant."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from townlet.config import load_config
from townlet.errors import BackendLoadError, ConfigError, UsageError
from townlet.training.learner import choice
from townlet.training.learner.choice import learner_name, learner_options, refuse_options_of_nobody

REAL = choice.installed

LEARNS = {"ants", "acme-minds:ants", "pytorch"}
ACTS = {"scripted", "bees"}


@pytest.fixture(autouse=True)
def backends(monkeypatch):
    """``ants`` of ``acme-minds`` learns, ``bees`` and ``scripted`` do not; nothing else is installed."""

    def installed(name):
        name = name.lower().replace("_", "-")
        if name not in LEARNS | ACTS:
            return None
        capabilities = ("act", "learn.ppo") if name in LEARNS else ("act",)
        bare = name.rpartition(":")[2]
        return SimpleNamespace(name=bare, qualified=f"x:{bare}", manifest=SimpleNamespace(capabilities=capabilities))

    monkeypatch.setattr(choice, "installed", installed)


def config(backend, *more):
    return load_config(None, [f"policy.backend={backend}", *more])


@pytest.mark.parametrize(
    ("backend", "learner"),
    [
        ("ants", "ants"),
        ("Ants", "Ants"),
        ("ants:runs/x", "ants"),
        ("pytorch:runs/x", "pytorch"),
        ("scripted", "pytorch"),
        ("stub", "pytorch"),
        ("bees", "pytorch"),
        ("wasps", "wasps"),
        ("wasps:runs/x", "wasps"),
    ],
)
def test_the_policys_backend_learns_if_it_can(backend, learner):
    assert learner_name(config(backend)) == learner


@pytest.mark.parametrize("backend", ["release", "mixture:ants,stub,0.5"])
def test_what_names_no_learner_is_refused(backend):
    with pytest.raises(UsageError, match="does not say which backend learns") as caught:
        learner_name(config(backend))
    assert "training.backend" in caught.value.details[0]
    assert learner_name(config(backend, "training.backend=ants")) == "ants"


def test_options_go_with_the_backend_in_any_spelling():
    options = "policy.options={a: 1}"
    assert learner_options(config("ants:runs/x", options, "training.options={b: 2}")) == {"a": 1, "b": 2}
    assert learner_options(config("Ants", options, "training.backend=ants")) == {"a": 1}
    assert learner_options(config("scripted", options)) == {}


class TestOptionsOfNobody:
    """Options of the policy that it does not take are refused before anything is learned."""

    def test_the_key_of_the_learner_is_named(self, monkeypatch):
        monkeypatch.setattr(choice, "installed", REAL)
        with pytest.raises(
            ConfigError, match=r"policy.options.hiden is not an option of policy backend 'scripted'"
        ) as caught:
            refuse_options_of_nobody(load_config(None, ["training.backend=ants", "policy.options.hiden=3"]))
        assert "options of the learner 'ants' are training.options" in str(caught.value)

    @pytest.mark.parametrize(
        "more", [[], ["policy.options.eat_below=0.5"], ["policy.backend=ants", "policy.options.hiden=3"]]
    )
    def test_others_pass(self, more, monkeypatch):
        monkeypatch.setattr(choice, "installed", REAL)
        refuse_options_of_nobody(load_config(None, ["training.backend=ants", *more]))


@pytest.mark.parametrize(
    ("mode", "lacks"), [("bc", "learn.bc"), ("anneal", "learn.bc"), ("rollout", None), ("mixed", None)]
)
def test_who_does_not_claim_to_learn_so_is_refused_before_work_begins(mode, lacks):
    told = SimpleNamespace(capabilities=("act", "learn.ppo"), notes=("the capability 'learn.bbc' is not known",))
    if lacks is None:
        choice.refuse_unclaimed("ants", told, mode)
        return
    with pytest.raises(BackendLoadError, match=f"does not claim '{lacks}'") as caught:
        choice.refuse_unclaimed("ants", told, mode)
    assert "'learn.bbc' is not known" in str(caught.value)
