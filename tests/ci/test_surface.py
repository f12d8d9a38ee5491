"""The watched surface: what is on it, what differs, what is signed."""

from __future__ import annotations

import pytest

surface = pytest.importorskip("surface", reason="griffe is a tool of the gate", exc_type=ImportError)

SIGNED = {"what": "tick became ticks", "why": "it counts", "since": "0.2.0", "lines": ["? command townlet run --tick*"]}
BEFORE = ["command townlet run --tick N", "field A.b: int"]
AFTER = ["command townlet run --ticks N", "field A.b: int"]


@pytest.fixture(scope="module")
def now() -> list[str]:
    return list(surface.surface())


def test_nothing_differs_from_the_accepted_surface_unless_signed(capsys) -> None:
    code = surface.main([])
    said = capsys.readouterr().out
    assert code == 0, f"{said}\nsign it in {surface.SIGNED.name}, or take it back"


@pytest.mark.parametrize(
    "start",
    [
        "python townlet.api.API_VERSION",
        "python townlet.api.ObservationSpec: class(",
        "python townlet.testing.run_checks(",
        "python townlet.plugins.hooks.BackendHooks.townlet_create_policy(request: PolicyRequest)",
        "field townlet.config.policy.PolicyConfig.backend",
        "field townlet.data.manifest.DatasetManifest.",
        "field townlet.checkpoints.manifest.CheckpointManifest.",
        "command townlet run --seed",
        "command townlet backends new NAME",
    ],
)
def test_what_others_build_on_is_watched(now, start: str) -> None:
    assert any(line.startswith(start) for line in now)


def test_what_is_private_and_how_it_is_described_is_not(now) -> None:
    assert [line for line in now if "._" in line.partition("(")[0] and "__" not in line] == []
    assert [line for line in now if "description=" in line] == []


def test_what_came_and_what_went() -> None:
    assert surface.differences(BEFORE, AFTER) == [
        "- command townlet run --tick N",
        "+ command townlet run --ticks N",
    ]


def test_a_difference_that_nobody_signed_fails() -> None:
    assert surface.problems(surface.differences(BEFORE, AFTER), []) == surface.differences(BEFORE, AFTER)


def test_a_signed_difference_passes() -> None:
    signatures = surface.read_signatures({"signed": [SIGNED]})
    assert surface.problems(surface.differences(BEFORE, AFTER), signatures) == []


def test_a_signature_without_a_difference_fails() -> None:
    signatures = surface.read_signatures({"signed": [SIGNED]})
    (problem,) = surface.problems([], signatures)
    assert problem == "signed, but nothing differs: tick became ticks (? command townlet run --tick*)"


@pytest.mark.parametrize("key", ["what", "why", "since", "lines"])
def test_a_signature_says_what_why_since_when_and_which_lines(key: str) -> None:
    for wrong in ({name: value for name, value in SIGNED.items() if name != key}, {**SIGNED, key: ""}):
        with pytest.raises(ValueError, match="a signature says what, why, since, lines"):
            surface.read_signatures({"signed": [wrong]})


def test_brackets_in_a_pattern_are_themselves() -> None:
    signature = surface.Signature("", "", "", ("+ python f(x: list[int])",))
    assert signature.covers("+ python f(x: list[int])")
    assert not signature.covers("+ python f(x: listi)")
