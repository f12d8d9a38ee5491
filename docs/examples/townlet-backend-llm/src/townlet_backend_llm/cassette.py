"""Every answer, by the hash of what was asked."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from townlet.errors import BackendRunError

__all__ = ["Cassette", "Reply", "digest_of"]

_MOST_BYTES = 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a service answered to one request, or why it did not.

    Attributes:
        text: what the model wrote.
        failure: why there is nothing to read; empty with a text.
        calls: requests made, retries included.
        tokens_in: as the service counts.
        tokens_out: as the service counts.
    """

    text: str = ""
    failure: str = ""
    calls: int = 1
    tokens_in: int = 0
    tokens_out: int = 0


def digest_of(body: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of a request: model, messages, form of the answer, draws. Neither address nor key are in it."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


class Cassette:
    """A folder of replies, one file each.

    Args:
        folder: made when the first reply is kept.
        mode: ``record``, ``replay`` or ``replay-or-fail``.
    """

    def __init__(self, folder: Path, mode: str) -> None:
        self._folder, self._mode = folder, mode

    def find(self, body: Mapping[str, Any]) -> Reply | None:
        """The reply that is kept, or None where the service is to be asked.

        Raises:
            BackendRunError: if it must be there and is not, or cannot be read.
        """
        if self._mode == "record":
            return None
        path = self._path(body)
        try:
            data = path.read_bytes()
        except OSError:
            if self._mode == "replay":
                return None
            raise BackendRunError(
                f"the cassette holds no answer to this question ({path.stem[:12]})",
                where=str(self._folder),
                details=(
                    "it was recorded with another model, prompt, town or seed",
                    "record it again with cassette_mode 'replay' or 'record'",
                ),
            ) from None
        try:
            if len(data) > _MOST_BYTES:
                raise ValueError(f"it is larger than {_MOST_BYTES} bytes")
            kept = json.loads(data)["reply"]
            return Reply(
                text=str(kept["text"]),
                failure=str(kept["failure"]),
                calls=int(kept["calls"]),
                tokens_in=int(kept["tokens_in"]),
                tokens_out=int(kept["tokens_out"]),
            )
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise BackendRunError(f"an answer of the cassette cannot be read: {error}", where=str(path)) from None

    def keep(self, body: Mapping[str, Any], reply: Reply) -> None:
        """Keep a reply, whole or not at all. Raises BackendRunError if it cannot be written."""
        path = self._path(body)
        partial = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.partial")
        document = {"format": "townlet-llm-cassette", "asked": dict(body), "reply": asdict(reply)}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_text(json.dumps(document, indent=1, sort_keys=True), encoding="utf-8")
            partial.replace(path)
        except OSError as problem:
            raise BackendRunError(f"the cassette cannot be written: {problem.strerror}", where=str(path)) from problem

    def _path(self, body: Mapping[str, Any]) -> Path:
        digest = digest_of(body)
        return self._folder / digest[:2] / f"{digest}.json"
