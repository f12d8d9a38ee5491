"""Columns of whole numbers over time, packed small: differences in time, byte planes, DEFLATE.

A packed part is one zlib stream of ``<length of header, uint32 little-endian><header, JSON><columns>``. The header
has ``columns``: a list of ``[name, dtype, n, T]``; beside it stands whatever the part is about. A column ``[T, n]``
is stored series by series (``n`` series of ``T`` numbers), each number as its difference from the one before,
modulo the size of its dtype, the low bytes of all numbers first, then the next. ``page/columns.js`` reads it.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["pack", "quantised", "unpack"]

_DTYPES: Final = ("uint8", "int8", "uint16", "int16", "int32", "float32")
_LEVEL = 9


def pack(columns: Mapping[str, NDArray[Any]], about: Mapping[str, object] | None = None) -> bytes:
    """Columns, each of a dtype that the page knows and of shape ``[T, n]``, with a JSON-ready ``about``.

    Raises:
        TypeError: for another dtype.
        ValueError: for another number of axes.
    """
    described, bodies = [], []
    for name, values in columns.items():
        if values.dtype.name not in _DTYPES:
            raise TypeError(f"a column of {values.dtype} cannot be packed: {name}; choose from {', '.join(_DTYPES)}")
        if values.ndim != 2:
            raise ValueError(f"a column has the axes [T, n], found {list(values.shape)}: {name}")
        described.append([name, values.dtype.name, values.shape[1], values.shape[0]])
        bodies.append(_planes(values))
    text = json.dumps({**(about or {}), "columns": described}, separators=(",", ":"), allow_nan=False).encode()
    return zlib.compress(b"".join([len(text).to_bytes(4, "little"), text, *bodies]), _LEVEL)


def unpack(data: bytes) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """What :func:`pack` packed: the columns by name, and what they are about."""
    raw = zlib.decompress(data)
    start = 4 + int.from_bytes(raw[:4], "little")
    about = json.loads(raw[4:start])
    columns = {}
    for name, kind, n, ticks in about.pop("columns"):
        dtype = np.dtype(kind)
        size = dtype.itemsize * n * ticks
        planes = np.frombuffer(raw, np.uint8, size, start).reshape(dtype.itemsize, n * ticks)
        unsigned = np.ascontiguousarray(planes.T).view(f"<u{dtype.itemsize}").reshape(n, ticks)
        columns[name] = np.cumsum(unsigned, axis=1, dtype=unsigned.dtype).view(dtype).T
        start += size
    return columns, about


def quantised(values: NDArray[Any], step: float, dtype: type[np.integer[Any]]) -> NDArray[Any]:
    """Numbers in units of ``step``, rounded and kept within ``dtype``."""
    limits = np.iinfo(dtype)
    return np.clip(np.rint(np.asarray(values, np.float64) / step), limits.min, limits.max).astype(dtype)


def _planes(values: NDArray[Any]) -> bytes:
    size = values.dtype.itemsize
    series = np.ascontiguousarray(values.T).view(f"<u{size}")
    differences = series.copy()
    differences[:, 1:] -= series[:, :-1]
    return np.ascontiguousarray(differences.reshape(-1, 1).view(np.uint8).reshape(-1, size).T).tobytes()
