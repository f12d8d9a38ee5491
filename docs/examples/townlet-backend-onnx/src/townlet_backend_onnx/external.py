"""Finds weights that a model keeps in other files: ONNX calls them external data.

ONNX Runtime takes such a file from the current folder when a model is given as bytes, and no digest of the model covers
it. So models are looked through before they are run. What is read here is the wire format of protocol buffers, and of
``onnx.proto`` the fields that lead to a tensor: no package is needed for that.
"""

from collections.abc import Iterator

_FIELDS: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {8: "name", 13: "external", 14: "location"},
}
"""By message: the fields to follow, and what they hold. Numbers are those of ``onnx.proto``."""


def external_tensors(model: bytes) -> list[str]:
    """Names of the tensors whose bytes are not in ``model``, a serialised ``ModelProto``.

    Raises:
        ValueError: it is not in the wire format of protocol buffers.
    """
    found: list[str] = []
    waiting = [("model", memoryview(model))]
    while waiting:
        kind, message = waiting.pop()
        name, external = "", False
        for number, value in _fields(message):
            what = _FIELDS[kind].get(number)
            if what == "name" and not isinstance(value, int):
                name = bytes(value).decode(errors="replace")
            elif what == "external" or (what == "location" and value != 0):
                external = True
            elif what in _FIELDS and not isinstance(value, int):
                waiting.append((what, value))
        if external:
            found.append(name)
    return sorted(found)


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Number and value of each field: a whole number, or the bytes of what is longer."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        kind = tag & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield tag >> 3, value
            continue
        if kind == 2:
            length, at = _varint(message, at)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise ValueError(f"a field of wire type {kind}")
        if at + length > len(message):
            raise ValueError("it ends in the middle of a field")
        yield tag >> 3, message[at : at + length]
        at += length


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            raise ValueError("it ends in the middle of a number")
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("a number of more than ten bytes")
