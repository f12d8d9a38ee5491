"""Level 6: what a decision costs, and whether it keeps what it should give back."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys
import time
import tracemalloc

import numpy as np
import psutil

from townlet.testing.check import Check, collect, expect
from townlet.testing.observations import draw_batch
from townlet.testing.subject import Subject

__all__ = ["CHECKS"]

CHECKS: list[Check] = []
check = collect(6, "resources", CHECKS)

ROWS = 64
LEAK_PER_CALL = 512
"""Bytes a call may keep on average; a list of the actions alone would keep more."""
RESIDENT_PER_CALL = 4096
"""Bytes by which the process may grow a call, in each of several stretches: pages and allocators are coarse."""


@check(
    "A decision for 64 rows takes less than a second; the median is shown. A slow mind takes its time.",
    after=("protocol.decision-has-the-right-shape",),
)
def latency_is_bounded(subject: Subject) -> str:
    if "slow" in subject.capabilities:
        return "waits for its answers, not measured"
    policy = subject.policy()
    state = policy.initial_state(ROWS, 0)
    batch = draw_batch(subject.spec, ROWS, seed=1, starts=1.0)
    seconds: list[float] = []
    while len(seconds) < 30 and (len(seconds) < 3 or sum(seconds) < 5.0):
        start = time.perf_counter()
        state = policy.decide(batch, state).state
        seconds.append(time.perf_counter() - start)
    median = float(np.median(seconds))
    expect(median < 1.0, f"the median decision took {median:.2f} s")
    return f"median {median * 1e6:.0f} us for {ROWS} rows"


@check("Memory does not grow from decision to decision.", after=("protocol.decision-has-the-right-shape",))
def memory_does_not_grow(subject: Subject) -> str:
    policy = subject.policy()
    state = policy.initial_state(ROWS, 0)
    batches = [draw_batch(subject.spec, ROWS, seed=s, starts=0.1) for s in range(4)]
    calls = 200
    tracemalloc.start()
    try:
        for i in range(50):
            state = policy.decide(batches[i % 4], state, explore=True).state
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        for i in range(calls):
            state = policy.decide(batches[i % 4], state, explore=True).state
        gc.collect()
        kept = (tracemalloc.get_traced_memory()[0] - before) / calls
    finally:
        tracemalloc.stop()
    expect(kept < LEAK_PER_CALL, f"every decision keeps {kept:.0f} bytes, and never gives them back")
    return f"{max(kept, 0.0):.0f} bytes kept a decision"


@check(
    "The process does not grow from decision to decision: memory that is not Python's is given back too.",
    after=("resources.memory-does-not-grow",),
)
def resident_memory_does_not_grow(subject: Subject) -> str:
    policy, process = subject.policy(), psutil.Process()
    state = policy.initial_state(ROWS, 0)
    batches = [draw_batch(subject.spec, ROWS, seed=s, starts=0.1) for s in range(4)]
    stretches, calls = 4, 60
    sizes = []
    for _ in range(stretches + 1):  # the first stretch warms up: pools, compiled kernels, lazy imports
        for i in range(calls):
            state = policy.decide(batches[i % 4], state, explore=True).state
        gc.collect()
        _return_free_memory()
        held = process.memory_info()
        # Without pages of files, which the system drops and reads again as it likes; only Linux tells them apart.
        sizes.append(held.rss - getattr(held, "shared", 0))
    # A leak grows in every stretch, a pool that fills does not; the system may take back pages in one of them.
    kept = float(np.sort(np.diff(sizes))[1]) / calls
    expect(kept < RESIDENT_PER_CALL, f"every decision keeps {kept:.0f} bytes outside Python, and never gives them back")
    return f"{max(kept, 0.0):.0f} bytes of growth a decision"


def _return_free_memory() -> None:
    """Let the C library of Linux return what was freed: a leak that is served from there would not be seen."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # musl has no such function
            ctypes.CDLL(None).malloc_trim(0)
