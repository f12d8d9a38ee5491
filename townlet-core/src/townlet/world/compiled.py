"""``@compiled``: how Townlet compiles a rule, and when a compiled rule may be taken from the disk.

Numba's own cache looks at the file of the function that is called, not at the functions that it calls: after an
edit (or an upgrade) of a callee it would go on running the old machine code, silently. Here the stamp of every
cached function is one digest of *all* sources that are compiled, so a change anywhere recompiles.

Compiled functions release the GIL, do not check bounds, divide as NumPy does, and never use fast-math: results
are the same on every run and equal those of the plain functions, which run under ``NUMBA_DISABLE_JIT=1``. For
that, rules turn what they read from arrays into ``int(...)`` or ``float(...)`` before they calculate.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core.caching import FunctionCache, IndexDataCacheFile

__all__ = ["compile_pending", "compiled", "jit_enabled", "source_digest"]

F = TypeVar("F", bound=Callable[..., Any])

COMPILED_PACKAGES = ("townlet.world", "townlet.observations", "townlet.rewards", "townlet.telemetry", "townlet.envs")
COMPILED_MODULES = ("townlet.rng",)


def jit_enabled() -> bool:
    """Whether rules are compiled at all (false under ``NUMBA_DISABLE_JIT=1``)."""
    return not numba.config.DISABLE_JIT


@lru_cache(maxsize=1)
def source_digest() -> str:
    """SHA-256 (hex) of the names and contents of every source file that may be compiled."""
    digest = hashlib.sha256()
    for file in _source_files():
        digest.update(file.name.encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _source_files() -> list[Path]:
    files: list[Path] = []
    for name in COMPILED_PACKAGES:
        spec = importlib.util.find_spec(name)
        for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
            files += sorted(Path(folder).rglob("*.py"))
    for name in COMPILED_MODULES:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            files.append(Path(spec.origin))
    return files


class _StampedFile(IndexDataCacheFile):  # type: ignore[misc]
    """An index whose stamp is the digest of all compiled sources, read when first needed."""

    @property
    def _source_stamp(self) -> str:
        return source_digest()

    @_source_stamp.setter
    def _source_stamp(self, stamp: object) -> None:
        """Numba's own stamp (time and size of one file) is not used."""

    def pending(self) -> bool:
        """Whether nothing that is still valid lies on the disk."""
        return not self._load_index()


class _StampedCache(FunctionCache):  # type: ignore[misc]
    """Numba's function cache over a :class:`_StampedFile`."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._cache_file = _StampedFile(self._cache_path, self._impl.filename_base, None)

    def pending(self) -> bool:
        """Whether the function would have to be compiled by a fresh process."""
        return bool(self._cache_file.pending())


def compiled(function: F) -> F:
    """Compile ``function`` on its first call, or take the machine code from the disk where no source changed."""
    if not jit_enabled():
        return function
    dispatcher = numba.njit(nogil=True, error_model="numpy", boundscheck=False)(function)
    try:
        dispatcher._cache = _StampedCache(function)
    except RuntimeError:  # no folder that can be written: compile in every process
        return dispatcher  # type: ignore[no-any-return]
    return dispatcher  # type: ignore[no-any-return]


def compile_pending(*functions: Callable[..., Any]) -> bool:
    """Whether a first call of any of these compiled functions will compile (seconds) rather than load."""
    for function in functions:
        cache = getattr(function, "_cache", None)
        signatures = getattr(function, "signatures", None)
        if not jit_enabled() or signatures:
            continue
        if not isinstance(cache, _StampedCache) or cache.pending():
            return True
    return False
