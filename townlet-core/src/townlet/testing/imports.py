"""What importing a backend does to a process, found out in a child process: it may hang, crash or exit."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from typing import Any, NamedTuple

from townlet.plugins.children import import_path, python_child
from townlet.plugins.rows import BackendRow

__all__ = ["TIMEOUT", "ImportOutcome", "import_outcome"]

TIMEOUT = 60
"""Seconds that an import may take before it counts as hanging."""

_PROBE = """
import importlib, json, os, random, signal, sys, tempfile, threading, warnings
request = json.loads(sys.argv[1])
sys.path[:] = request["path"]
import numpy, pydantic, pluggy, townlet.api, townlet.plugins
from townlet.plugins import hookimpl
def look():
    return {
        "threads": sorted(t.name for t in threading.enumerate()),
        "signal handlers": [repr(signal.getsignal(s)) for s in sorted(signal.valid_signals())],
        "environment": dict(os.environ),
        "warning filters": [repr(f) for f in warnings.filters],
        "Python's random state": repr(random.getstate()),
        "NumPy's random state": repr([x.tolist() if hasattr(x, "tolist") else x for x in numpy.random.get_state()]),
        "working directory": os.getcwd(),
        "recursion limit": sys.getrecursionlimit(),
    }
before, error = look(), None
sys.stdout.flush()
with tempfile.TemporaryFile() as caught:
    real = os.dup(1), os.dup(2)
    os.dup2(caught.fileno(), 1), os.dup2(caught.fileno(), 2)
    try:
        for name in request["modules"]:
            importlib.import_module(name)
    except BaseException as raised:
        error = f"{type(raised).__name__}: {raised}"
    sys.stdout.flush(), sys.stderr.flush()
    os.dup2(real[0], 1), os.dup2(real[1], 2)
    caught.seek(0)
    printed = caught.read(500).decode(errors="replace")
after = look()
print(json.dumps({
    "error": error,
    "printed": printed,
    "changed": sorted(k for k in before if before[k] != after[k]),
    "heavy": sorted(h for h in request["heavy"] if h in sys.modules),
}))
sys.stdout.flush()
os._exit(0)  # a thread that the import started must not keep this process
"""


class ImportOutcome(NamedTuple):
    """What came of importing the plugin module and its options.

    Attributes:
        error: why it failed, in one line; None where it did not.
        printed: the first 500 bytes of what was written to stdout and stderr, C code included.
        changed: what of the process was different afterwards.
        heavy: which of the distributions that the manifest requires were imported.
    """

    error: str | None
    printed: str = ""
    changed: tuple[str, ...] = ()
    heavy: tuple[str, ...] = ()

    @property
    def imports(self) -> bool:
        """Whether the process that imported it lived and had no error."""
        return self.error is None


@cache
def import_outcome(row: BackendRow, timeout: float = TIMEOUT) -> ImportOutcome:
    """Import the backend's modules in a child process with this process's ``sys.path``; done once a row."""
    modules = [row.declaration.value.partition(":")[0].strip()]
    if row.manifest is not None and row.manifest.options:
        modules.append(row.manifest.options.partition(":")[0].strip())
    request = {
        "path": import_path(),
        "modules": modules,
        "heavy": [requirement.name.replace("-", "_") for requirement in row.requirements],
    }
    command = python_child("-c", _PROBE, json.dumps(request))
    try:
        child = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        return ImportOutcome(f"no end of it within {timeout:g} s")
    if child.returncode != 0 or not child.stdout.strip():
        last = (child.stderr.strip().splitlines() or ["without a message"])[-1]
        return ImportOutcome(f"the end of the interpreter (status {child.returncode}): {last}")
    result: dict[str, Any] = json.loads(child.stdout.strip().splitlines()[-1])
    return ImportOutcome(result["error"], result["printed"], tuple(result["changed"]), tuple(result["heavy"]))
