"""``townlet backends check`` and ``townlet backends new``, as a user types them."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from townlet.cli.entry import main
from townlet.testing import ALL_CHECKS, run_checks
from townlet.testing.site import isolated_site

QUICK = ("packaging", "hygiene", "protocol")
FORGETFUL = """
from townlet.plugins import StubPolicy, hookimpl


class Forgetful(StubPolicy):
    def close(self):
        if vars(self).setdefault("closed", False):
            raise RuntimeError("closed already")
        self.closed = True


@hookimpl
def townlet_create_policy(request):
    return Forgetful()
"""
CLOSES_TWICE = "protocol.close-may-be-called-twice"


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


@pytest.fixture
def townlet(capsys: pytest.CaptureFixture[str]):
    """Runs ``townlet backends WORDS...`` in this process."""

    def run(*words: str) -> Outcome:
        capsys.readouterr()
        code = main(["backends", *words])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """An isolated site, and the quick checks alone."""
    quick = tuple(check for check in ALL_CHECKS if check.name.startswith(QUICK))
    monkeypatch.setitem(run_checks.__kwdefaults__, "checks", quick)
    with isolated_site(tmp_path / "site") as made:
        made.add_backend("tame")
        made.add_backend("forgetful", FORGETFUL)
        yield made


class TestCheck:
    def test_one_that_conforms(self, townlet, site) -> None:
        done = townlet("check", "tame")
        assert done.code == 0
        assert "townlet-backend-tame 1.0: backend 'tame' conforms to contract 1" in done.out
        assert "passed           protocol.close-may-be-called-twice" in done.err

    def test_one_that_does_not(self, townlet, site) -> None:
        done = townlet("check", "forgetful")
        assert done.code == 3
        assert "failed: protocol.close-may-be-called-twice\n  rule:  close may be called twice." in done.out
        assert "found: RuntimeError: closed already" in done.out
        assert "backend 'forgetful' does not conform" in done.out

    def test_json_is_the_report_and_nothing_else(self, townlet, site) -> None:
        done = townlet("check", "forgetful", "--json")
        assert (done.code, done.err) == (3, "")
        document = json.loads(done.out)
        assert document["conforms"] is False
        assert [r["name"] for r in document["results"] if r["outcome"] == "failed"] == [CLOSES_TWICE]

    def test_the_report_is_written_where_it_is_asked_for(self, townlet, site, tmp_path: Path) -> None:
        path = tmp_path / "report.json"
        assert townlet("check", "tame", "--report", str(path)).code == 0
        document = json.loads(path.read_text())
        assert (document["conforms"], document["distribution"]) == (True, "townlet-backend-tame 1.0")
        assert all(level["floor"] <= level["ran"] for level in document["levels"])

    def test_a_report_that_could_not_be_written_is_said_before_the_work(self, townlet, site, tmp_path: Path) -> None:
        done = townlet("check", "tame", "--report", str(tmp_path / "nowhere" / "report.json"))
        assert (done.code, done.out) == (2, "")
        assert "nowhere is not a folder" in done.err

    def test_expected_failures(self, townlet, site, tmp_path: Path) -> None:
        path = tmp_path / "expected.toml"
        path.write_text(f'[expected]\n"{CLOSES_TWICE}" = "until the next release"\n')
        assert townlet("check", "forgetful", "--expected-failures", str(path)).code == 0
        strict = townlet("check", "tame", "--expected-failures", str(path))
        assert strict.code == 3
        assert "unexpected-pass" in strict.out

    def test_a_broken_file_of_expected_failures(self, townlet, site, tmp_path: Path) -> None:
        path = tmp_path / "expected.toml"
        path.write_text('[expected]\n"no.such-check" = "why"\n')
        done = townlet("check", "tame", "--expected-failures", str(path))
        assert done.code == 2
        assert "no check is named 'no.such-check'" in done.err

    def test_a_name_that_nobody_has(self, townlet, site) -> None:
        assert "did you mean 'forgetful'" in townlet("check", "forgetfull").err
        done = townlet("check", "unheard-of")
        assert (done.code, done.out) == (3, "")
        assert "policy backend 'unheard-of' is not installed" in done.err

    @pytest.mark.parametrize("name", ["stub", "Stub", "townlet-core:stub"])
    def test_the_stub_is_none_to_be_checked(self, townlet, site, name: str) -> None:
        done = townlet("check", name)
        assert (done.code, done.out) == (2, "")
        assert "did you mean" not in done.err
        assert "the stub is a part of townlet-core" in done.err

    def test_without_a_name(self, townlet) -> None:
        done = townlet("check")
        assert done.code == 2
        assert "which backend?" in done.err

    def test_one_that_would_take_the_process_with_it(self, townlet, site) -> None:
        site.add_backend("crashes", "import os\nos.abort()\n")
        done = townlet("check", "crashes")
        assert done.code == 3
        assert "failed: hygiene.the-plugin-imports" in done.out

    def test_list_says_every_rule_and_asks_nobody(self, townlet) -> None:
        done = townlet("check", "--list")
        assert done.code == 0
        for check in ALL_CHECKS:
            assert f"  {check.name}" in done.out
            assert check.rule in done.out

    def test_without_the_extra(self, townlet, monkeypatch: pytest.MonkeyPatch) -> None:
        real = importlib.util.find_spec
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "psutil" else real(name))
        done = townlet("check", "scripted")
        assert done.code == 2
        assert "the conformance kit needs psutil" in done.err
        assert 'pip install "townlet-core[testing]"' in done.err


class TestNew:
    def test_writes_and_says_what_comes_next(self, townlet, tmp_path: Path) -> None:
        done = townlet("new", "My_Mind", "--into", str(tmp_path))
        assert done.code == 0
        assert (tmp_path / "townlet-backend-my-mind" / "pyproject.toml").is_file()
        assert "townlet backends check my-mind" in done.out

    def test_json(self, townlet, tmp_path: Path) -> None:
        done = townlet("new", "mine", "--learner", "--into", str(tmp_path), "--json")
        assert json.loads(done.out) == {
            "schema_version": 1,
            "backend": "mine",
            "folder": str(tmp_path / "townlet-backend-mine"),
        }

    @pytest.mark.parametrize(("name", "message"), [("2fast", "cannot be named"), ("torch", "is taken")])
    def test_a_name_that_is_not_allowed(self, townlet, tmp_path: Path, name: str, message: str) -> None:
        done = townlet("new", name, "--into", str(tmp_path))
        assert done.code == 2
        assert message in done.err
        assert not list(tmp_path.iterdir())

    def test_a_folder_that_exists(self, townlet, tmp_path: Path) -> None:
        (tmp_path / "townlet-backend-mine").mkdir()
        done = townlet("new", "mine", "--into", str(tmp_path))
        assert done.code == 2
        assert "exists already" in done.err

    def test_into_what_is_no_folder(self, townlet, tmp_path: Path) -> None:
        done = townlet("new", "mine", "--into", str(tmp_path / "nowhere"))
        assert done.code == 2
        assert "is not a folder" in done.err


class TestPytest:
    """The other entrance, in a child process."""

    @pytest.fixture
    def asked(self, tmp_path: Path):
        (tmp_path / "test_it.py").write_text("from townlet.testing.conformance import *\n")

        def ask(*words: str) -> subprocess.CompletedProcess[str]:
            declared = entry_points(group="pytest11", name="townlet")  # lacking where the install is older than it
            shim = () if declared else ("-p", "townlet.testing.pytest_shim")
            command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *shim, *words]
            return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)

        return ask

    def test_without_the_option_nothing_is_asked(self, asked) -> None:
        assert "1 skipped" in asked().stdout

    def test_a_backend_that_is_not_there_is_an_error_in_a_line(self, asked) -> None:
        done = asked("--townlet-backend", "unheard-of")
        assert done.returncode == 4
        assert "ERROR: policy backend 'unheard-of' is not installed" in done.stderr
        assert "Traceback" not in done.stdout + done.stderr

    def test_some_of_the_checks_can_be_chosen_as_any_tests(self, asked) -> None:
        done = asked("--townlet-backend", "scripted", "-k", "packaging or hygiene")
        assert done.returncode == 0, done.stdout
        assert "11 passed" in done.stdout
