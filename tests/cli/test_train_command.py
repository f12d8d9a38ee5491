"""``townlet train`` as a user runs it, on the smallest town."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from townlet.checkpoints import resolve_checkpoint
from townlet.errors import UsageError
from townlet.plugins import torch_available
from townlet.training import TrainingServices

NEEDS_TORCH = pytest.mark.skipif(not torch_available(), reason="needs PyTorch and the pytorch backend")
TINY = [
    "town.map=hamlet",
    "training.options.hidden=[32, 32]",
    "training.options.map_width=16",
    "training.options.threads=1",
    "training.demonstrations.worlds=2",
    "training.demonstrations.ticks=200",
    "training.bc.settings.epochs=2",
    "training.bc.accuracy_threshold=0.1",
    "training.ppo.updates=4",
    "training.ppo.rollout.worlds=2",
    "training.ppo.rollout.ticks=32",
    "training.checkpoints.every=2",
    "evaluation.seeds=1",
    "evaluation.days=0.1",
]
SETTINGS = [word for value in TINY for word in ("--set", value)]


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("mode", "purpose"), [("bc", "behaviour cloning"), ("ppo", "PPO training"), ("anneal", "anneal training")]
)
def test_without_torch_it_says_what_to_install_and_leaves_nothing(
    townlet, tmp_path: Path, monkeypatch, mode: str, purpose: str
) -> None:
    monkeypatch.setattr("townlet.policy.models.torch_available", lambda: False)
    outcome = townlet("train", "--mode", mode, "--out", "run")
    assert outcome.code == 3
    assert f"PyTorch is required for {purpose}" in outcome.err
    assert "pip install townlet-backend-pytorch" in outcome.err
    assert "Traceback" not in outcome.err
    assert outcome.out == ""
    assert list(tmp_path.iterdir()) == []


def test_help_has_an_example_and_the_keys(townlet) -> None:
    outcome = townlet("train", "--help")
    assert outcome.code == 0
    assert "Example:  townlet train" in outcome.out
    assert "JSON keys: run, mode, config_id, learner" in outcome.out


@pytest.mark.parametrize("word", ["--mode=magic", "--resume=nowhere"])
def test_what_was_typed_wrongly(townlet, word: str) -> None:
    assert townlet("train", word).code == 2


def test_a_run_that_is_not_there_is_answered_with_the_one_that_was_meant(townlet) -> None:
    for folder in ("runs/first", "runs/data"):
        Path(folder).mkdir(parents=True)
    Path("runs/first/run.json").write_text("{}")
    outcome = townlet("train", "--resume", "runs/frist")
    assert outcome.err.splitlines() == [
        "error: there is no run to resume  (runs/frist)",
        "  a run is the folder that `townlet train` wrote, such as the one given to --out",
        f"  did you mean {str(Path('runs/first'))!r}?",
    ]


def test_a_resumed_run_takes_no_config(townlet) -> None:
    outcome = townlet("train", "--resume", "run", "--mode", "bc", "--seed", "3")
    assert outcome.code == 2
    assert "leave out --seed, --mode" in outcome.err


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("training.ppo.settings.gamma=1.5", "training.ppo.settings.gamma"),
        ("training.ppo.rollout.worlds=0", "training.ppo.rollout.worlds"),
        ("training.ppo.learning_rate.start=-1", "training.ppo.learning_rate.start"),
        ("training.bc.settings.epochs=0", "training.bc.settings.epochs"),
        ('training.anneal.stages=[{"cycle": 0, "mode": "ppo"}]', "the first stage must clone"),
        ("training.anneal.stages=[]", "training.anneal.stages"),
        pytest.param(
            "training.options.hiden=[8]",
            "training.options.hiden is not an option",
            marks=[pytest.mark.torch, NEEDS_TORCH],
        ),
    ],
)
def test_hyper_parameters_out_of_range_are_named(townlet, setting: str, said: str) -> None:
    outcome = townlet("train", "--mode", "ppo", "--set", setting)
    assert outcome.code == 2
    assert said in outcome.err


def test_a_port_without_a_page_is_refused(townlet) -> None:
    outcome = townlet("train", "--port", "8000")
    assert outcome.code == 2
    assert "--port needs --browser" in outcome.err


def test_a_page_without_its_extra_is_refused_before_anything_is_made(townlet, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("townlet.viewer.live.door.find_spec", lambda name: None)
    outcome = townlet("train", "--browser", "--out", "run")
    assert outcome.code == 2
    assert "pip install 'townlet-core[web]'" in outcome.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.torch
@NEEDS_TORCH
def test_with_a_page_it_says_where_and_trains_as_without(townlet, tmp_path: Path) -> None:
    pytest.importorskip("uvicorn", reason="needs the extra web")
    outcomes = [
        townlet("train", "--mode", "ppo", *SETTINGS, "--set", "training.evaluate=false", "--out", folder, *more)
        for folder, more in (("alone", ()), ("watched", ("--browser",)))
    ]
    assert [outcome.code for outcome in outcomes] == [0, 0]
    assert "open this address to watch:  http://127.0.0.1:" in outcomes[1].err
    found = [json.loads((tmp_path / name / "result.json").read_text())["fingerprint"] for name in ("alone", "watched")]
    assert found[0] == found[1]


@pytest.mark.torch
@NEEDS_TORCH
def test_clone_then_learn_then_act(townlet, tmp_path: Path) -> None:
    cloned = townlet("train", "--mode", "bc", "--out", "runs/bc", "--json", *SETTINGS)
    assert cloned.code == 0, cloned.err
    document = json.loads(cloned.out)
    assert list(document) == ["run", "mode", "config_id", "learner", "result", "warnings"]
    assert document["result"]["kind"] == "bc"
    assert document["result"] == json.loads(Path("runs/bc/result.json").read_text())
    assert document["result"]["candidate"]["seeds"] == 1

    learned = townlet("train", "--mode", "ppo", "--initial", "runs/bc", "--out", "runs/ppo", "--json", *SETTINGS)
    assert learned.code == 0, learned.err
    result = json.loads(learned.out)["result"]
    assert result["initial_fingerprint"] == document["result"]["fingerprint"]
    assert result["updates"] == 4

    best = resolve_checkpoint(Path("runs/ppo/checkpoints/best"))
    assert str(best) == result["checkpoint"]
    acting = [
        "run",
        "--backend",
        "pytorch:runs/ppo/checkpoints/best",
        "--set",
        "town.map=hamlet",
        "--ticks",
        "20",
        "--json",
    ]
    ran = townlet(*acting)
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["policy"]["fingerprint"] == result["fingerprint"]

    again = townlet("train", "--resume", "runs/ppo", "--json")
    assert again.code == 0, again.err
    assert json.loads(again.out)["result"]["fingerprint"] == result["fingerprint"]


@pytest.mark.parametrize(
    ("words", "runs"),
    [
        (["--out", "far/away/clone"], "runs"),
        (["--out", "far/away/clone", "--runs", "mine"], "mine"),
        ([], "runs"),
    ],
)
def test_the_registry_is_where_every_other_command_looks(townlet, monkeypatch, words: list[str], runs: str) -> None:
    """Wherever ``--out`` lies: else ``townlet runs list`` would not know of it."""
    asked: list[Path] = []

    def begin(config: object, mode: str, *, services: TrainingServices, **rest: object) -> None:
        asked.append(services.runs)
        raise UsageError("enough")

    monkeypatch.setattr("townlet.training.Run.begin", begin)
    assert townlet("train", *words, *SETTINGS).code == 2
    assert asked == [Path(runs)]


@pytest.mark.torch
@NEEDS_TORCH
def test_a_run_with_a_folder_of_its_own_is_known_to_the_commands_after_it(townlet) -> None:
    assert townlet("train", "--mode", "bc", "--out", "clone", "--quiet", *SETTINGS).code == 0
    (run,) = json.loads(townlet("runs", "list", "--json").out)["runs"]
    assert Path(run["folder"]) == Path("clone").resolve()
    played = townlet(
        "evaluate", "--policy", "pytorch:clone", "--set", "town.map=hamlet", "--seeds", "1", "--days", "0.02"
    )
    assert played.code == 0, played.err
    assert townlet("promote", "clone", "--force", "--reason", "a test").code == 0
    assert "clone" in json.loads(townlet("releases", "--json").out)["release"]["path"]
    assert sorted(path.name for path in Path().iterdir()) == ["clone", "runs"]


@pytest.mark.torch
@NEEDS_TORCH
def test_people_get_lines_and_the_next_command(townlet) -> None:
    outcome = townlet("train", "--mode", "mixed", "--out", "runs/x", "--set", "training.evaluate=false", *SETTINGS)
    assert outcome.code == 0, outcome.err
    assert "mixed training in runs/x: completed" in outcome.out
    assert "--backend pytorch:runs/x" in outcome.out
    assert "learning from reward 4/4  reward" in outcome.err
    assert "samples/s" in outcome.err


@pytest.mark.torch
@NEEDS_TORCH
def test_what_it_is_at_is_told_phase_by_phase(townlet, monkeypatch) -> None:
    monkeypatch.setenv("TOWNLET_DISABLE_PLUGINS", "tensorboard")  # its thread outlives the folder of the test
    outcome = townlet("train", "--mode", "bc", "--out", "runs/x", *SETTINGS)
    assert outcome.code == 0, outcome.err
    told = [line.partition("  ")[0] for line in outcome.err.splitlines() if not line.startswith("warning")]
    assert told == [
        "writing to runs/x: bc training of pytorch on cpu",
        "recording scripted",
        "cloning",
        "cloning 2/2",
        "evaluating the teacher (scripted)",
        "evaluating the candidate",
    ]
    assert "candidate  teacher" in outcome.out, "the gate's table is not shown after training"


@pytest.mark.torch
@NEEDS_TORCH
def test_on_a_terminal_of_80_columns_the_phase_its_count_and_the_time_left_are_there(tmp_path: Path) -> None:
    terminal = pytest.importorskip("tests.cli.terminal")
    words = ["train", "--mode", "bc", "--out", "runs/x", "--set", "training.evaluate=false", *SETTINGS]
    words += ["--set", "training.demonstrations.ticks=40000"]
    with terminal.opened(*words, folder=tmp_path) as window:
        window.wait_for("starting pytorch")
        window.wait_for("writing to runs/x: bc training of pytorch on cpu")
        window.wait_for("/40,000 ticks")
        line = next(line for line in window.lines() if line.startswith("recording scripted ━"))
        while " left" not in line:
            assert window.read(), "it ended before it told how long it would take"
            line = next((line for line in window.lines() if line.startswith("recording scripted ━")), line)
        assert len(line) <= 80
        assert window.end() == 0
        assert "cloning 2/2  loss " in window.text()


@pytest.mark.torch
@NEEDS_TORCH
def test_a_folder_with_something_in_it_is_refused(townlet) -> None:
    Path("mine").mkdir()
    Path("mine/thesis.txt").write_text("years")
    outcome = townlet("train", "--mode", "ppo", "--out", "mine", *SETTINGS)
    assert outcome.code == 2
    assert "choose another folder:  --out FOLDER" in outcome.err
    assert Path("mine/thesis.txt").read_text() == "years"


@pytest.mark.torch
@NEEDS_TORCH
def test_a_device_that_is_not_there(townlet) -> None:
    outcome = townlet("train", "--mode", "ppo", "--out", "x", "--set", "training.options.device=cuda:7", *SETTINGS)
    assert outcome.code in (2, 3)
    assert "cuda:7" in outcome.err
    assert not Path("x").exists()
