"""Running somebody else's code: only Ctrl-C gets out, and every other failure is traced to its package."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import re
import sys
import traceback
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

__all__ = ["Culprit", "Fault", "Guarded", "culprit", "full_disk", "guarded", "package_folders"]


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_CODE = re.compile(r"\(os error (\d+)\)")
"""How libraries that are written in Rust, such as safetensors, say in words what the system told them."""

_LINES, _LONGEST = 3, 300  # of a message that is shown in one line


class Fault(StrEnum):
    """Whose code failed."""

    MISSING_REQUIREMENT = "missing requirement"
    BROKEN_REQUIREMENT = "broken requirement"
    PLUGIN = "plugin"


class Culprit(NamedTuple):
    """What a failure was traced to.

    Attributes:
        fault: whose fault it was.
        package: the import package at fault: the requirement's or the plugin's.
        frame: the deepest frame in that package's folder, as ``file:line, in function``; empty if there is none.
    """

    fault: Fault
    package: str
    frame: str


class Guarded(Exception):  # noqa: N818 - it carries an outcome; callers turn it into an error of townlet.errors
    """Somebody else's code failed.

    Attributes:
        cause: what it raised.
        text: that, in one line.
    """

    def __init__(self, cause: BaseException) -> None:
        self.cause = cause
        self.text = describe(cause)
        super().__init__(self.text)


def describe(error: BaseException) -> str:
    """An exception in one line, without a module path."""
    if isinstance(error, SystemExit):
        return f"it called sys.exit({error.code!r})" if error.code is not None else "it called sys.exit()"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()][:_LINES]
    text = "; ".join(lines)
    text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Run a plugin's code: what it prints goes to stderr, and the global random state stays what it was.

    Raises:
        Guarded: for everything it raises but KeyboardInterrupt, SystemExit included.
        OSError: the disk is full, for which the plugin is not to blame.
    """
    state = random.getstate()
    numpy_random = sys.modules.get("numpy.random")
    numpy_state = numpy_random.get_state() if numpy_random is not None else None
    try:
        with contextlib.redirect_stdout(sys.stderr):  # stdout belongs to the output of the command
            yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        full = full_disk(error)
        if full is not None:
            raise full from error
        raise Guarded(error) from error
    finally:
        random.setstate(state)
        if numpy_random is not None and numpy_state is not None:
            numpy_random.set_state(numpy_state)


def full_disk(error: BaseException) -> OSError | None:
    """What the system said, if a full disk is behind a failure."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.errno in _FULL:
            return OSError(seen.errno, os.strerror(seen.errno), seen.filename)
        told = _CODE.search(str(seen))
        if told is not None and int(told[1]) in _FULL:
            return OSError(int(told[1]), os.strerror(int(told[1])))
        seen = seen.__cause__ or seen.__context__
    return None


def culprit(error: BaseException, plugin: str, requirements: Mapping[str, str]) -> Culprit:
    """Trace a failure to a package.

    Args:
        error: what was raised.
        plugin: the plugin's first import package.
        requirements: import package to distribution, of what the plugin requires.
    """
    if isinstance(error, ModuleNotFoundError) and error.name:
        first = error.name.partition(".")[0]
        if first in requirements:
            fault = Fault.MISSING_REQUIREMENT if error.name == first else Fault.BROKEN_REQUIREMENT
            return Culprit(fault, first, _deepest(error, [first]) or _deepest(error, [plugin]))
    packages = [plugin, *requirements]
    package = _deepest_package(error, packages)
    if package is not None and package != plugin:
        return Culprit(Fault.BROKEN_REQUIREMENT, package, _deepest(error, [package]))
    return Culprit(Fault.PLUGIN, plugin, _deepest(error, [plugin]))


def package_folders(package: str) -> list[Path]:
    """Where an import package lies, as far as that can be told without importing it."""
    module = sys.modules.get(package)
    locations: list[str] = []
    if module is not None:
        locations = list(getattr(module, "__path__", None) or [])
        file = getattr(module, "__file__", None)
        if not locations and file:
            return [Path(file).resolve()]
    else:
        from importlib.util import find_spec

        try:
            spec = find_spec(package)
        except Exception:  # noqa: BLE001 - finders of other distributions run here
            spec = None
        if spec is not None:
            locations = list(spec.submodule_search_locations or ([spec.origin] if spec.origin else []))
    return [Path(location).resolve() for location in locations]


def _frames(error: BaseException) -> Iterator[traceback.FrameSummary]:
    """All frames, deepest last; those of the exceptions it was raised from come after its own."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        trace: TracebackType | None = current.__traceback__
        yield from traceback.extract_tb(trace)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)


def _deepest_package(error: BaseException, packages: list[str]) -> str | None:
    folders = {package: package_folders(package) for package in packages}
    found = None
    for frame in _frames(error):
        path = Path(frame.filename).resolve()
        for package, places in folders.items():
            if any(path.is_relative_to(place) for place in places):
                found = package
    return found


def _deepest(error: BaseException, packages: list[str]) -> str:
    places = [place for package in packages for place in package_folders(package)]
    found = ""
    for frame in _frames(error):
        path = Path(frame.filename).resolve()
        for place in places:
            if path.is_relative_to(place):
                shown = Path(place.name, path.relative_to(place)) if path != place else Path(path.name)
                found = f"{shown.as_posix()}:{frame.lineno}, in {frame.name}"
    return found
