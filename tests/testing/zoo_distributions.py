"""Distributions that are wrong on purpose, each in one way, and the check that is meant for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

STUB = """
from townlet.plugins import StubPolicy, hookimpl


@hookimpl
def townlet_create_policy(request):
    return StubPolicy()
"""
MANIFEST = """
schema = 1
name = "{name}"
summary = "A backend of a test"
api = ">=1,<2"
capabilities = ["act"]
"""
CORE = "townlet-core>=0.1,<1"
FOOD = ("zoo-food", "2.0")


@dataclass(frozen=True)
class Animal:
    """What is installed, the check that catches it, and what that says."""

    check: str
    says: str
    arguments: dict[str, Any] = field(default_factory=dict)
    stale: bool = False
    contested: bool = False


def imports(check: str, says: str, *lines: str) -> Animal:
    """One whose module does something when it is imported."""
    return Animal(check, says, {"plugin": "\n".join([*lines, STUB])})


def manifest(says: str, old: str, new: str) -> Animal:
    return Animal("packaging.manifest-says-what-is-needed", says, {"manifest": MANIFEST.replace(old, new)})


IMPORTS, CHANGED = "hygiene.the-plugin-imports", "hygiene.nothing-is-changed"
NEEDS_FOOD = MANIFEST + '[requires]\ndistributions = ["zoo-food>=2"]\n'

HONOURS = "packaging.honoured-settings-are-listed"
LEARNS = MANIFEST.replace('["act"]', '["act", "learn.ppo"]')

DISTRIBUTIONS = {
    "unpromising": Animal(HONOURS, "no table [honours]", {"manifest": LEARNS}),
    "promises-the-moon": Animal(
        HONOURS, "honours.ppo lists unknown settings: moon", {"manifest": LEARNS + '[honours]\nppo = ["moon"]\n'}
    ),
    "garbled": Animal("packaging.manifest-is-readable", "not TOML", {"manifest": "schema = "}),
    "future": Animal(
        "packaging.our-contract-is-served", "does not include 1", {"manifest": MANIFEST.replace(">=1,<2", ">=2,<3")}
    ),
    "bare": Animal("packaging.manifest-is-there", "no manifest", {"manifest": None}),
    "silent": manifest("summary is empty", "A backend of a test", " "),
    "endless": manifest("no upper end", ">=1,<2", ">=1"),
    "unheard-of": manifest("unknown capabilities: fly", '["act"]', '["act", "fly"]'),
    "idle": manifest("must hold 'act'", '["act"]', '["checkpoint"]'),
    "unpinned": Animal("packaging.core-is-pinned-to-a-range", "no upper end", {"requires": ["townlet-core>=0.1"]}),
    "rootless": Animal("packaging.core-is-pinned-to-a-range", "does not require townlet-core", {"requires": []}),
    "undeclared": Animal(
        "packaging.run-time-requirements-are-declared", "the manifest requires 'zoo-food>=2'", {"manifest": NEEDS_FOOD}
    ),
    "contested": Animal("packaging.installation-is-clean", "pretender claims the name too", contested=True),
    "twice": Animal("packaging.installation-is-clean", "stale metadata", stale=True),
    "raises": imports(IMPORTS, "ValueError: the moon", "raise ValueError('the moon')"),
    "exits": imports(IMPORTS, "SystemExit: 5", "import sys; sys.exit(5)"),
    "crashes": imports(IMPORTS, "the end of the interpreter", "import os; os.abort()"),
    "hangs": imports(IMPORTS, "no end of it within", "import time; time.sleep(3600)"),
    "heavy": Animal(
        "hygiene.nothing-heavy-is-imported",
        "importing the plugin imported zoo_food",
        {"plugin": "import zoo_food\n" + STUB, "manifest": NEEDS_FOOD, "requires": [CORE, "zoo-food>=2"]},
    ),
    "loud": imports("hygiene.nothing-is-printed", "printed 'hello", "print('hello')"),
    "loud-in-c": imports("hygiene.nothing-is-printed", "printed 'hello", "import os; os.write(2, b'hello')"),
    "threaded": imports(
        CHANGED,
        "changed: threads",
        "import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()",
    ),
    "signalled": imports(
        CHANGED, "changed: signal handlers", "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    ),
    "unwarned": imports(CHANGED, "changed: warning filters", "import warnings; warnings.simplefilter('ignore')"),
    "environmental": imports(CHANGED, "changed: environment", "import os; os.environ['ZOO'] = '1'"),
    "seeded": imports(CHANGED, "changed: NumPy's random state", "import numpy; numpy.random.seed(1)"),
    "seeded-too": imports(CHANGED, "changed: Python's random state", "import random; random.seed(1)"),
    "roaming": imports(CHANGED, "changed: working directory", "import os, tempfile; os.chdir(tempfile.gettempdir())"),
    "deep": imports(CHANGED, "changed: recursion limit", "import sys; sys.setrecursionlimit(12345)"),
}
"""Name of the backend to what is wrong with it."""
