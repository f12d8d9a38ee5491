"""Level 1: importing the plugin has no side effects and pulls in nothing heavy. Looked at in a child process."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache

from townlet.testing.check import Check, CheckFailure, collect, expect
from townlet.testing.packages import found_row
from townlet.testing.subject import Subject

__all__ = ["CHECKS"]

CHECKS: list[Check] = []
check = collect(1, "hygiene", CHECKS)

TIMEOUT = 60
"""Seconds that an import may take before it counts as hanging."""

_PROBE = """
import importlib, io, json, os, random, signal, sys, threading, warnings
import numpy, pydantic, pluggy, townlet.api, townlet.plugins
modules, heavy = json.loads(sys.argv[1]), json.loads(sys.argv[2])
def look():
    return {
        "threads": sorted(t.name for t in threading.enumerate()),
        "signals": [repr(signal.getsignal(s)) for s in sorted(signal.valid_signals())],
        "environment": dict(os.environ),
        "warning filters": [repr(f) for f in warnings.filters],
        "Python's random state": repr(random.getstate()),
        "NumPy's random state": repr([x.tolist() if hasattr(x, "tolist") else x for x in numpy.random.get_state()]),
        "working directory": os.getcwd(),
        "recursion limit": sys.getrecursionlimit(),
    }
before, caught = look(), io.StringIO()
error, real = None, (sys.stdout, sys.stderr)
sys.stdout = sys.stderr = caught
try:
    for name in modules:
        importlib.import_module(name)
except BaseException as raised:
    error = f"{type(raised).__name__}: {raised}"
sys.stdout, sys.stderr = real
after = look()
print(json.dumps({
    "error": error,
    "printed": caught.getvalue()[:500],
    "changed": sorted(k for k in before if before[k] != after[k]),
    "heavy": sorted(h for h in heavy if h in sys.modules),
}))
"""


@check("The plugin module and its options import without an error.", installed=True)
def the_plugin_imports(subject: Subject) -> None:
    error = _probe(subject.name)["error"]
    expect(error is None, f"importing failed with {error}")


@check(
    "Importing them pulls in none of the distributions that the manifest requires.",
    installed=True,
    after=("hygiene.the-plugin-imports",),
)
def nothing_heavy_is_imported(subject: Subject) -> None:
    heavy = _probe(subject.name)["heavy"]
    expect(not heavy, f"importing the plugin imported {heavy}: import it inside the hook that creates the policy")


@check("Importing them prints nothing.", installed=True, after=("hygiene.the-plugin-imports",))
def nothing_is_printed(subject: Subject) -> None:
    printed = _probe(subject.name)["printed"]
    expect(not printed, f"importing the plugin printed {printed!r}")


@check(
    "Importing them starts no thread and changes no signal handler, random state, environment or filter.",
    installed=True,
    after=("hygiene.the-plugin-imports",),
)
def nothing_is_changed(subject: Subject) -> None:
    changed = _probe(subject.name)["changed"]
    expect(not changed, f"importing the plugin changed: {changed}")


@cache
def _probe(name: str) -> dict[str, object]:
    row = found_row(name)
    modules = [row.declaration.value.partition(":")[0].strip()]
    if row.manifest is not None and row.manifest.options:
        modules.append(row.manifest.options.partition(":")[0].strip())
    heavy = [requirement.name.replace("-", "_") for requirement in row.requirements]
    command = [sys.executable, "-c", _PROBE, json.dumps(modules), json.dumps(heavy)]
    try:
        child = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired as expired:
        raise CheckFailure(f"importing {modules[0]} did not end within {TIMEOUT} s") from expired
    if child.returncode != 0 or not child.stdout.strip():
        last = (child.stderr.strip().splitlines() or ["no message"])[-1]
        raise CheckFailure(f"importing {modules[0]} ended the interpreter (status {child.returncode}): {last}")
    result: dict[str, object] = json.loads(child.stdout.strip().splitlines()[-1])
    return result
