"""How policies are named."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from townlet.errors import UsageError
from townlet.minds import policy_names
from townlet.minds.policy_names import BackendChoice, MixtureChoice, ReleaseChoice, parse_policy


@pytest.fixture(autouse=True)
def installed(monkeypatch):
    rows = (SimpleNamespace(distribution="Acme_Minds", name="ants"), SimpleNamespace(distribution="x", name="scripted"))
    monkeypatch.setattr(policy_names, "scan", lambda: rows)


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("scripted", BackendChoice("scripted", "scripted")),
        (" stub ", BackendChoice("stub", "stub")),
        ("release", ReleaseChoice()),
        ("pytorch:runs/a", BackendChoice("pytorch:runs/a", "pytorch", Path("runs/a"))),
        ("pytorch:C:/runs/a", BackendChoice("pytorch:C:/runs/a", "pytorch", Path("C:/runs/a"))),
        ("acme-minds:ants", BackendChoice("acme-minds:ants", "acme-minds:ants")),
        ("acme-minds:ants:here", BackendChoice("acme-minds:ants:here", "acme-minds:ants", Path("here"))),
        (
            "mixture:scripted, pytorch:runs/a,b , 0.25",
            MixtureChoice(
                "mixture:scripted, pytorch:runs/a,b , 0.25",
                BackendChoice("scripted", "scripted"),
                BackendChoice("pytorch:runs/a,b", "pytorch", Path("runs/a,b")),
                0.25,
            ),
        ),
        (
            "mixture:stub,release,1",
            MixtureChoice("mixture:stub,release,1", BackendChoice("stub", "stub"), ReleaseChoice(), 1.0),
        ),
    ],
)
def test_forms(text, choice):
    assert parse_policy(text) == choice


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no policy is named"),
        (":runs/a", "no policy is named"),
        ("pytorch:", "ends where a checkpoint folder should follow"),
        ("stub:runs/a", "'stub' takes no checkpoint"),
        ("release:runs/a", "'release' takes no checkpoint"),
        ("mixture", "needs two policies and a ratio"),
        ("mixture:a,b", "needs two policies and a ratio"),
        ("mixture:a,,0.5", "needs two policies and a ratio"),
        ("mixture:a,b,half", "from 0 to 1, found 'half'"),
        ("mixture:a,b,1.5", "from 0 to 1, found '1.5'"),
        ("mixture:a,b,nan", "from 0 to 1, found 'nan'"),
        ("mixture:a,mixture:b,c,0.5,0.5", "cannot be part of a mixture"),
    ],
)
def test_errors_say_what_was_found(text, message):
    with pytest.raises(UsageError, match=message) as caught:
        parse_policy(text, where="--backend")
    assert caught.value.where == "--backend"
    assert caught.value.exit_code == 2
