"""Requests to an OpenAI-compatible service: retries, limits, and errors that say what to do."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from typing import Any

import httpx

from townlet.errors import BackendRunError
from townlet_backend_llm.cassette import Reply
from townlet_backend_llm.options import LLMOptions

__all__ = ["Service"]

_MOST_BYTES = 1 << 20
"""Limit for a reply; anything longer cannot be a plan."""
_LONGEST_PAUSE = 30.0
_MOST_TOKENS = 10_000_000
_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_FATAL = {
    401: "it wants a key",
    403: "it refuses this key",
    404: "it knows no such address or model",
}


class Service:
    """Asks for completions. Thread-safe.

    Args:
        options: of the backend.
        pause: seconds before the first retry; doubled for each further one.
    """

    def __init__(self, options: LLMOptions, *, pause: float = 0.5) -> None:
        self._options, self._pause = options, pause
        self._ending = threading.Event()
        self._reached = False
        key = os.environ.get(options.key_env, "").strip()
        self._key = key
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.Client(timeout=options.timeout_seconds, headers=headers, follow_redirects=False)

    def complete(self, body: Mapping[str, Any]) -> Reply:
        """The reply to a request, after retries where they may help.

        Raises:
            BackendRunError: if no further request could succeed: a key that is refused, an address that is not there.
        """
        failure, calls = "", 0
        for attempt in range(self._options.retries + 1):
            calls += 1
            pause = self._pause * 2**attempt
            try:
                status, data, after = self._post(body)
            except httpx.HTTPError as error:
                failure = self._without_key(f"{type(error).__name__}: {error}".rstrip(": "))
                self._refuse_unreachable(error, failure)
                if isinstance(error, httpx.TimeoutException):
                    failure = f"no reply within {self._options.timeout_seconds:g} seconds"
            else:
                self._reached = True
                if status == 200:
                    return self._read(data, calls)
                said = self._without_key(_said(data))
                self._refuse_for_good(status, said)
                failure = f"HTTP {status}: {said}" if said else f"HTTP {status}"
                if status not in _AGAIN:
                    break
                pause = max(pause, after)
            if attempt < self._options.retries and self._ending.wait(min(pause, _LONGEST_PAUSE)):
                break
        return Reply(failure=failure, calls=calls)

    def close(self) -> None:
        """End pauses and connections."""
        self._ending.set()
        self._http.close()

    def _post(self, body: Mapping[str, Any]) -> tuple[int, bytes, float]:
        """Status, at most so many bytes of the reply, and seconds that the service asks to wait."""
        address = f"{self._options.endpoint}/chat/completions"
        with self._http.stream("POST", address, json=dict(body)) as response:
            data = bytearray()
            for piece in response.iter_bytes():
                data += piece
                if len(data) > _MOST_BYTES:
                    break
            return response.status_code, bytes(data), _seconds(response.headers.get("retry-after"))

    def _read(self, data: bytes, calls: int) -> Reply:
        if len(data) > _MOST_BYTES:
            return Reply(failure=f"the reply is longer than {_MOST_BYTES} bytes", calls=calls)
        try:
            document = json.loads(data)
            message = document["choices"][0]["message"]
            text, refusal = message.get("content"), message.get("refusal")
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
            return Reply(failure="the reply is not a completion", calls=calls)
        usage = document.get("usage")
        usage = usage if isinstance(usage, dict) else {}
        tokens = {"tokens_in": _count(usage.get("prompt_tokens")), "tokens_out": _count(usage.get("completion_tokens"))}
        if refusal or not isinstance(text, str) or not text.strip():
            why = f"the model refused: {refusal}"[:500] if refusal else "the model wrote nothing"
            return Reply(failure=self._without_key(why), calls=calls, **tokens)
        return Reply(text=self._without_key(text), calls=calls, **tokens)

    def _refuse_unreachable(self, error: httpx.HTTPError, failure: str) -> None:
        """A service that was never reached is not there; one that was may come back."""
        lost = isinstance(error, httpx.ConnectError | httpx.UnsupportedProtocol | httpx.InvalidURL)
        if lost and not self._reached:
            secure = "certificate" in failure.lower() or "ssl" in failure.lower()
            raise BackendRunError(
                f"the language model's endpoint {'is not trusted' if secure else 'cannot be reached'}: {failure}",
                where=self._options.endpoint,
                details=(
                    "its TLS certificate is refused: set SSL_CERT_FILE to the authority that signed it"
                    if secure
                    else "start the service, or set policy.options.endpoint",
                ),
            ) from error

    def _refuse_for_good(self, status: int, said: str) -> None:
        options = self._options
        where, details = options.endpoint, (f"it says: {said}",) if said else ()
        if status in _FATAL:
            advice = (
                f"set the environment variable {options.key_env}"
                if status in (401, 403)
                else "check endpoint and model"
            )
            raise BackendRunError(
                f"the language model's endpoint answers HTTP {status}: {_FATAL[status]}",
                where=where,
                details=(*details, advice, f"model: {options.model}"),
            )
        if (
            status in (400, 422)
            and options.answers != "text"
            and any(word in said.lower() for word in ("response_format", "json_schema", "json_object", "schema"))
        ):
            raise BackendRunError(
                "the language model's endpoint knows no answers of this form",
                where=where,
                details=(*details, "set policy.options.answers to 'json' or 'text'"),
            )

    def _without_key(self, text: str) -> str:
        """A service that says the key back must not have it written anywhere."""
        return text.replace(self._key, "[key]") if self._key else text


def _said(data: bytes) -> str:
    try:
        error = json.loads(data)["error"]
        text = error["message"] if isinstance(error, dict) else error
    except (ValueError, KeyError, TypeError, RecursionError):
        text = data[:200].decode("utf-8", "replace")
    return " ".join(str(text).split())[:300]


def _seconds(header: str | None) -> float:
    try:
        return max(0.0, float(header or 0.0))
    except ValueError:
        return 0.0


def _count(value: Any) -> int:
    """What a service says of itself, as far as it can be true."""
    return value if type(value) is int and 0 <= value <= _MOST_TOKENS else 0
