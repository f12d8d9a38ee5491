"""How much memory there is, and was taken: what is larger is refused before the work, not killed in its middle."""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["machine_bytes", "peak_bytes"]

_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def machine_bytes() -> int | None:
    """Memory that this process may take: of the machine, or of the container that it runs in; None: not known."""
    found = []
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    for file in _LIMITS:
        try:
            found.append(int(file.read_text(encoding="ascii")))
        except (OSError, ValueError):  # not there, or "max"
            continue
    return min((size for size in found if size > 0), default=None)


def peak_bytes() -> int | None:
    """The most memory that this process has held at a time; None where the system does not tell."""
    try:
        import resource  # not on Windows
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
