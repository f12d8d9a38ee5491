"""What can be wrong with a file: bytes that are not a document, or documents with one field changed."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

Path = tuple[str | int, ...]

_MARK = "@@ hostile @@"
_DEEP = 100_000
_GONE = object()

RAW: dict[str, bytes] = {
    "empty": b"",
    "no text": b"\xff\xfe\x00\x01" * 64,
    "zeros": bytes(4096),
    "nested deep in lists": b"[" * _DEEP,
    "nested deep in mappings": b'{"a":' * _DEEP,
    "nested deep and closed": b"[" * _DEEP + b"]" * _DEEP,
    "a number": b"7",
    "nothing": b"null",
    "a list": b"[]",
    "text": b'"x"',
    "an empty mapping": b"{}",
    "not finite": b"NaN",
    "half a mapping": b'{"format": "townlet',
    "ten thousand digits": b"9" * 10_000,
}
"""Whole contents, by what is wrong with them."""

VALUES: dict[str, Any] = {
    "gone": _GONE,
    "nothing": None,
    "a list": [],
    "a mapping": {},
    "a list of nothing": [None],
    "a mapping of nothing": {"": None},
    "empty text": "",
    "text": "x",
    "a path out": "../../../outside-of-everything",
    "half a character": "\ud800",
    "a control character": "\x00\x1b[2J",
    "yes": True,
    "zero": 0,
    "minus one": -1,
    "a fraction": 0.5,
    "one too many for int64": 2**63,
    "far beyond": 10**30,
    "huge": 1.7e308,
}
"""Values in place of another, canonical ones: a document with one of them can be signed again."""

SPELLED: dict[str, str] = {
    "infinity": "1e999",
    "minus infinity": "-1e999",
    "not a number": "NaN",
    "five thousand digits": "9" * 5000,
    "nested deep": "[" * _DEEP + "]" * _DEEP,
    "nested deep, keyed": '{"a":' * 5000 + "1" + "}" * 5000,
}
"""Values that only a spelling has."""


def places(document: Any, most: int = 400, rng: random.Random | None = None) -> list[Path]:
    """Where a document has values, the root apart; a sample where there are more than ``most``."""
    found = list(_places(document, ()))
    return found if len(found) <= most else (rng or random.Random(0)).sample(found, most)


def _places(value: Any, at: Path) -> Iterator[Path]:
    if at:
        yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from _places(item, (*at, key))


def _replaced(document: Any, at: Path, value: Any) -> Any:
    changed = copy.deepcopy(document)
    holder = changed
    for part in at[:-1]:
        holder = holder[part]
    if value is _GONE:
        del holder[at[-1]]
    else:
        holder[at[-1]] = value
    return changed


def damaged(document: Any, at: Path, kind: str, encode: Callable[[Any], bytes] | None = None) -> bytes:
    """The bytes of ``document`` with the value at ``at`` replaced by one of :data:`VALUES` or :data:`SPELLED`."""
    encode = encode or (lambda value: json.dumps(value).encode())
    if kind in VALUES:
        return encode(_replaced(document, at, VALUES[kind]))
    return encode(_replaced(document, at, _MARK)).replace(json.dumps(_MARK).encode(), SPELLED[kind].encode())


def cases(
    document: Any, rng: random.Random, count: int, encode: Callable[[Any], bytes] | None = None
) -> Iterator[tuple[str, bytes]]:
    """``count`` damaged versions of a document, each with a name: every kind of field damage and every raw one."""
    yield from RAW.items()
    where = places(document, rng=rng)
    kinds = [*VALUES, *SPELLED]
    for number in range(count):
        at, kind = rng.choice(where), kinds[number % len(kinds)]
        yield f"{'.'.join(map(str, at))} is {kind}", damaged(document, at, kind, encode)
