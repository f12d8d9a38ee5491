"""Rows of the registry as records: every cell has a type, and what does not fit it is named by table, row and column.

SQLite keeps whatever it is given in any column, and other programs may have written to the file.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from sqlite3 import Row
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from townlet.errors import RegistryError
from townlet.storage import parse_json
from townlet.storage.wording import rule_of

__all__ = ["record_of"]

R = TypeVar("R")

_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}
_SHOWN = 60


def record_of(kind: type[R], row: Row, *, table: str, file: Path, written: tuple[str, ...]) -> R:
    """A row as a record; columns that it knows nothing of are left out.

    Args:
        kind: the record, a dataclass whose attributes are the columns.
        row: of the table.
        table: its name, for messages.
        file: the registry, for messages.
        written: columns that hold JSON.

    Raises:
        RegistryError: a column is missing, or a cell holds something else than it should.
    """
    where = f"{file}, {table} {_key(row)}"
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    values = {name: row[name] for name in row.keys() if name in known}  # noqa: SIM118 (iterating a Row gives values)
    for name in written:
        if not isinstance(values.get(name), str):
            raise RegistryError(f"the column {name} must hold text", where=where, details=_mend(file))
        value = parse_json(values[name], where=where, what=f"the column {name}", error=RegistryError)
        if name == "metrics" and isinstance(value, dict):  # a number that was not finite was kept as null
            value = {key: number for key, number in value.items() if number is not None}
        values[name] = value
    try:
        found: R = _adapter(kind).validate_python(values)
    except ValidationError as problem:
        wrong = problem.errors(include_url=False)[0]
        column = wrong["loc"][0] if wrong["loc"] else "row"
        raise RegistryError(f"the column {column} {rule_of(wrong)}", where=where, details=_mend(file)) from None
    return found


def _adapter(kind: type[R]) -> TypeAdapter[R]:
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def _key(row: Row) -> str:
    text = str(row[0])
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _mend(file: Path) -> tuple[str, ...]:
    return ("another program wrote to the registry, or it is damaged", f"put back a copy of {file} from before")
