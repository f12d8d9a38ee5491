"""What must be alike in this process and on a worker, so that both give the same bytes."""

from __future__ import annotations

import hashlib
import os
import platform
import socket
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import townlet
from townlet.errors import BackendError, ConfigError
from townlet.play import Cast
from townlet.plugins import scan
from townlet.plugins.choosing import find
from townlet.plugins.selection import Selection
from townlet.version import API_VERSION

__all__ = ["Facts", "backends_of", "facts_here", "worker_differences"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What decides on the bytes that come of a job.

    Attributes:
        townlet: version of core.
        sources: SHA-256 (hex) of core's code.
        contract: version of the contract.
        python: version, without the last number.
        numpy, numba: versions.
        machine: the architecture.
        features: what the CPU can, as far as libraries choose their arithmetic by it.
        arithmetic: SHA-256 (hex) of some sums, products and functions as NumPy computes them there.
        compiled: whether the rules of the town are compiled.
        accelerator: whether a GPU can be seen.
        backends: ``distribution:name`` to version, manifest and what it requires, of all that are installed.
        node: name of the machine; not compared.
        pid: of the process; not compared.
    """

    townlet: str
    sources: str
    contract: int
    python: str
    numpy: str
    numba: str
    machine: str
    features: tuple[str, ...]
    arithmetic: str
    compiled: bool
    accelerator: bool
    backends: Mapping[str, str] = field(default_factory=dict)
    node: str = ""
    pid: int = 0


_WORDS = {
    "townlet": "Townlet",
    "sources": "the code of Townlet, which has the same version but",
    "contract": "the contract of backends",
    "python": "Python",
    "numpy": "NumPy",
    "numba": "numba",
    "machine": "the machine",
    "features": "the CPU",
    "arithmetic": "NumPy's arithmetic",
    "compiled": "whether the rules of the town are compiled",
}


def facts_here() -> Facts:
    """Those of this process."""
    from townlet.world.compiled import jit_enabled  # brings numba

    return Facts(
        townlet=townlet.__version__,
        sources=_sources(),
        contract=API_VERSION,
        python=".".join(map(str, sys.version_info[:2])),
        numpy=np.__version__,
        numba=_numba_version(),
        machine=f"{platform.machine()} {sys.byteorder}-endian {platform.system()}",
        features=_features(),
        arithmetic=_arithmetic(),
        compiled=jit_enabled(),
        accelerator=_accelerator(),
        backends=_backends(),
        node=socket.gethostname(),
        pid=os.getpid(),
    )


def backends_of(casts: Iterable[Cast]) -> frozenset[str]:
    """The backends that some casts need, as ``distribution:name``; those that are not installed are left out."""
    found = set()
    for cast in casts:
        for mind in (single for role in cast.minds for single in role.singles()):
            try:
                found.add(find(mind.backend, scan(), Selection()).qualified)
            except (BackendError, ConfigError):  # whoever opens the mind says it better
                continue
    return frozenset(found)


def worker_differences(mine: Facts, theirs: Facts, backends: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """What differs on a worker and could change results, in words; empty if nothing does.

    Args:
        mine: of this process.
        theirs: of the worker.
        backends: those that the work needs.
    """
    found = []
    for name, what in _WORDS.items():
        here, there = getattr(mine, name), getattr(theirs, name)
        if here != there and not (name == "sources" and mine.townlet != theirs.townlet):
            found.append(_told(name, what, here, there))
    for name in sorted(backends):
        here, there = mine.backends.get(name), theirs.backends.get(name)
        if here != there:
            found.append(f"backend {name} is {here or 'not installed'} here and {there or 'not installed'} there")
    heavy = any("requires" in (mine.backends.get(name) or "") for name in backends)
    if heavy and mine.accelerator != theirs.accelerator:
        seen = ("sees a GPU", "sees none")
        found.append(f"this process {seen[not mine.accelerator]} and the worker {seen[not theirs.accelerator]}")
    return tuple(found)


def _told(name: str, what: str, here: object, there: object) -> str:
    if name in ("sources", "arithmetic"):
        return f"{what} differs: {str(here)[:12]} here and {str(there)[:12]} there"
    if name == "features" and isinstance(here, tuple) and isinstance(there, tuple):
        lacks, more = sorted(set(here) - set(there)), sorted(set(there) - set(here))
        parts = [f"lacks {', '.join(lacks[:6])}"] if lacks else []
        parts += [f"has {', '.join(more[:6])} beside"] if more else []
        return f"{what} there {' and '.join(parts)}"
    return f"{what} is {here} here and {there} there"


@cache
def _sources() -> str:
    digest = hashlib.sha256()
    base = Path(townlet.__file__).parent
    for file in sorted(base.rglob("*.py")):
        digest.update(f"{file.relative_to(base).as_posix()}\n".encode())
        digest.update(file.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()


def _numba_version() -> str:
    import numba

    return str(numba.__version__)


@cache
def _features() -> tuple[str, ...]:
    from llvmlite import binding

    return tuple(sorted(name for name, there in binding.get_host_cpu_features().items() if there))


@cache
def _arithmetic() -> str:
    """A digest that libraries with other kernels, or a CPU that rounds otherwise, do not give."""
    digest = hashlib.sha256()
    for kind in (np.float32, np.float64):
        line: NDArray[Any] = np.sin(np.arange(1, 4097, dtype=np.float64) * 0.7390851332).astype(kind)
        square = line.reshape(64, 64)
        for found in (square @ square.T, np.exp(line), np.log(np.abs(line) + 1), np.tanh(line), line.sum()):
            digest.update(np.ascontiguousarray(found).tobytes())
    return digest.hexdigest()


def _accelerator() -> bool:
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return False
    return any(Path("/dev").glob("nvidia[0-9]*"))


def _backends() -> dict[str, str]:
    found = {}
    for row in scan():
        needs = ", ".join(f"{each.name} {each.found or 'missing'}" for each in row.requirements)
        manifest = row.manifest.digest[:12] if row.manifest else "unread"
        found[row.qualified] = f"{row.version} (manifest {manifest}{f', requires {needs}' if needs else ''})"
    return found
