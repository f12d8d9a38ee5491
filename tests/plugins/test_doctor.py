"""Probes in real child processes: what a backend does there is a row, whatever it does."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from townlet.api import ObservationSpec
from townlet.plugins import State, scan
from townlet.plugins.doctor import Diagnosis, diagnose

pytestmark = pytest.mark.slow
LIMIT = 60.0
GOOD_TAIL = """
from townlet.plugins import StubPolicy, hookimpl

@hookimpl
def townlet_create_policy(request):
    return StubPolicy()
"""


@pytest.fixture
def examine(site: Any, spec: ObservationSpec, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Install a backend ``foo`` with this plugin module and diagnose it."""
    del monkeypatch

    def run(plugin: str = "", limit: float = LIMIT, **arguments: Any) -> Diagnosis:
        site.add("foo", plugin=plugin + GOOD_TAIL, **arguments)
        (row,) = scan()
        return diagnose(row, spec.to_json(), limit)

    return run


def test_ready(examine: Any) -> None:
    found = examine()
    assert found.row.state is State.READY
    assert (found.phase, found.problem, found.changes, found.output) == ("close", "", (), "")
    assert found.import_seconds is not None
    assert 0 < found.import_seconds < LIMIT
    if os.name == "posix":
        assert found.memory_mib is not None
        assert found.memory_mib >= 0


def test_without_a_spec_it_stops_after_the_options(site: Any) -> None:
    site.add("foo")
    (row,) = scan()
    assert diagnose(row, None, LIMIT).phase == "options"


@pytest.mark.parametrize(
    ("capabilities", "phase"), [(("checkpoint",), "options"), (("checkpoint", "learn.bc"), "close")]
)
def test_who_acts_from_checkpoints_alone_is_asked_for_no_policy(examine: Any, capabilities: Any, phase: str) -> None:
    found = examine(capabilities=("act", *capabilities))
    assert (found.row.state, found.phase) == (State.READY, phase)


def test_what_is_not_present_is_not_imported(site: Any, spec: ObservationSpec) -> None:
    site.add("foo", plugin="raise SystemExit", requires=("absent>=1",))
    (row,) = scan()
    found = diagnose(row, spec.to_json(), LIMIT)
    assert (found.probed, found.row.state, found.problem) == (False, State.DECLARED, "absent>=1 is not installed")


@pytest.mark.parametrize(
    ("plugin", "problem"),
    [
        ("raise ValueError('no good')", "policy backend 'foo' failed to load: an error in its own code"),
        ("import sys; sys.exit(0)", "policy backend 'foo' failed to load: it called sys.exit(0)"),
        ("import os; os._exit(0)", "it ended the interpreter with exit code 0 in phase 'import'"),
        ("import os; os._exit(9)", "it ended the interpreter with exit code 9 in phase 'import'"),
    ],
)
def test_broken(examine: Any, plugin: str, problem: str) -> None:
    found = examine(plugin)
    assert (found.row.state, found.row.why) == (State.BROKEN, problem)


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_killed_by_a_signal(examine: Any) -> None:
    found = examine("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    assert found.row.state is State.BROKEN
    assert found.row.why == "it was killed by SIGSEGV, at plugin.py:1 in <module> in phase 'import'"


CREATES = """
from townlet.plugins import hookimpl

@hookimpl
def townlet_create_policy(request):
    {crash}
"""


@pytest.mark.parametrize(
    ("crash", "ending"),
    [
        ("import os; os._exit(9)", "it ended the interpreter with exit code 9"),
        pytest.param(
            "import ctypes; ctypes.string_at(0)",
            "it was killed by SIGSEGV, at plugin.py:6 in townlet_create_policy",  # not ctypes' own line
            marks=pytest.mark.skipif(os.name != "posix", reason="signals of POSIX"),
        ),
        pytest.param(
            "import os; os.abort()",
            "it was killed by SIGABRT, at plugin.py:6 in townlet_create_policy",
            marks=pytest.mark.skipif(os.name != "posix", reason="signals of POSIX"),
        ),
    ],
)
def test_a_crash_on_creation(site: Any, spec: ObservationSpec, crash: str, ending: str) -> None:
    site.add("foo", plugin=CREATES.format(crash=crash))
    (row,) = scan()
    found = diagnose(row, spec.to_json(), LIMIT)
    assert (found.row.state, found.phase) == (State.BROKEN, "create")
    assert found.row.why == f"{ending} in phase 'create'"


def test_a_crash_costs_nobody_else_the_diagnosis(site: Any, capsys: pytest.CaptureFixture[str]) -> None:
    from townlet.cli.entry import main

    site.add("bad", plugin="import os; os._exit(9)")
    site.add("good")
    assert main(["backends", "doctor", "--json"]) == 3
    told = {found["name"]: found for found in json.loads(capsys.readouterr().out)["backends"]}
    assert (told["bad"]["state"], told["bad"]["phase"]) == ("broken", "import")
    assert told["bad"]["why"] == "it ended the interpreter with exit code 9 in phase 'import'"
    assert (told["good"]["state"], told["good"]["phase"]) == ("ready", "close")


def test_hangs(examine: Any) -> None:
    found = examine("import time; time.sleep(600)", limit=3.0)
    assert found.row.state is State.BROKEN
    assert found.row.why == "no answer within 3 s, at plugin.py:1 in <module>; it was killed in phase 'import'"


@pytest.mark.skipif(os.name != "posix", reason="process groups of POSIX")
def test_its_own_children_end_with_it(examine: Any, tmp_path: Any) -> None:
    note = tmp_path / "pid"
    plugin = (
        "import subprocess, sys, time, pathlib\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"pathlib.Path({str(note)!r}).write_text(str(child.pid))\n"
        "time.sleep(600)\n"
    )
    examine(plugin, limit=3.0)
    deadline = time.monotonic() + 10
    while _alive(int(note.read_text())) and time.monotonic() < deadline:  # until the orphan is reaped
        time.sleep(0.1)
    assert not _alive(int(note.read_text()))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


def test_bad_manners_are_warnings(examine: Any) -> None:
    found = examine(
        "import os, random, warnings, signal, threading, time\n"
        "import numpy as np\n"
        "print('hello')\n"
        "random.seed(1)\n"
        "np.random.seed(1)\n"
        "os.environ['FOO_OF_THE_TESTS'] = '1'\n"
        "warnings.simplefilter('ignore')\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "threading.Thread(target=time.sleep, args=(5,), daemon=True).start()\n"
    )
    assert found.row.state is State.READY
    assert set(found.changes) == {
        "it prints",
        "it changes the state of random",
        "it changes the state of numpy.random",
        "it changes environment variables",
        "it changes warning filters",
        "it changes signal handlers",
        "it starts threads",
    }
    assert found.output == "hello"


def test_a_policy_that_takes_what_is_not_possible(site: Any, spec: ObservationSpec) -> None:
    source = """
        import numpy as np
        from townlet.api import Decision
        from townlet.plugins import StubPolicy, hookimpl

        class Policy(StubPolicy):
            def decide(self, observations, state, *, explore=False):
                return Decision(np.ones(observations.rows, np.int64), state)

        @hookimpl
        def townlet_create_policy(request):
            return Policy()
    """
    site.add("foo", plugin=source)
    (row,) = scan()
    found = diagnose(row, spec.to_json(), LIMIT)
    assert found.phase == "decide"
    assert found.row.why == "ValueError: only action 0 was possible, and it chose [1, 1, 1, 1]"


def test_the_child_sees_the_same_path(examine: Any) -> None:
    found = examine(f"import sys; assert sys.path == {sys.path!r}, sys.path")
    assert found.row.state is State.READY, found.problem
