"""``@compiled``: how Townlet compiles a rule, and when a compiled rule may be taken from the disk.

Numba's own cache looks at the file of the function that is called, not at the functions that it calls: after an
edit (or an upgrade) of a callee it would go on running the old machine code, silently. Here the stamp of every
cached function is a digest of *all* sources that may be compiled into it, so a change anywhere in them recompiles.

Compiled functions release the GIL, do not check bounds, divide as NumPy does, and never use fast-math: results
are the same on every run and equal those of the plain functions, which run under ``NUMBA_DISABLE_JIT=1``. For
that, rules turn what they read from arrays into ``int(...)`` or ``float(...)`` before they calculate.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable
from functools import cache
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, TypeVar

import numba
from numba.core.caching import FunctionCache, IndexDataCacheFile

__all__ = ["compile_pending", "compiled", "jit_enabled", "kept_in", "kept_on_disk", "source_digest"]

F = TypeVar("F", bound=Callable[..., Any])

WORLD = ("townlet.rng", "townlet.world")
ABOVE = ("townlet.observations", "townlet.rewards", "townlet.telemetry", "townlet.envs")


def jit_enabled() -> bool:
    """Whether rules are compiled at all (false under ``NUMBA_DISABLE_JIT=1``)."""
    return not numba.config.DISABLE_JIT


def packages_of(module: str) -> tuple[str, ...]:
    """The packages whose sources may end up in a compiled function of ``module``.

    The world calls nothing above it, and its siblings above ignore each other (import-linter checks both); anything
    else may call all of them.
    """
    if module.startswith("townlet.world"):
        return WORLD
    for package in ABOVE[:-1]:
        if module.startswith(package):
            return (*WORLD, package)
    return (*WORLD, *ABOVE)


@cache
def source_digest(packages: tuple[str, ...]) -> str:
    """SHA-256 (hex) of the names and contents of every source file of some packages or modules."""
    digest = hashlib.sha256()
    for name in packages:
        for file in _source_files(name):
            digest.update(file.name.encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _source_files(name: str) -> list[Path]:
    spec = importlib.util.find_spec(name)
    if spec is None:
        return []
    if spec.submodule_search_locations:
        return [file for folder in spec.submodule_search_locations for file in sorted(Path(folder).rglob("*.py"))]
    return [Path(spec.origin)] if spec.origin is not None else []


class _StampedFile(IndexDataCacheFile):  # type: ignore[misc]
    """An index whose stamp is the digest of all sources that may be compiled into it, read when first needed."""

    def __init__(self, cache_path: str, filename_base: str, function: Callable[..., Any]) -> None:
        super().__init__(cache_path, filename_base, None)
        self._packages = packages_of(function.__module__)
        self._origin = Path(function.__code__.co_filename)

    @property
    def _source_stamp(self) -> str:
        own = hashlib.sha256(self._origin.read_bytes()).hexdigest() if self._packages[-1] == ABOVE[-1] else ""
        return source_digest(self._packages) + own

    @_source_stamp.setter
    def _source_stamp(self, stamp: object) -> None:
        """Numba's own stamp (time and size of one file) is not used."""

    def _load_index(self) -> dict[Any, str]:
        """Numba's, but an index that cannot be read is out of date, whatever its stamp would have said.

        It names types by their classes; one that an upgrade renamed or moved is not there any more.
        """
        try:
            index: dict[Any, str] = super()._load_index()
        except (AttributeError, ImportError, EOFError, UnpicklingError):
            return {}
        return index

    def pending(self) -> bool:
        """Whether nothing that is still valid lies on the disk."""
        return not self._load_index()


class _StampedCache(FunctionCache):  # type: ignore[misc]
    """Numba's function cache over a :class:`_StampedFile`."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        # Numba's version in the name: two environments may share the sources, and one would run the other's code.
        base = f"{self._impl.filename_base}-{numba.__version__}"
        self._cache_file = _StampedFile(self._cache_path, base, function)

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


def kept_in(function: Callable[..., Any]) -> Path | None:
    """The folder that holds the machine code of a compiled function; None where it is not kept."""
    cache = getattr(function, "_cache", None)
    return Path(cache.cache_path) if isinstance(cache, _StampedCache) else None


def kept_on_disk(*functions: Callable[..., Any]) -> bool:
    """Whether what is compiled of all these functions is kept, so that the next process finds it."""
    return all(kept_in(function) is not None for function in functions)
