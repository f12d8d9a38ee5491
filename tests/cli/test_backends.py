"""``townlet backends``: documented keys, exit codes, and what each subcommand must not import."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from townlet.cli.entry import main

ROW = {
    "name", "state", "why", "distribution", "version", "qualified", "entry_point", "contract", "summary", "aliases",
    "capabilities", "needs", "warnings",
}  # fmt: skip


@pytest.fixture
def townlet(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run ``townlet backends WORDS...``; exit code, stdout, stderr."""
    for variable in ("ONLY_BACKENDS", "DISABLE_BACKENDS", "ALLOW_LOCAL_BACKENDS"):
        monkeypatch.delenv(f"TOWNLET_{variable}", raising=False)

    def run(*words: str) -> tuple[int, str, str]:
        code = main(["backends", *words])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_list_keys(townlet: Any) -> None:
    code, out, err = townlet("list", "--json")
    document = json.loads(out)
    assert (code, err) == (0, "")
    assert list(document) == [
        "schema", "source", "core", "contract", "backends", "not_installed", "lists", "warnings",
    ]  # fmt: skip
    assert document["schema"] == 1
    assert document["source"] == "metadata"
    for row in document["backends"]:
        assert set(row) == ROW
    assert "scripted" in {row["name"] for row in document["backends"]}


def test_list_shows_what_a_flag_would_block(townlet: Any) -> None:
    code, out, _ = townlet("list", "--disable-backend", "scripted")
    (line,) = [line for line in out.splitlines() if line.startswith("scripted ")]
    assert code == 0
    assert line.split()[1] == "blocked"
    assert line.endswith("switched off by --disable-backend")


def test_list_has_columns(townlet: Any) -> None:
    _, out, _ = townlet("list")
    assert out.split("\n")[0].split() == ["name", "state", "distribution", "contract", "needs", "why"]


def test_info_keys(townlet: Any) -> None:
    code, out, err = townlet("info", "scripted", "--json")
    document = json.loads(out)
    assert (code, err) == (0, "")
    assert list(document) == ["schema", "asked", "backends"]
    (row,) = document["backends"]
    assert set(row) == ROW | {"deterministic", "devices", "links", "provenance", "options", "options_problem"}
    assert set(row["provenance"]) == {"location", "editable", "manifest", "manifest_digest"}
    assert set(row["options"][0]) == {"name", "type", "required", "default", "description"}


def test_info_in_words(townlet: Any) -> None:
    code, out, _ = townlet("info", "scripted")
    assert code == 0
    assert "options (policy.options.NAME):" in out
    assert all(
        option["description"]
        for option in json.loads(townlet("info", "scripted", "--json")[1])["backends"][0]["options"]
    )


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("info", "stub"), 2, "error: 'stub' is built in"),
        (("info", "scriptd"), 2, "did you mean 'scripted'?"),
        (("info", "galaxy-brain"), 3, "error: policy backend 'galaxy-brain' is not installed"),
        (("doctor", "galaxy-brain"), 3, "error: policy backend 'galaxy-brain' is not installed"),
        (("list", "--disable-backend", "scriptd"), 2, "error: --disable-backend names an unknown policy backend"),
        (("lsit",), 2, "did you mean 'list'?"),
        (("info",), 2, "error: missing argument 'NAME'"),
        (("doctor", "--timeout", "0"), 2, "error: invalid value for '--timeout'"),
    ],
)
def test_refusals(townlet: Any, words: tuple[str, ...], code: int, message: str) -> None:
    found, out, err = townlet(*words)
    assert (found, out) == (code, "")
    assert message in err
    assert "Traceback" not in err


@pytest.mark.slow
def test_doctor_keys(townlet: Any) -> None:
    code, out, _ = townlet("doctor", "scripted", "--json")
    document = json.loads(out)
    assert code == 0
    assert list(document) == ["schema", "source", "healthy", "backends", "findings", "settings", "system"]
    (row,) = document["backends"]
    assert set(row) == ROW | {
        "probed", "phase", "problem", "import_seconds", "create_seconds", "memory_mib", "changes", "output",
    }  # fmt: skip
    assert (row["state"], row["phase"]) == ("ready", "close")
    assert set(document["settings"]) == {
        "TOWNLET_ONLY_BACKENDS",
        "TOWNLET_DISABLE_BACKENDS",
        "TOWNLET_ALLOW_LOCAL_BACKENDS",
        "TOWNLET_DISABLE_PLUGINS",
    }


@pytest.mark.parametrize(
    ("words", "unwanted"),
    [
        (["list"], ["numpy", "numba", "pydantic", "pluggy", "torch", "townlet_backend_scripted"]),
        (["list", "--json"], ["numpy", "numba", "pydantic", "pluggy", "torch", "townlet_backend_scripted"]),
        (["list", "--help"], ["numpy", "pydantic", "importlib_metadata"]),
        (["--help"], ["numpy", "pydantic", "importlib_metadata"]),
        (["info", "scripted"], ["numba", "torch", "townlet_backend_scripted.plugin"]),
    ],
)
def test_imports(words: list[str], unwanted: list[str]) -> None:
    code = (
        "import sys; from townlet.cli.entry import main; code = main(['backends', *sys.argv[1:]])\n"
        f"bad = [m for m in {unwanted!r} if m in sys.modules]\n"
        "sys.exit(f'{code} {bad}' if code or bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
