"""Townlet in fresh environments: alone, with the default mind, with a backend whose framework is missing, whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.wheels
RUN = ("run", "--ticks", "3", "--seed", "1")
PYTORCH_MISSING = (
    "policy backend 'pytorch' is not installed  (--backend pytorch)\n"
    "  installed backends: {installed}\n"
    "  install it with:  pip install townlet-backend-pytorch\n"
    "  or run without it: set policy.backend to '{instead}'\n"
)
TORCH_MISSING = (
    "policy backend 'pytorch' cannot start: PyTorch (torch>=2.4) is not installed  (--backend pytorch)\n"
    "  backend: townlet-backend-pytorch 0.1.0\n"
    '  install it with:  pip install "torch>=2.4"\n'
)
STRICT = ("--set", "policy.on_missing=error")


class TestCoreAlone:
    def test_it_is_really_alone(self, core_alone: Any) -> None:
        code = "import importlib.util as u; print([m for m in ('torch', 'townlet_backend_scripted') if u.find_spec(m)])"
        assert core_alone.run([str(core_alone.python), "-c", code]).stdout == "[]\n"

    def test_list(self, core_alone: Any) -> None:
        done = core_alone.townlet("backends", "list")
        assert done.returncode == 0
        assert done.stderr == ""
        assert done.stdout.splitlines()[2:] == [
            "stub  present  townlet-core 0.1.0         1         everyone waits",
            "not installed: scripted  (pip install townlet-backend-scripted)",
            "not installed: pytorch  (pip install townlet-backend-pytorch)",
            "not installed: mlp  (pip install townlet-backend-scripted)",
            "Read from metadata alone; `townlet backends doctor` tries them out.",
        ]

    def test_doctor(self, core_alone: Any) -> None:
        assert core_alone.json("backends", "doctor")["backends"] == []

    @pytest.mark.parametrize("words", [("backends", "info", "scripted"), ("backends", "doctor", "scripted")])
    def test_asking_for_one_that_is_not_there(self, core_alone: Any, words: tuple[str, ...]) -> None:
        done = core_alone.townlet(*words)
        assert (done.returncode, done.stdout) == (3, "")
        assert done.stderr.startswith("error: policy backend 'scripted' is not installed\n")

    def test_run_falls_back_visibly(self, core_alone: Any) -> None:
        policy = core_alone.json(*RUN)["policy"]
        assert (policy["requested"], policy["active"]) == ("scripted", "stub")
        assert "'scripted' is not installed" in policy["reason"]
        assert "warning" in core_alone.townlet(*RUN).stderr

    def test_run_strictly(self, core_alone: Any) -> None:
        done = core_alone.townlet(*RUN, *STRICT, "--backend", "pytorch")
        assert (done.returncode, done.stdout) == (3, "")
        assert done.stderr == "error: " + PYTORCH_MISSING.format(installed="none", instead="stub")

    def test_misspelt(self, core_alone: Any) -> None:
        done = core_alone.townlet(*RUN, "--backend", "scriptd")
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == (
            "error: there is no policy backend 'scriptd'  (--backend scriptd)\n"
            "  did you mean 'scripted'?\n"
            "  installed backends: none\n"
        )


class TestCoreAndScripted:
    def test_list(self, core_and_scripted: Any) -> None:
        assert core_and_scripted.states() == {
            "townlet-backend-scripted:mlp": "present",
            "townlet-backend-scripted:scripted": "present",
        }

    def test_info(self, core_and_scripted: Any) -> None:
        (row,) = core_and_scripted.json("backends", "info", "rules")["backends"]
        assert row["provenance"]["editable"] is False
        assert row["capabilities"] == ["act"]
        assert {option["name"] for option in row["options"]} >= {"patience", "social_appetite"}

    def test_doctor(self, core_and_scripted: Any) -> None:
        document = core_and_scripted.json("backends", "doctor")
        mlp, row = document["backends"]
        assert document["healthy"] is True
        assert (row["state"], row["phase"], row["problem"], row["changes"]) == ("ready", "close", None, [])
        assert (mlp["state"], mlp["phase"], mlp["problem"], mlp["changes"]) == ("ready", "options", None, [])

    def test_run(self, core_and_scripted: Any) -> None:
        policy = core_and_scripted.json(*RUN, *STRICT)["policy"]
        assert (policy["active"], policy["reason"]) == ("scripted", None)
        assert (policy["distribution"], policy["version"]) == ("townlet-backend-scripted", "0.1.0")
        assert len(policy["manifest_digest"]) == 64

    def test_misspelt_option(self, core_and_scripted: Any) -> None:
        done = core_and_scripted.townlet(*RUN, "--set", "policy.options.patiance=4")
        assert done.returncode == 2
        assert "policy.options.patiance is not an option of policy backend 'scripted'" in done.stderr
        assert "did you mean 'patience'?" in done.stderr
        assert "Traceback" not in done.stderr

    def test_lists(self, core_and_scripted: Any) -> None:
        blocked = core_and_scripted.townlet(*RUN, *STRICT, TOWNLET_DISABLE_BACKENDS="scripted")
        assert blocked.returncode == 3
        assert blocked.stderr.startswith("error: policy backend 'scripted' is blocked by TOWNLET_DISABLE_BACKENDS")
        states = core_and_scripted.states(TOWNLET_ONLY_BACKENDS="pytorch")
        assert states == {
            "townlet-backend-scripted:mlp": "blocked",
            "townlet-backend-scripted:scripted": "blocked",
        }

    @pytest.mark.parametrize("variable", ["TOWNLET_ONLY_BACKENDS", "TOWNLET_DISABLE_BACKENDS"])
    @pytest.mark.parametrize("words", [RUN, ("backends", "list"), ("backends", "info", "scripted")])
    def test_misspelt_list(self, core_and_scripted: Any, variable: str, words: tuple[str, ...]) -> None:
        done = core_and_scripted.townlet(*words, **{variable: "scripted,pytroch"})
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"error: {variable} names an unknown policy backend: 'pytroch'")
        assert "did you mean 'pytorch'?" in done.stderr

    def test_doctor_reports_a_misspelt_list(self, core_and_scripted: Any) -> None:
        document = core_and_scripted.json("backends", "doctor", TOWNLET_DISABLE_BACKENDS="pytroch")
        assert document["findings"] == [
            "TOWNLET_DISABLE_BACKENDS names an unknown policy backend: 'pytroch' did you mean 'pytorch'?"
        ]
        assert document["settings"]["TOWNLET_DISABLE_BACKENDS"] == "pytroch"

    def test_misspelt_flag(self, core_and_scripted: Any) -> None:
        done = core_and_scripted.townlet(*RUN, "--disable-backend", "scriptd")
        assert done.returncode == 2
        assert "did you mean 'scripted'?" in done.stderr


class TestWithoutTorch:
    def test_list(self, without_torch: Any) -> None:
        assert without_torch.states() == {
            "townlet-backend-pytorch:pytorch": "declared",
            "townlet-backend-scripted:mlp": "present",
            "townlet-backend-scripted:scripted": "present",
        }

    def test_info_shows_the_options_all_the_same(self, without_torch: Any) -> None:
        (row,) = without_torch.json("backends", "info", "torch")["backends"]
        assert row["needs"] == [{"requirement": "torch>=2.4", "installed": None, "fits": False}]
        assert row["options_problem"] is None
        assert "device" in {option["name"] for option in row["options"]}

    def test_doctor(self, without_torch: Any) -> None:
        everything = without_torch.json("backends", "doctor")
        assert {row["name"]: row["state"] for row in everything["backends"]} == {
            "mlp": "ready",
            "pytorch": "declared",
            "scripted": "ready",
        }
        assert everything["healthy"] is True
        assert without_torch.townlet("backends", "doctor", "pytorch").returncode == 3

    def test_run_strictly(self, without_torch: Any) -> None:
        done = without_torch.townlet(*RUN, *STRICT, "--backend", "pytorch")
        assert (done.returncode, done.stdout, done.stderr) == (3, "", f"error: {TORCH_MISSING}")

    def test_run_falls_back_visibly(self, without_torch: Any) -> None:
        done = without_torch.townlet(*RUN, "--backend", "pytorch")
        assert done.returncode == 0
        assert "PyTorch (torch>=2.4) is not installed" in done.stderr
        policy = without_torch.json(*RUN, "--backend", "pytorch")["policy"]
        assert (policy["requested"], policy["active"]) == ("pytorch", "stub")

    def test_the_others_work(self, without_torch: Any) -> None:
        assert without_torch.json(*RUN, *STRICT)["policy"]["active"] == "scripted"

    def test_wrong_options_are_refused_before_torch_is_missed(self, without_torch: Any) -> None:
        code = "from townlet.plugins import validate_options; validate_options('pytorch', {'devise': 'cpu'})"
        done = without_torch.run([str(without_torch.python), "-c", code])
        assert "did you mean 'device'?" in done.stderr


@pytest.mark.slow
@pytest.mark.torch
class TestWhole:
    def test_list(self, with_torch: Any) -> None:
        assert set(with_torch.states().values()) == {"present"}

    def test_doctor(self, with_torch: Any) -> None:
        document = with_torch.json("backends", "doctor")
        assert {row["name"]: row["state"] for row in document["backends"]} == dict.fromkeys(
            ("mlp", "pytorch", "scripted"), "ready"
        )
        assert document["healthy"] is True

    def test_run(self, with_torch: Any) -> None:
        policy = with_torch.json(*RUN, *STRICT, "--backend", "torch", "--untrained")["policy"]
        assert policy["active"] == "pytorch"
        assert policy["reason"].startswith("untrained")
        assert policy["requires"]["torch"].startswith("2.")


def test_uninstalling_is_noticed(
    tmp_path: Path, environment: Callable[..., Any], core_and_scripted: Any, zoo_wheels: Mapping[str, Path]
) -> None:
    changing = environment("changing", further=[zoo_wheels["good"]])
    assert changing.states() == {"zoo-good:good": "present"}
    changing.uninstall("zoo-good")
    assert changing.states() == {}
    assert changing.townlet(*RUN, *STRICT, "--backend", "good").returncode == 3


class TestCurrentDirectory:
    """A path with the current directory on it brings whatever lies there; ``python -m townlet`` takes it off."""

    @pytest.fixture
    def trap(self, tmp_path: Path) -> Path:
        info = tmp_path / "trap-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: trap\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[townlet.backends]\ntrap = trap\nscripted = trap\n")
        (tmp_path / "trap.py").write_text("raise SystemExit('imported')\n")
        return tmp_path

    def test_refused(self, core_and_scripted: Any, trap: Path) -> None:
        run, path = [str(core_and_scripted.script), *RUN, *STRICT], {"PYTHONPATH": str(trap)}
        good = core_and_scripted.run(run, path, cwd=trap)
        assert good.returncode == 0, good.stderr
        bad = core_and_scripted.run([*run, "--backend", "trap"], path, cwd=trap)
        assert bad.returncode == 3
        assert bad.stderr == (
            "error: policy backend 'trap' is refused: its metadata lies in the current directory  (--backend trap)\n"
            f"  found: trap 1.0 in {trap}\n"
            "  if you trust it:  TOWNLET_ALLOW_LOCAL_BACKENDS=1\n"
            "  or start townlet from another directory, or install the distribution\n"
        )

    def test_listed_with_the_reason(self, core_and_scripted: Any, trap: Path) -> None:
        listing = [str(core_and_scripted.script), "backends", "list"]
        done = core_and_scripted.run(listing, {"PYTHONPATH": str(trap)}, cwd=trap)
        (line,) = [line for line in done.stdout.splitlines() if line.startswith("trap ")]
        assert "blocked" in line
        assert "its metadata lies in the current directory" in line

    def test_not_even_seen_without_such_a_path(self, core_and_scripted: Any, trap: Path) -> None:
        for start in ([str(core_and_scripted.script)], [str(core_and_scripted.python), "-m", "townlet"]):
            done = core_and_scripted.run([*start, "backends", "list"], cwd=trap)
            assert "scripted" in done.stdout
            assert "trap" not in done.stdout

    def test_allowed(self, core_and_scripted: Any, trap: Path) -> None:
        run = [str(core_and_scripted.script), *RUN, *STRICT, "--backend", "trap"]
        done = core_and_scripted.run(run, {"TOWNLET_ALLOW_LOCAL_BACKENDS": "1", "PYTHONPATH": str(trap)}, cwd=trap)
        assert done.returncode == 3
        assert "it called sys.exit('imported')" in done.stderr
