"""Backends from outside: written by the scaffold, learning in NumPy, deployed by ONNX Runtime. All as wheels."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.wheels, pytest.mark.slow]
EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
HAMLET = ("--set", "town.map=hamlet")
_BUILD = "import os, sys; from hatchling.build import build_wheel; os.chdir(sys.argv[2]); build_wheel(sys.argv[1])"


def wheel_of(project: Path, into: Path) -> Path:
    """Build a wheel the way pip would."""
    into.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-c", _BUILD, str(into), str(project)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = into.glob("*.whl")
    return wheel


@pytest.fixture(scope="session")
def kit_dependencies(link_folder: Callable[..., Path]) -> Path:
    """What core and its extra ``testing`` need."""
    return link_folder("kit", "townlet-core", "hypothesis", "psutil")


@pytest.fixture(scope="session")
def onnx_dependencies(link_folder: Callable[..., Path]) -> Path:
    """The same with ONNX Runtime, and no PyTorch."""
    pytest.importorskip("onnxruntime")
    return link_folder("onnxruntime", "townlet-core", "hypothesis", "psutil", "onnxruntime")


class TestScaffold:
    @pytest.fixture
    def place(self, environment: Any, kit_dependencies: Path) -> Any:
        return environment("kit-env", "-scripted", base=kit_dependencies)

    @pytest.mark.parametrize(("name", "words", "checks"), [("plain", (), 37), ("quick", ("--learner",), 86)])
    def test_what_it_writes_builds_installs_and_conforms(
        self, place: Any, tmp_path: Path, name: str, words: tuple[str, ...], checks: int
    ) -> None:
        made = place.json("backends", "new", name, *words, "--into", str(tmp_path))
        place.install(wheel_of(Path(made["folder"]), tmp_path / "dist"))
        try:
            report = place.json("backends", "check", name)
            assert report["conforms"], [r for r in report["results"] if r["outcome"] != "passed"]
            assert sum(level["passed"] for level in report["levels"]) >= checks
            assert all(level["passed"] == level["applicable"] for level in report["levels"])
            untrained = ("--untrained",) if words else ()
            strict = ("--set", "policy.on_missing=error")
            done = place.townlet("run", "--backend", name, *untrained, "--ticks", "20", *strict, *HAMLET)
            assert done.returncode == 0, done.stderr
        finally:
            place.uninstall(f"townlet-backend-{name}")

    def test_pytest_asks_the_same_checks(self, place: Any, tmp_path: Path, link_folder: Callable[..., Path]) -> None:
        made = place.json("backends", "new", "asked", "--into", str(tmp_path))
        project = Path(made["folder"])
        place.install(wheel_of(project, tmp_path / "dist"))
        pytest_folder = link_folder("pytest", "pytest")
        command = [str(place.python), "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        try:
            here = {"PYTHONPATH": str(pytest_folder)}
            asked = place.run([*command, "--townlet-backend", "asked"], here, cwd=project)
            assert asked.returncode == 0, asked.stdout + asked.stderr
            assert "37 passed" in asked.stdout
            inert = place.run(command, here, cwd=project)
            assert "1 skipped" in inert.stdout, "without the option the plugin asks nobody"
        finally:
            place.uninstall("townlet-backend-asked")

    def test_where_the_extra_is_missing_the_command_that_installs_it_is_said(self, core_alone: Any) -> None:
        done = core_alone.townlet("backends", "check", "stub")
        assert done.returncode == 2
        assert 'pip install "townlet-core[testing]"' in done.stderr
        assert "Traceback" not in done.stderr

    def test_a_wheel_that_starts_a_thread_on_import_is_caught_by_the_check_meant_for_it(
        self, place: Any, tmp_path: Path
    ) -> None:
        made = place.json("backends", "new", "busy", "--into", str(tmp_path))
        plugin = Path(made["folder"]) / "src/townlet_backend_busy/plugin.py"
        wild = "from threading import Event, Thread\nThread(target=Event().wait, daemon=True).start()\n"
        plugin.write_text(f"{plugin.read_text()}\n{wild}")
        place.install(wheel_of(Path(made["folder"]), tmp_path / "dist"))
        try:
            report = place.json("backends", "check", "busy")
            assert [r["name"] for r in report["results"] if r["outcome"] == "failed"] == ["hygiene.nothing-is-changed"]
        finally:
            place.uninstall("townlet-backend-busy")

    def test_a_wheel_without_its_manifest_is_noticed(self, place: Any, tmp_path: Path) -> None:
        made = place.json("backends", "new", "bald", "--into", str(tmp_path))
        project = Path(made["folder"])
        (project / "src/townlet_backend_bald/townlet_backend.toml").unlink()
        place.install(wheel_of(project, tmp_path / "dist"))
        try:
            assert place.states()["townlet-backend-bald:bald"] == "broken"
            done = place.townlet("backends", "check", "bald")
            assert done.returncode == 3
            assert "failed: packaging.manifest-is-readable" in done.stdout
        finally:
            place.uninstall("townlet-backend-bald")


class TestNumpyLearner:
    def test_core_trains_it_without_any_framework(
        self, environment: Any, kit_dependencies: Path, tmp_path: Path
    ) -> None:
        wheel = wheel_of(EXAMPLES / "townlet-backend-numpy-learner", tmp_path / "dist")
        place = environment("numpy-learner", "-scripted", further=[wheel], base=kit_dependencies)
        code = "import importlib.util as u; print(u.find_spec('torch'))"
        assert place.run([str(place.python), "-c", code]).stdout == "None\n"
        small = (
            *("--set", "training.demonstrations.worlds=2", "--set", "training.demonstrations.ticks=600"),
            *("--set", "training.bc.settings.epochs=20", "--set", "training.bc.accuracy_threshold=0.3"),
            *("--set", "training.bc.settings.batch_size=128", "--set", "training.bc.settings.learning_rate=0.005"),
            *("--set", "training.bc.settings.patience=20", "--set", "training.evaluate=false", *HAMLET),
        )
        cloned = place.json(
            "train", "--mode", "bc", "--backend", "numpy-learner", "--out", str(tmp_path / "bc"), "--quiet", *small
        )
        metrics = cloned["result"]["metrics"]
        assert metrics["accuracy"] > metrics["majority_accuracy"]
        learnt = place.json(
            *("train", "--mode", "rollout", "--backend", "numpy-learner", "--out", str(tmp_path / "ppo"), "--quiet"),
            *(
                "--initial",
                cloned["result"]["checkpoint"],
                "--set",
                "training.ppo.updates=2",
                "--set",
                "training.ppo.critic_warmup=0",
            ),
            # It has no term that holds it to its clone, and says so.
            *("--set", "training.ppo.reference_kl.start=0", "--set", "training.ppo.reference_kl.end=0"),
            *("--set", "training.ppo.rollout.worlds=2", "--set", "training.ppo.rollout.ticks=32", *small),
        )
        assert learnt["result"]["updates"] == 2
        assert learnt["result"]["initial_fingerprint"] == cloned["result"]["fingerprint"]
        assert learnt["result"]["fingerprint"] != learnt["result"]["initial_fingerprint"]
        done = place.townlet("run", "--backend", f"numpy-learner:{tmp_path / 'ppo'}", "--ticks", "5", *HAMLET)
        assert done.returncode == 0, done.stderr


_JAX_LESSON = (
    *("--set", "training.demonstrations.worlds=2", "--set", "training.demonstrations.ticks=600"),
    *("--set", "training.bc.settings.epochs=12", "--set", "training.bc.accuracy_threshold=0.3"),
    *("--set", "training.bc.settings.batch_size=128", "--set", "training.bc.settings.learning_rate=0.003"),
    *("--set", "training.evaluate=false", "--set", "training.options.hidden=32", *HAMLET),
)
_JAX_PPO = (
    *("--set", "training.ppo.updates=6", "--set", "training.ppo.critic_warmup=1"),
    *("--set", "training.ppo.rollout.worlds=2", "--set", "training.ppo.rollout.ticks=32"),
    *("--set", "training.checkpoints.every=1"),
)


@pytest.fixture(scope="module")
def jax_place(environment: Any, link_folder: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Any:
    pytest.importorskip("jax")
    dependencies = link_folder("jax", "townlet-core", "hypothesis", "psutil", "jax")
    wheel = wheel_of(EXAMPLES / "townlet-backend-jax", tmp_path_factory.mktemp("jax") / "dist")
    place = environment("jax-env", "-scripted", further=[wheel], base=dependencies)
    place.patience = 900  # each shape that the kit shows is compiled
    return place


@pytest.fixture(scope="module")
def cloned(jax_place: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("cloned") / "bc"
    made = jax_place.json("train", "--mode", "bc", "--backend", "jax", "--out", str(out), "--quiet", *_JAX_LESSON)
    return dict(made["result"])


class TestJax:
    """A learner on a framework that knows no state and compiles each shape: acting, cloning, PPO, exact resume."""

    def test_it_conforms(self, jax_place: Any) -> None:
        code = "import importlib.util as u; print(u.find_spec('torch'))"
        assert jax_place.run([str(jax_place.python), "-c", code]).stdout == "None\n"
        report = jax_place.json("backends", "check", "jax")
        assert report["conforms"], [r for r in report["results"] if r["outcome"] != "passed"]
        assert all(level["skipped"] == level["not_asked"] == 0 for level in report["levels"])

    def test_it_clones_better_than_the_commonest_action(self, cloned: dict[str, Any]) -> None:
        assert cloned["metrics"]["accuracy"] > cloned["metrics"]["majority_accuracy"] + 0.05

    def test_it_goes_on_from_its_clone_held_near_it(
        self, jax_place: Any, cloned: dict[str, Any], tmp_path: Path
    ) -> None:
        words = ("train", "--mode", "mixed", "--backend", "jax", "--initial", cloned["checkpoint"], "--quiet")
        learnt = jax_place.json(*words, "--out", str(tmp_path / "ppo"), *_JAX_PPO, *_JAX_LESSON)["result"]
        assert learnt["updates"] == 6
        assert learnt["initial_fingerprint"] == cloned["fingerprint"] != learnt["fingerprint"]
        lines = [json.loads(line) for line in (tmp_path / "ppo" / "metrics.jsonl").read_text().splitlines()]
        both = [line for line in lines if line.get("bc_loss", 0.0) > 0.0 and "reference_kl" in line]
        assert both, "both terms that hold it to its clone are told, once its critic has warmed up"
        acts = ("run", "--backend", f"jax:{tmp_path / 'ppo'}", "--ticks", "5", *HAMLET)
        done = jax_place.townlet(*acts)  # how large it is, its checkpoint says
        assert done.returncode == 0, done.stderr
        done = jax_place.townlet(*acts, "--set", "policy.options.hiden=32")
        assert done.returncode == 2
        assert "policy.options.hiden is not an option of policy backend 'jax'" in done.stderr

    def test_killed_and_resumed_it_ends_with_the_same_weights(
        self, jax_place: Any, cloned: dict[str, Any], tmp_path: Path
    ) -> None:
        words = ("train", "--mode", "rollout", "--backend", "jax", "--initial", cloned["checkpoint"], "--quiet")
        whole = jax_place.json(*words, "--out", str(tmp_path / "whole"), *_JAX_PPO, *_JAX_LESSON)["result"]
        cut = tmp_path / "cut"
        child = jax_place.start(*words, "--out", str(cut), *_JAX_PPO, *_JAX_LESSON)
        deadline = time.monotonic() + 300
        while not list(cut.glob("checkpoints/*/manifest.json")) and time.monotonic() < deadline:
            time.sleep(0.01)
        child.kill()
        assert child.wait() == -signal.SIGKILL, "it was killed on its way"
        resumed = jax_place.json("train", "--resume", str(cut), "--quiet")["result"]
        assert resumed["updates"] == 6
        assert resumed["fingerprint"] == whole["fingerprint"]


_TRAIN_AND_ANSWER = """
import json, sys
from pathlib import Path
import numpy as np
from townlet.checkpoints import write_checkpoint
from townlet.config import config_digest, load_config
from townlet.observations import build_spec
from townlet.plugins import resolve_learner
from townlet.testing.lessons import practise
from townlet.testing.observations import draw_batch
folder, config = Path(sys.argv[1]), load_config()
spec = build_spec(config)
learner = resolve_learner("pytorch", spec=spec, seed=1).learner
practise(learner, spec, updates=2)
write_checkpoint(folder / "checkpoint", learner.save, backend="pytorch", spec=spec, config_digest=config_digest(config))
batch = draw_batch(spec, 64, 3, starts=0.2, empty=0.1)
decision = learner.policy.decide(batch, learner.policy.initial_state(64, 0))
np.savez(folder / "torch.npz", logits=decision.logits, actions=decision.actions)
"""
_ANSWER = """
import sys
from pathlib import Path
import numpy as np
from townlet.config import load_config
from townlet.observations import build_spec
from townlet.plugins import resolve_policy
from townlet.testing.observations import draw_batch
folder = Path(sys.argv[1])
spec = build_spec(load_config())
policy = resolve_policy("onnx", spec=spec, checkpoint=folder / "model.onnx").policy
decision = policy.decide(draw_batch(spec, 64, 3, starts=0.2, empty=0.1), policy.initial_state(64, 0))
np.savez(folder / "onnx.npz", logits=decision.logits, actions=decision.actions)
"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A little training and its export, in the environment that runs the tests."""
    pytest.importorskip("torch")
    pytest.importorskip("onnx")
    folder = tmp_path_factory.mktemp("onnx")
    subprocess.run([sys.executable, "-c", _TRAIN_AND_ANSWER, str(folder)], check=True)
    words = ["export", str(folder / "checkpoint"), "--out", str(folder / "model.onnx"), "--json"]
    done = subprocess.run([sys.executable, "-m", "townlet", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["backend"] == "pytorch"
    return folder


@pytest.mark.torch
class TestOnnx:
    @pytest.fixture
    def place(self, environment: Any, onnx_dependencies: Path, tmp_path: Path) -> Any:
        wheel = wheel_of(EXAMPLES / "townlet-backend-onnx", tmp_path / "dist")
        return environment("onnx-env", "-scripted", further=[wheel], base=onnx_dependencies)

    def test_it_acts_the_same_where_there_is_no_torch(self, exported: Path, place: Any) -> None:
        import numpy as np

        code = "import importlib.util as u; print(u.find_spec('torch'))"
        assert place.run([str(place.python), "-c", code]).stdout == "None\n"
        done = place.run([str(place.python), "-c", _ANSWER, str(exported)])
        assert done.returncode == 0, done.stderr
        torch, onnx = np.load(exported / "torch.npz"), np.load(exported / "onnx.npz")
        assert np.abs(torch["logits"] - onnx["logits"]).max() < 1e-4
        assert (torch["actions"] == onnx["actions"]).all()
        ran = place.json("run", "--backend", f"onnx:{exported / 'model.onnx'}", "--ticks", "3")
        assert ran["policy"]["active"] == "onnx"

    def test_it_conforms(self, exported: Path, place: Any) -> None:
        model = f"policy.options.model={exported / 'model.onnx'}"
        report = place.json("backends", "check", "onnx", "--set", model)
        assert report["conforms"], [r for r in report["results"] if r["outcome"] != "passed"]

    @pytest.mark.parametrize(
        ("name", "words", "message"),
        [
            ("truncated", (), "ONNX Runtime cannot run this file"),
            ("missing", (), "nowhere.onnx"),
            ("foreign", (), "ONNX Runtime cannot run this file"),
            ("stranger", (), "carries no observation spec"),
            ("elsewhere", (), "the model keeps weights in other files: 'w'"),
            ("model", ("--set", "observation.variant=compact"), "exported for other observations"),
        ],
    )
    def test_a_file_that_is_no_such_policy_is_refused(
        self, exported: Path, place: Any, name: str, words: tuple[str, ...], message: str
    ) -> None:
        path = exported / ("nowhere.onnx" if name == "missing" else f"{name}.onnx")
        _write_wrong_models(exported)
        done = place.townlet(
            "run", "--backend", f"onnx:{path}", "--ticks", "2", "--set", "policy.on_missing=error", *words
        )
        assert done.returncode == 4, done.stdout + done.stderr
        assert message in done.stderr
        assert "Traceback" not in done.stderr


def _write_wrong_models(folder: Path) -> None:
    import onnx
    from onnx import TensorProto, helper

    if (folder / "stranger.onnx").exists():
        return
    whole = (folder / "model.onnx").read_bytes()
    (folder / "truncated.onnx").write_bytes(whole[: len(whole) // 2])
    x = helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, 3])
    y = helper.make_tensor_value_info("logits", TensorProto.FLOAT, [None, 3])
    for name, node in (
        ("foreign", helper.make_node("Levitate", ["features"], ["logits"], domain="org.example")),
        ("stranger", helper.make_node("Identity", ["features"], ["logits"])),
    ):
        graph = helper.make_graph([node], name, [x], [y])
        imports = [helper.make_opsetid("", 17), helper.make_opsetid("org.example", 1)]
        model = helper.make_model(graph, opset_imports=imports, ir_version=8)
        onnx.save(model, str(folder / f"{name}.onnx"))
    w = helper.make_tensor("w", TensorProto.FLOAT, [3], bytes(12), raw=True)
    graph = helper.make_graph([helper.make_node("Mul", ["features", "w"], ["logits"])], "elsewhere", [x], [y], [w])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(folder / "elsewhere.onnx"), save_as_external_data=True, location="w.bin", size_threshold=0)
