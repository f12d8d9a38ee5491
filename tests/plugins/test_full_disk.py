"""A full disk is not the backend's fault: whoever ran out of room is told so, and not of a backend that failed."""

from __future__ import annotations

import errno

import pytest

from townlet.plugins.guard import Guarded, full_disk, guarded


class SafetensorError(Exception):
    """As the one of safetensors, which is not an OSError."""


def wrapped() -> None:
    try:
        raise OSError(errno.ENOSPC, "No space left on device", "model.onnx")
    except OSError as error:
        raise RuntimeError("the exporter gave up") from error


def test_as_the_system_says_it() -> None:
    with pytest.raises(OSError, match=r"model\.onnx") as caught, guarded():
        raise OSError(errno.ENOSPC, "No space left on device", "model.onnx")
    assert caught.value.errno == errno.ENOSPC


def test_behind_what_a_library_makes_of_it() -> None:
    with pytest.raises(OSError, match=r"model\.onnx"), guarded():
        wrapped()


def test_in_words_only() -> None:
    error = SafetensorError(f"I/O error: No space left on device (os error {errno.ENOSPC})")
    with pytest.raises(OSError, match="No space") as caught, guarded():
        raise error
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.__cause__ is error


@pytest.mark.parametrize(
    "error", [PermissionError(errno.EACCES, "Permission denied"), SafetensorError("x (os error 13)"), ValueError("28")]
)
def test_any_other_failure_is_the_backends(error: Exception) -> None:
    assert full_disk(error) is None
    with pytest.raises(Guarded), guarded():
        raise error
