"""The one way to read a JSON file of ours: a size that is looked at first, JSON that is plain, values of a model.

Files are written by us and read after anybody had them in hand. So every file has a model; what does not fit it is
refused with the file, the field, the rule and what was found, and never an error of Python's.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from townlet.errors import TownletError
from townlet.storage.opening import open_regular
from townlet.storage.wording import describe, rule_of

if TYPE_CHECKING:
    from pydantic import ValidationError

__all__ = ["LIMIT_BYTES", "fits", "parse_json", "read_file", "read_json", "read_json_lines", "read_model"]

T = TypeVar("T")

LIMIT_BYTES = 64 << 20
"""Size allowed of a JSON file; 1,000 times that of the largest one that Townlet writes in its tests."""

_SHOWN = 3
"""Fields that are named where several are wrong."""


def read_file(path: Path, *, error: type[TownletError], limit: int = LIMIT_BYTES) -> bytes:
    """The bytes of a file of at most ``limit`` bytes.

    Raises:
        TownletError: of the kind ``error``: it is missing, a folder, too large, or cannot be read.
    """
    try:
        with open_regular(path) as file:
            data = file.read(limit + 1)
    except FileNotFoundError:
        raise error(f"{path.name} is missing", where=str(path)) from None
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else problem
        raise error(f"{path.name} cannot be read: {reason}", where=str(path)) from problem
    if len(data) > limit:
        raise error(
            f"{path.name} is too large", where=str(path), details=(f"at most {limit:,} bytes are read of such a file",)
        )
    return data


def parse_json(data: bytes | str, *, where: str, what: str, error: type[TownletError]) -> Any:
    """A JSON value: UTF-8, numbers that are finite, nested as deep as Python goes.

    Args:
        data: the text.
        where: the place for messages.
        what: what it is for messages: ``run.json``, ``the column policy``.
        error: kind of the error.

    Raises:
        TownletError: of the kind ``error``: it is not a document.
    """

    def refuse(found: str) -> NoReturn:
        raise ValueError(f"{found} is not a number that can be stored")

    def number(text: str) -> float:
        value = float(text)
        return value if value - value == 0.0 else refuse(text[:20])

    try:
        return json.loads(data, parse_constant=refuse, parse_float=number)
    except RecursionError:
        raise error(f"{what} cannot be read: it is nested too deep", where=where) from None
    except ValueError as problem:  # JSONDecodeError, UnicodeDecodeError, thousands of digits
        raise error(f"{what} cannot be read: {_reason(problem)}", where=where) from None


def _reason(problem: ValueError) -> str:
    if isinstance(problem, UnicodeDecodeError):
        return "it is not UTF-8 text"
    if isinstance(problem, json.JSONDecodeError):
        return f"it is not JSON: {problem.msg} at line {problem.lineno}, column {problem.colno}"
    if "integer string conversion" in str(problem):
        return "it holds a number of thousands of digits"
    return str(problem)


def read_json(path: Path, *, error: type[TownletError], limit: int = LIMIT_BYTES) -> Any:
    """The value in a JSON file. Raises as :func:`read_file` and :func:`parse_json` do."""
    return parse_json(read_file(path, error=error, limit=limit), where=str(path), what=path.name, error=error)


def read_json_lines(path: Path, *, error: type[TownletError], limit: int = LIMIT_BYTES) -> list[dict[str, Any]]:
    """The objects of a file with one JSON object a line; a last line that was cut off by a kill is left out.

    Raises:
        TownletError: of the kind ``error``: as :func:`read_file`; or another line holds no object, which is named.
    """
    data = read_file(path, error=error, limit=limit)
    whole, _, _ = data.rpartition(b"\n")
    found = []
    for number, line in enumerate(whole.split(b"\n"), 1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        value = parse_json(line, where=where, what="this line", error=error)
        if not isinstance(value, dict):
            raise error(f"a JSON object is expected, found {describe(value)}", where=where)
        found.append(value)
    return found


def fits(kind: type[T], value: Any, *, where: str, what: str, error: type[TownletError]) -> T:
    """The value as an instance of a model or another type that pydantic knows, strictly.

    Args:
        kind: a model, a dataclass, ``dict[str, float]``, ...
        value: what :func:`parse_json` gave.
        where: the place for messages.
        what: what it is for messages, as in :func:`parse_json`.
        error: kind of the error.

    Raises:
        TownletError: of the kind ``error``, with the fields that are wrong.
    """
    from pydantic import TypeAdapter, ValidationError  # a start that reads no file of ours does without it

    try:
        return TypeAdapter(kind).validate_json(json.dumps(value), strict=True)
    except ValidationError as problem:
        raise _misfit(problem, where, what, error) from None
    except (ValueError, RecursionError) as problem:  # JSON that only Python reads, such as halves of surrogate pairs
        raise error(f"{what} holds what cannot be kept: {problem}", where=where) from None
    except TownletError as problem:  # a rule of a model's own
        raise error(f"{what} does not hold: {problem.summary}", where=where, details=problem.details) from None


def _misfit(problem: ValidationError, where: str, what: str, error: type[TownletError]) -> TownletError:
    found = [f"{_place(each['loc'])}{rule_of(each)}" for each in problem.errors(include_url=False)]
    more = [f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
    return error(f"{what} does not hold what it should", where=where, details=[*found[:_SHOWN], *more])


def _place(path: tuple[int | str, ...]) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return f"{text}: " if text else ""


def read_model(path: Path, kind: type[T], *, error: type[TownletError], limit: int = LIMIT_BYTES) -> T:
    """A JSON file as an instance of its model. Raises as :func:`read_json` and :func:`fits` do."""
    return fits(kind, read_json(path, error=error, limit=limit), where=str(path), what=path.name, error=error)
