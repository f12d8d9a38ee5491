"""``townlet view``: what it writes, says and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from townlet.cli.entry import main

    base = tmp_path_factory.mktemp("viewed")
    words = [
        "run",
        "--ticks",
        "60",
        "--record",
        str(base / "town"),
        "--set",
        "town.map=hamlet",
        "--runs",
        str(base / "runs"),
    ]
    assert main(words) == 0
    return base / "town"


def test_the_page_is_named_after_the_recording(townlet, recording: Path) -> None:
    outcome = townlet("view", str(recording))
    page = recording.with_name("town-town.html")
    assert outcome.code == 0, outcome.err
    assert outcome.out == f"wrote {page} ({page.stat().st_size / 1e6:.2f} MB)\n"
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_json_keys(townlet, recording: Path, tmp_path: Path) -> None:
    outcome = townlet(
        "view", str(recording), "-o", str(tmp_path / "a.html"), "--ticks", "10:30", "--no-minds", "--json"
    )
    told = json.loads(outcome.out)
    assert told == {
        "schema_version": 1,
        "file": str(tmp_path / "a.html"),
        "bytes": (tmp_path / "a.html").stat().st_size,
        "recordings": [{"name": "town", "first": 10, "last": 30, "stride": 1, "minds": False, "notes": []}],
    }


def test_a_run_is_found_by_its_id(townlet, recording: Path, tmp_path: Path) -> None:
    runs = recording.with_name("runs")
    (run,) = json.loads(townlet("runs", "list", "--runs", str(runs), "--json").out)["runs"]
    outcome = townlet("view", run["id"], "--runs", str(runs), "-o", str(tmp_path / "b.html"))
    assert outcome.code == 0, outcome.err
    assert (tmp_path / "b.html").is_file()


def test_the_recorded_mind_is_asked_again(townlet, recording: Path, tmp_path: Path) -> None:
    outcome = townlet("view", str(recording), "--ask", "recorded", "-o", str(tmp_path / "c.html"))
    assert outcome.out.startswith("Asked again: scripted; it would have done the same in 100.0% of choices.")


def test_it_opens_the_page_where_it_is_asked_to(townlet, recording: Path, tmp_path: Path, monkeypatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("click.launch", opened.append)
    assert townlet("view", str(recording), "-o", str(tmp_path / "d e.html"), "--open").code == 0
    assert opened == [(tmp_path / "d e.html").as_uri()]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "there is no dataset here"),
        (["a", "b", "c"], "one recording or two side by side, found 3"),
        (["RECORDING", "--ticks", "5"], "--ticks takes FROM:TO, found '5'"),
        (["RECORDING", "--ticks", "70:90"], "ticks 70 to 90 were not recorded"),
        (["RECORDING", "--world", "2"], "there is no town 2"),
        (["RECORDING", "--ask", "nobody"], "nobody"),
        (["RECORDING", "-o", "RECORDING/manifest.json/page.html"], "the page cannot be written"),
    ],
)
def test_what_it_refuses(townlet, recording: Path, tmp_path: Path, words: list[str], said: str) -> None:
    named = [word.replace("RECORDING", str(recording)) for word in words]
    outcome = townlet("view", *named, "--runs", str(tmp_path))
    assert outcome.code != 0
    assert said in outcome.err
    assert "Traceback" not in outcome.err
