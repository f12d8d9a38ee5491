"""Which distributions are present, and in which version: by metadata, never by importing."""

from __future__ import annotations

import re
from typing import NamedTuple

from townlet.plugins.metadata import installed_version

__all__ = ["Requirement", "check_requirement", "torch_available"]

# `name>=1.2,<3` with plain numbers is what nearly every manifest says. Comparing those by hand saves the import
# of `packaging`, a third of the whole listing of backends; anything else goes to `packaging`.
_SIMPLE = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*((?:(?:>=|<)\s*[0-9]{1,9}(?:\.[0-9]{1,9})*\s*(?:,\s*|\Z))*)\Z")
_SIMPLE_CLAUSE = re.compile(r"(>=|<)\s*([0-9]+(?:\.[0-9]+)*)")
_SIMPLE_VERSION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})*)(?:\+[A-Za-z0-9.]+)?\Z")


class Requirement(NamedTuple):
    """A requirement and what was found of it.

    Attributes:
        text: as written, such as ``"torch>=2.4"``.
        name: the distribution's name, as written.
        found: installed version, or None if it is not installed.
        fits: whether it is installed in a version that fits (or is not asked for on this platform).
        problem: why the requirement itself cannot be read, or None.
    """

    text: str
    name: str
    found: str | None
    fits: bool
    problem: str | None = None


def check_requirement(text: str) -> Requirement:
    """Compare a requirement with the metadata of what is installed."""
    match = _SIMPLE.match(text)
    if match:
        found = installed_version(match[1])
        fits = None if found is None else _fits_simply(found, match[2])
        if found is None or fits is not None:
            return Requirement(text, match[1], found, bool(fits))
    return _check_with_packaging(text)


def torch_available() -> bool:
    """Whether a distribution ``torch`` is installed, by metadata alone; whether it works is for the doctor."""
    return installed_version("torch") is not None


def _fits_simply(found: str, clauses: str) -> bool | None:
    """Whether the version fits; None where only `packaging` can tell (pre-releases, epochs and the like)."""
    plain = _SIMPLE_VERSION.match(found)
    if plain is None:
        return None
    version = _numbers(plain[1])
    for operator, bound in _SIMPLE_CLAUSE.findall(clauses):
        at_least = version >= _numbers(bound)
        if at_least != (operator == ">="):
            return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    numbers = [int(part) for part in version.split(".")]
    while numbers and numbers[-1] == 0:  # 2.4 and 2.4.0 are the same version
        numbers.pop()
    return tuple(numbers)


def _check_with_packaging(text: str) -> Requirement:
    from packaging.requirements import Requirement as Parsed
    from packaging.version import Version

    try:
        parsed = Parsed(text)
        asked_for = parsed.marker is None or parsed.marker.evaluate({"extra": ""})
    except (ValueError, RecursionError) as error:  # what packaging raises is a ValueError
        reason = (str(error).splitlines() or ["it cannot be read"])[0]
        return Requirement(text, text, None, False, f"{text!r} is not a requirement: {reason}")
    found = installed_version(parsed.name)
    if not asked_for:
        return Requirement(text, parsed.name, found, True)
    try:
        fits = found is not None and parsed.specifier.contains(Version(found), prereleases=True)
    except ValueError:
        return Requirement(text, parsed.name, found, False, f"{parsed.name} has an invalid version: {found!r}")
    return Requirement(text, parsed.name, found, fits)
