"""What the doctor runs in a child process: load one backend for real, and watch what that does to the process.

The child writes one JSON line for each phase it finishes, so that whoever started it knows how far it came even if
it never returns.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import IO, Any

from townlet.plugins.rows import BackendRow

__all__ = ["main"]

_ROWS = 4  # of the little town that the policy is shown


class _Log:
    """JSON lines, one for each phase that was begun and one for each that ended."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, **facts: object) -> None:
        self._file.write(json.dumps(facts) + "\n")
        self._file.flush()

    def run(self, phase: str, work: Callable[[], object]) -> Any:
        """Do a phase; ends the process if it fails, with the reason written."""
        self.write(phase=phase, begun=True)
        memory, begin = _peak_memory(), time.perf_counter()
        try:
            result = work()
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self.write(phase=phase, ok=False, error=_explained(error))
            raise SystemExit(0) from error
        self.write(phase=phase, ok=True, seconds=time.perf_counter() - begin, memory=_peak_memory() - memory)
        return result


def main(request: Mapping[str, Any]) -> None:
    """Probe one backend.

    Args:
        request: ``backend`` (qualified name), ``log`` (file to write to), ``spec`` (JSON of an ObservationSpec, or
            None to stop before a policy is created), ``trace`` (file for the stack if it crashes), ``stuck_after``
            (seconds after which the stack is written there).
    """
    import faulthandler

    with open(request["log"], "w", encoding="utf-8") as file, open(request["trace"], "w", encoding="utf-8") as trace:  # noqa: PTH123
        faulthandler.enable(trace)
        log = _Log(file)
        row = log.run("start", lambda: _start(request["backend"]))
        faulthandler.dump_traceback_later(request["stuck_after"], file=trace)
        _probe(log, row, request["spec"])
        log.write(done=True)
        faulthandler.cancel_dump_traceback_later()


def _probe(log: _Log, row: BackendRow, spec_data: Mapping[str, Any] | None) -> None:
    from townlet.plugins import loading, resolve
    from townlet.plugins.options import build_options

    before = _Surroundings()
    log.write(phase="import", begun=True)
    memory, begin = _peak_memory(), time.perf_counter()
    raised = _bare_import(row.declaration.value.partition(":")[0].strip())
    seconds, grown = time.perf_counter() - begin, _peak_memory() - memory
    log.write(phase="import", ok=not raised, seconds=seconds, memory=grown, changes=before.changes())
    loaded = log.run("register", lambda: loading.load_backend(row))  # explains it, if the import failed
    model = log.run("options", lambda: build_options(row.name, loading.options_model(loaded), {}, None))
    if spec_data is None:
        return
    from townlet.api import Decision, ObservationBatch, ObservationSpec, PolicyRequest

    spec = ObservationSpec.from_json(spec_data)
    request = PolicyRequest(backend=row.name, spec=spec, options=model)
    policy = log.run("create", lambda: resolve.create_policy(loaded, request))
    observations = ObservationBatch.empty(spec, _ROWS)
    observations.active[:] = True
    observations.episode_start[:] = True

    def decide() -> None:
        decision = policy.decide(observations, policy.initial_state(_ROWS, 0))
        if not isinstance(decision, Decision):
            raise TypeError(f"decide returned {type(decision).__name__}, not a Decision")
        if decision.actions.tolist() != [0] * _ROWS:
            raise ValueError(f"only action 0 was possible, and it chose {decision.actions.tolist()}")

    log.run("decide", decide)
    log.run("close", policy.close)


def _start(backend: str) -> BackendRow:
    import numpy  # noqa: F401 - what comes with every backend is not the backend's cost
    import pydantic  # noqa: F401

    import townlet.api
    import townlet.plugins.hooks  # noqa: F401
    from townlet.plugins.choosing import choose
    from townlet.plugins.selection import Selection

    row = choose(backend, None, Selection())
    if row is None:
        raise ValueError("core's own stub needs no probe")
    return row


def _bare_import(module: str) -> bool:
    """Import without the guard, which would hide what is looked for; whether it failed."""
    try:
        import_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - loading it again under the guard says what it was
        return True
    return False


class _Surroundings:
    """What a well-behaved import leaves alone."""

    def __init__(self) -> None:
        import numpy as np

        self._np_random = np.random
        sys.stdout.flush()
        sys.stderr.flush()
        self._output = _written()
        self._facts = self._look()

    def changes(self) -> list[str]:
        """What is different now, in words."""
        sys.stdout.flush()
        sys.stderr.flush()
        now = self._look()
        changes = [name for name, fact in now.items() if fact != self._facts[name]]
        return (["it prints"] if _written() != self._output else []) + changes

    def _look(self) -> dict[str, object]:
        state: Any = self._np_random.get_state()
        return {
            "it changes the state of random": hash(random.getstate()),
            "it changes the state of numpy.random": (state[1].tobytes(), state[2]),
            "it starts threads": threading.active_count(),
            "it changes environment variables": dict(os.environ),
            "it changes warning filters": list(warnings.filters),
            "it changes signal handlers": [signal.getsignal(s) for s in sorted(signal.valid_signals())],
            "it changes the current directory": os.getcwd(),  # noqa: PTH109
        }


def _written() -> int:
    """Bytes written to the files that stdout and stderr are in a probe."""
    total = 0
    for descriptor in (1, 2):
        try:
            total += os.fstat(descriptor).st_size
        except OSError:
            continue
    return total


def _peak_memory() -> int:
    """Largest resident size so far, bytes; 0 where the platform does not tell."""
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _explained(error: BaseException) -> str:
    from townlet.errors import TownletError
    from townlet.plugins.guard import describe

    return str(error) if isinstance(error, TownletError) else describe(error)
