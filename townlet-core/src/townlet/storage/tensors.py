"""Safetensors files, written in one pass and read by memory map after their header was checked by hand.

The format (https://huggingface.co/docs/safetensors): eight bytes little-endian length of the header, the header
as JSON (name to ``dtype``, ``shape``, ``data_offsets``; ``__metadata__`` text to text), then the arrays without
gaps. The header is padded with spaces so that the arrays start at a multiple of eight bytes.
"""

from __future__ import annotations

import json
import math
import mmap
import os
import struct
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from townlet.errors import TownletError
from townlet.storage.opening import open_regular
from townlet.storage.stream import DigestedStream

__all__ = ["TensorInfo", "TensorMap", "map_tensors", "read_tensor_header", "write_tensors"]

HEADER_LIMIT_BYTES = 1 << 20

_CODES = {
    "bool": "BOOL",
    "uint8": "U8",
    "int8": "I8",
    "uint16": "U16",
    "int16": "I16",
    "uint32": "U32",
    "int32": "I32",
    "uint64": "U64",
    "int64": "I64",
    "float16": "F16",
    "float32": "F32",
    "float64": "F64",
}
_DTYPES = {code: np.dtype(name).newbyteorder("<") for name, code in _CODES.items()}


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """One array of a file: its dtype, shape, and first byte counted from the start of the file."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class TensorMap:
    """The arrays of a file.

    Attributes:
        arrays: name to a read-only view of the memory map; the map is freed with the last view.
        metadata: the header's text.
        file_bytes: size of the file.
    """

    arrays: Mapping[str, NDArray[Any]]
    metadata: Mapping[str, str]
    file_bytes: int


def write_tensors(
    path: Path, arrays: Mapping[str, Sequence[NDArray[Any]]], metadata: Mapping[str, str], hasher: Executor
) -> tuple[int, str, int]:
    """Write a new file in one pass; each array is given in pieces that are joined on their first axis.

    Args:
        path: a file that is not there yet.
        arrays: name to pieces, equal in dtype and in all axes but the first.
        metadata: text for the header.
        hasher: an executor with one worker, on which the digest is computed while this thread writes.

    Returns:
        Bytes written, their SHA-256 (hex), and an open descriptor which the caller synchronises and closes.

    Raises:
        OSError: the disk is full, say; the file is removed.
    """
    # The widest first, so that every array is aligned to its own width without padding between them.
    order = sorted(arrays, key=lambda name: -arrays[name][0].dtype.itemsize)
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    position = 0
    for name in order:
        first = arrays[name][0]
        shape = [sum(len(piece) for piece in arrays[name]), *first.shape[1:]]
        size = math.prod(shape) * first.dtype.itemsize
        header[name] = {
            "dtype": _CODES[first.dtype.name],
            "shape": shape,
            "data_offsets": [position, position + size],
        }
        position += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(len(text) + 8) % 8)
    head = struct.pack("<Q", len(text)) + text
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o644)
    try:
        with DigestedStream(handle, len(head) + position, hasher) as stream:
            stream.write(memoryview(head))
            for name in order:
                for piece in arrays[name]:
                    stream.write(np.ascontiguousarray(piece).reshape(-1).view(np.uint8).data)
            digest = stream.finish()
    except BaseException:
        os.close(handle)
        path.unlink(missing_ok=True)
        raise
    return len(head) + position, digest, handle


def read_tensor_header(path: Path, *, error: type[TownletError]) -> tuple[dict[str, TensorInfo], dict[str, str], int]:
    """Read and check a header without trusting any number in it.

    Returns:
        The arrays in the order of the file, the metadata, and the size of the file.

    Raises:
        TownletError: of the kind ``error``: not such a file, a header that is too large or lies about the size.
    """
    try:
        size = path.stat().st_size
        with open_regular(path) as file:
            head = file.read(8)
            length = struct.unpack("<Q", head)[0] if len(head) == 8 else 0
            if length > HEADER_LIMIT_BYTES:
                raise error(
                    f"{path.name} has a header of {length} bytes; at most {HEADER_LIMIT_BYTES} are read",
                    where=str(path),
                )
            if length < 2 or size < 8 + length:
                raise error(f"{path.name} is not a whole safetensors file: {size} bytes", where=str(path))
            header = json.loads(file.read(length))
    except OSError as problem:
        raise error(f"{path.name} cannot be read: {problem.strerror}", where=str(path)) from problem
    except (ValueError, RecursionError) as problem:
        raise error(f"{path.name} has a damaged header: {problem}", where=str(path)) from problem
    try:
        infos, metadata = _parse_header(header, 8 + length, size)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as problem:
        raise error(f"{path.name} has a damaged header: {problem}", where=str(path)) from problem
    return infos, metadata, size


def _parse_header(header: Any, base: int, size: int) -> tuple[dict[str, TensorInfo], dict[str, str]]:
    metadata = header.pop("__metadata__", {})
    if not all(isinstance(k, str) and isinstance(v, str) for k, v in metadata.items()):
        raise ValueError("__metadata__ must be text to text")
    infos: dict[str, TensorInfo] = {}
    position = 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"][0]):
        dtype, shape = _DTYPES[entry["dtype"]], tuple(entry["shape"])
        if not all(type(n) is int and n >= 0 for n in (*shape, *entry["data_offsets"])):
            raise ValueError(f"{name!r} has a shape or offset that is not a whole number >= 0")
        start, stop = entry["data_offsets"]
        if start != position or stop - start != math.prod(shape) * dtype.itemsize:
            raise ValueError(f"{name!r} has offsets that do not fit its shape or leave a gap")
        infos[name] = TensorInfo(dtype, shape, base + start)
        position = stop
    if base + position != size:
        raise ValueError(f"the arrays end at byte {base + position}, the file has {size}")
    return infos, metadata


def map_tensors(path: Path, *, error: type[TownletError]) -> TensorMap:
    """Open a file by memory map; the arrays are read-only views. Raises as :func:`read_tensor_header`."""
    infos, metadata, size = read_tensor_header(path, error=error)
    try:
        with open_regular(path) as file:
            memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as problem:
        raise error(f"{path.name} cannot be mapped: {problem}", where=str(path)) from problem
    if len(memory) != size:
        raise error(f"{path.name} changed its size while it was opened", where=str(path))
    arrays = {
        name: np.ndarray(info.shape, info.dtype, memory, info.offset if math.prod(info.shape) else 0)
        for name, info in infos.items()
    }
    return TensorMap(arrays, metadata, size)
