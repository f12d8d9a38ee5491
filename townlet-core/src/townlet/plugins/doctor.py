"""Probing backends, each in a child process with a time limit: a hang or a crash is a finding, not the end."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from townlet.plugins.children import import_path, python_child
from townlet.plugins.names import canonical
from townlet.plugins.rows import BackendRow, State

__all__ = ["DEFAULT_LIMIT", "Diagnosis", "diagnose"]

DEFAULT_LIMIT = 60.0
"""Seconds that a probe may take; importing a large framework from a cold disk takes ten."""

_CHILD = (
    "import json, sys; request = json.loads(sys.stdin.readline()); sys.path[:] = request['path']; "
    "from townlet.plugins.probe import main; main(request)"
)
_TRACE_FRAME = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+) in (?P<function>.+)')
_START_LIMIT = 120.0  # seconds for Python, numpy, pydantic and the contract, on a machine with much else to do
_POLL = 0.05  # seconds
_OUTPUT_SHOWN = 2000  # characters of what the child printed


class Diagnosis(NamedTuple):
    """What a probe found out.

    Attributes:
        row: the backend; its state is now ``ready`` or ``broken`` if it was probed.
        probed: whether it was; blocked, conflicting, incompatible and incomplete ones are not.
        phase: the last phase that was begun; empty if it was not probed.
        problem: what stopped it, with its details on further lines; empty if nothing did.
        import_seconds: wall time of importing its module, without what every backend imports.
        create_seconds: wall time of creating a policy, and of the imports that were put off until then.
        memory_mib: growth of the largest resident size by all its phases; None where the platform does not tell.
        changes: what the import did to the process that it should not.
        output: what it printed, shortened.
    """

    row: BackendRow
    probed: bool = False
    phase: str = ""
    problem: str = ""
    import_seconds: float | None = None
    create_seconds: float | None = None
    memory_mib: float | None = None
    changes: tuple[str, ...] = ()
    output: str = ""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What does not stop it but should be known."""
        return (*self.row.warnings, *(f"on import, {change}" for change in self.changes))


def diagnose(row: BackendRow, spec: Mapping[str, Any] | None, limit: float = DEFAULT_LIMIT) -> Diagnosis:
    """Probe one backend, if metadata says that it could run at all.

    Args:
        row: the backend, with the lists applied.
        spec: JSON of the observations that a policy is created for; None to stop after the options. A backend that
            acts from checkpoints alone is asked for none.
        limit: seconds after which the child is killed, without its own start.
    """
    if row.state is not State.PRESENT:
        return Diagnosis(row, problem=row.why)
    with tempfile.TemporaryDirectory(prefix="townlet-doctor-", ignore_cleanup_errors=True) as folder:
        code, timed_out = _run_child(row, None if _waits(row) else spec, limit, Path(folder))
        lines = _read_log(Path(folder, "log"))
        trace = _read(Path(folder, "trace"))
        output = _read(Path(folder, "output")).strip()[-_OUTPUT_SHOWN:]
    complete = any("done" in line or "error" in line for line in lines)
    ending = "" if complete and not timed_out else _how_it_ended(code, timed_out, limit, _frame(trace, row))
    return _judge(row, [line for line in lines if "phase" in line], ending, output)


def _waits(row: BackendRow) -> bool:
    """Whether there is nothing to create without a checkpoint: it reads them, and does not learn."""
    claimed = () if row.manifest is None else row.manifest.capabilities
    return "checkpoint" in claimed and not any(each.startswith("learn.") for each in claimed)


def _run_child(row: BackendRow, spec: Mapping[str, Any] | None, limit: float, folder: Path) -> tuple[int, bool]:
    """Exit code, and whether it had to be killed for taking too long."""
    request = {
        "backend": f"{canonical(row.distribution)}:{row.name}",
        "path": import_path(),
        "spec": spec,
        "log": str(folder / "log"),
        "trace": str(folder / "trace"),
        "stuck_after": max(limit - 0.5, limit * 0.8),
    }
    with Path(folder, "output").open("wb") as output:
        child = subprocess.Popen(
            python_child("-c", _CHILD),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=os.name == "posix",  # so that its own children end with it
        )
        with contextlib.suppress(BrokenPipeError), child:
            assert child.stdin is not None
            child.stdin.write(json.dumps(request).encode() + b"\n")
            child.stdin.close()
            try:
                timed_out = not _ends_in_time(child, folder / "log", limit)
            finally:
                _kill(child)
    return child.returncode, timed_out


def _ends_in_time(child: subprocess.Popen[bytes], log: Path, limit: float) -> bool:
    """Wait for the child. The clock starts when the child has what every backend needs, which is not its fault."""
    deadline, started = time.monotonic() + _START_LIMIT, False
    while time.monotonic() < deadline:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(_POLL)
            return True
        if not started and any(line.get("phase") == "start" and "ok" in line for line in _read_log(log)):
            deadline, started = time.monotonic() + limit, True
    return False


def _kill(child: subprocess.Popen[bytes]) -> None:
    """End the child and whatever it started."""
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
    elif child.poll() is None:
        child.kill()


def _judge(row: BackendRow, lines: list[dict[str, Any]], ending: str, output: str) -> Diagnosis:
    phase = next((line["phase"] for line in reversed(lines)), "start")
    ended = {line["phase"]: line for line in lines if "ok" in line}
    imported = ended.get("import", {})
    grown = [line["memory"] for name, line in ended.items() if name != "start" and "memory" in line]
    refusal = next((line["error"] for line in lines if "error" in line), "")
    finished = not refusal and not ending
    problem = refusal or (f"{ending} in phase {phase!r}" if ending else "")
    return Diagnosis(
        row=row._replace(state=State.READY if finished else State.BROKEN, why=problem.partition("\n")[0]),
        probed=True,
        phase=phase,
        problem=problem,
        import_seconds=imported.get("seconds"),
        create_seconds=ended.get("create", {}).get("seconds"),
        memory_mib=sum(grown) / 2**20 if sys.platform != "win32" and grown else None,
        changes=tuple(imported.get("changes", ())),
        output=output,
    )


def _frame(trace: str, row: BackendRow) -> str:
    """The innermost frame in the backend's own package, else the innermost of all; empty if there is none."""
    frames = list(_TRACE_FRAME.finditer(trace))
    package = row.declaration.value.partition(":")[0].partition(".")[0].strip()
    own = [frame for frame in frames if package in Path(frame["file"]).parts]
    return next((f"{Path(f['file']).name}:{f['line']} in {f['function']}" for f in own or frames), "")


def _how_it_ended(code: int, timed_out: bool, limit: float, frame: str) -> str:
    """Why the log breaks off."""
    at = f", at {frame}" if frame else ""
    if timed_out:
        return f"no answer within {limit:g} s{at}; it was killed"
    if code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        return f"it was killed by {name}{at}"
    return f"it ended the interpreter with exit code {code}"


def _read_log(path: Path) -> list[dict[str, Any]]:
    lines = []
    for text in _read(path).splitlines():
        with contextlib.suppress(ValueError):  # a line cut off by a crash
            lines.append(json.loads(text))
    return lines


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
