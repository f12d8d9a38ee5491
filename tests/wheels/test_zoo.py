"""A dozen third-party backends installed side by side, most of them wrong: none disturbs the others or the tool."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.wheels
RUN = ("run", "--ticks", "2", "--seed", "1", "--set", "policy.on_missing=error")
STATES = {
    "townlet-backend-scripted:mlp": "present",
    "townlet-backend-scripted:scripted": "present",
    "zoo-bare:bare": "present",
    "zoo-crashes:crashes": "present",
    "zoo-exits:exits": "present",
    "zoo-future:future": "incompatible",
    "zoo-garbled:garbled": "broken",
    "zoo-good:good": "present",
    "zoo-hangs:hangs": "present",
    "zoo-hungry:hungry": "declared",
    "zoo-loud:loud": "present",
    "zoo-raises:raises": "present",
    "zoo-twin-a:twin": "conflicting",
    "zoo-twin-b:twin": "conflicting",
}
REFUSALS = {
    "raises": (
        "error: policy backend 'raises' failed to load: an error in its own code  (--backend raises)\n"
        "  ValueError: the moon is in the wrong phase\n"
        "  at: zoo_raises/plugin.py:2, in prepare\n"
        "  failing package: zoo-raises 1.0.0\n"
        "  report it to:  https://example.org/raises/issues\n"
        "  next:  townlet backends doctor raises\n"
    ),
    "exits": (
        "error: policy backend 'exits' failed to load: it called sys.exit(5)  (--backend exits)\n"
        "  at: zoo_exits/plugin.py:3, in <module>\n"
        "  failing package: zoo-exits 1.0.0\n"
        "  next:  townlet backends doctor exits\n"
    ),
    "future": (
        "error: policy backend 'future' serves contract >=2,<3, but this townlet-core speaks contract 1"
        "  (--backend future)\n"
        "  backend: zoo-future 2.0.0\n"
        "  use a newer core:  pip install --upgrade townlet-core\n"
        '  or an older backend:  pip install "zoo-future<2.0.0"\n'
    ),
    "twin": (
        "error: policy backend 'twin' is claimed by 2 distributions  (--backend twin)\n"
        "  zoo-twin-a 1.0.0: say 'zoo-twin-a:twin'\n"
        "  zoo-twin-b 2.0.0: say 'zoo-twin-b:twin'\n"
        "  or uninstall one of them:  pip uninstall zoo-twin-b\n"
    ),
    "garbled": (
        "error: policy backend 'garbled' has a broken manifest: the file is not TOML: Illegal character '\\n' "
        "(at line 2, column 16)  (--backend garbled)\n"
        "  backend: zoo-garbled 1.0.0\n"
        "  reinstall it, or tell its authors:  pip install --force-reinstall zoo-garbled\n"
        "  next:  townlet backends doctor garbled\n"
    ),
    "hungry": (
        "error: policy backend 'hungry' cannot start: zoo-food>=2 is not installed  (--backend hungry)\n"
        "  backend: zoo-hungry 1.0.0\n"
        '  install it with:  pip install "zoo-food>=2"\n'
    ),
}


def test_list(zoo: Any) -> None:
    done = zoo.townlet("backends", "list")
    assert (done.returncode, done.stderr) == (0, "")
    assert zoo.states() == STATES


@pytest.mark.parametrize("name", ["good", "fine", "bare", "loud", "zoo-twin-a:twin"])
def test_run_of_the_good_ones(zoo: Any, name: str) -> None:
    done = zoo.townlet(*RUN, "--json", "--backend", name)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("{")  # the loud one speaks on stderr
    assert ("loud says hello" in done.stderr) is (name == "loud")


def test_run_is_what_it_would_be_without_the_loud_one(zoo: Any) -> None:
    loud, bare = (zoo.json(*RUN, "--backend", name) for name in ("loud", "bare"))
    assert loud["kpis"] == bare["kpis"]


@pytest.mark.parametrize(("name", "message"), list(REFUSALS.items()))
def test_run_of_the_others(zoo: Any, name: str, message: str) -> None:
    done = zoo.townlet(*RUN, "--backend", name)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == message


def test_options_of_the_good_one(zoo: Any) -> None:
    chosen = ("--set", "policy.backend=good")
    right = zoo.json(*RUN, *chosen, "--set", "policy.options.gladness=7")["policy"]
    assert (right["options"], right["fingerprint"]) == ({"gladness": 7}, "good-7")
    wrong = zoo.townlet(*RUN, *chosen, "--set", "policy.options.gladness=70")
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("error: policy.options.gladness: input should be less than or equal to 9")


def test_a_broken_one_can_be_blocked_and_stays_listed(zoo: Any) -> None:
    done = zoo.townlet(*RUN, "--backend", "raises", "--disable-backend", "raises")
    assert done.returncode == 3
    assert done.stderr.startswith("error: policy backend 'raises' is blocked by --disable-backend")
    assert zoo.states(TOWNLET_DISABLE_BACKENDS="raises,zoo-twin-b") == {
        **STATES,
        "zoo-raises:raises": "blocked",
        "zoo-twin-b:twin": "blocked",
    }
    assert zoo.townlet(*RUN, "--backend", "twin", TOWNLET_DISABLE_BACKENDS="zoo-twin-b").returncode == 0


def test_info(zoo: Any) -> None:
    (good,) = zoo.json("backends", "info", "good")["backends"]
    assert good["options"] == [
        {
            "name": "gladness",
            "type": "integer",
            "required": False,
            "default": 3,
            "description": "How gladly it waits.",
        }
    ]
    assert good["links"] == {"docs": "https://example.org/good"}
    twins = zoo.json("backends", "info", "twin")["backends"]
    assert [row["qualified"] for row in twins] == ["zoo-twin-a:twin", "zoo-twin-b:twin"]
    for name in ("bare", "raises", "exits", "hangs", "future", "garbled", "hungry"):
        done = zoo.townlet("backends", "info", name)
        assert (done.returncode, done.stderr) == (0, ""), name


def test_doctor(zoo: Any) -> None:
    document = zoo.json("backends", "doctor", "--timeout", "12")
    assert document["healthy"] is False
    rows = {row["qualified"]: row for row in document["backends"]}
    assert {name: row["state"] for name, row in rows.items()} == {
        **STATES,
        **{f"zoo-{name}:{name}": "ready" for name in ("good", "bare", "loud")},
        **{f"zoo-{name}:{name}": "broken" for name in ("raises", "exits", "hangs", "crashes")},
        "townlet-backend-scripted:mlp": "ready",
        "townlet-backend-scripted:scripted": "ready",
    }
    why = {row["name"]: row["why"] for row in rows.values()}
    assert why["crashes"] == "it was killed by SIGSEGV, at plugin.py:4 in <module> in phase 'import'"
    assert why["hangs"] == "no answer within 12 s, at plugin.py:3 in <module>; it was killed in phase 'import'"
    assert why["exits"] == "policy backend 'exits' failed to load: it called sys.exit(5)"
    assert set(rows["zoo-loud:loud"]["changes"]) == {
        "it prints",
        "it changes the state of random",
        "it changes the state of numpy.random",
    }
    assert rows["zoo-loud:loud"]["output"] == "loud says hello"


def test_doctor_in_words(zoo: Any) -> None:
    done = zoo.townlet("backends", "doctor", "raises")
    assert done.returncode == 3
    assert done.stdout.startswith("```text\nname")
    assert done.stdout.endswith("```\n")
    assert "ValueError: the moon is in the wrong phase" in done.stdout
    assert "TOWNLET_DISABLE_BACKENDS = (not set)" in done.stdout
    assert zoo.townlet("backends", "doctor", "good").returncode == 0
    assert zoo.townlet("backends", "doctor", "zoo-twin-a:twin").returncode == 0


def test_the_impostor_breaks_nothing_silently(environment: Callable[..., Any], zoo_wheels: Mapping[str, Path]) -> None:
    invaded = environment("invaded", "-scripted", further=[zoo_wheels["impostor"]])
    states = invaded.states()
    assert states.pop("townlet-backend-scripted:mlp") == "present", "whose name nobody else claims"
    assert set(states.values()) == {"conflicting"}
    done = invaded.townlet(*RUN)
    assert done.returncode == 3
    assert done.stderr.startswith("error: policy backend 'scripted' is claimed by 2 distributions")
    policy = invaded.json(*RUN, "--backend", "townlet-backend-scripted:scripted")["policy"]
    assert policy["distribution"] == "townlet-backend-scripted"
    allowed = invaded.json(*RUN, TOWNLET_DISABLE_BACKENDS="zoo-impostor")["policy"]
    assert allowed["distribution"] == "townlet-backend-scripted"
    invaded.uninstall("townlet-backend-scripted")
    done = invaded.townlet(*RUN)
    assert done.returncode == 3
    assert "claimed by zoo-impostor, but the name is reserved for townlet-backend-scripted" in done.stderr


def test_duplicate_metadata_is_one_row_and_a_warning(
    environment: Callable[..., Any], zoo_wheels: Mapping[str, Path], tmp_path: Path
) -> None:
    twice = environment("twice", further=[zoo_wheels["good"]])
    (info,) = twice.folder.rglob("zoo_good-*.dist-info")
    stale = tmp_path / "stale" / "zoo_good-0.9.dist-info"
    stale.mkdir(parents=True)
    for file in ("METADATA", "entry_points.txt"):
        text = (info / file).read_text().replace("1.2.0", "0.9")
        (stale / file).write_text(text)
    (row,) = twice.json("backends", "doctor", PYTHONPATH=str(stale.parent))["backends"]
    assert (row["name"], row["state"], row["version"]) == ("good", "ready", "0.9")
    assert row["warnings"] == [
        f"zoo-good has stale metadata: zoo_good.plugin of version 1.2.0 in {info.parent.resolve()}"
    ]
